import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** The files that take longest, most of it with processes of their own: the size of a file, which Vitest goes by, says little. */
const longest = [
  "cli/asking",
  "cli/killed",
  "cluster/failover",
  "cli/run",
  "cli/faults",
  "cluster/torture",
  "cli/onlyLooks",
  "cli/chatgpt",
  "cli/fullDisk",
  "tools/builtin/Grep",
  "cli/sandbox",
  "responses/hostClients",
  "page/page",
  "cli/refresh",
  "cli/disk",
  "cli/chatgptKilled"
]

/** Begins with them, so that no worker is left alone with one in the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>) {
    const place = ({ moduleId }: TestSpecification) => {
      const at = longest.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return at === -1 ? longest.length : at
    }
    // oxlint-disable-next-line unicorn/no-array-sort -- It is a sequencer's, and gives a new array.
    const sorted = await super.sort(files)
    return sorted.toSorted((one, other) => place(one) - place(other))
  }
}

/**
 * A machine under load may take its time: what hangs is found all the same. Most tests wait for processes of their own, so
 * that every processor can have a worker; modules keep no state, so that each is loaded once in each of them.
 */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/warm.ts",
    setupFiles: "test/seed.ts",
    testTimeout: 300_000,
    hookTimeout: 120_000,
    maxWorkers: "100%",
    sequence: { sequencer: LongestFirst },
    isolate: false
  }
})
