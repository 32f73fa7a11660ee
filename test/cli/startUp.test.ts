import { assert, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { rolldown } from "rolldown"
import config from "../../rolldown.config.ts"
import * as Scripts from "../../src/testing/Script.ts"
import { machine, platform, program } from "./support.ts"

const commands = [["--version"], ["--help"], ["status"], ["sessions", "list"], ["run", "Hello?"]]

const page = new URL("../../docs/start-up.md", import.meta.url)

const head = `# Start-up

<!-- Made from the program by \`npx vitest run -u test/cli/startUp.test.ts\`. -->

What a command loads of the program, which is most of what its start costs. The suite counts it, and fails where one of
these has grown by more than 3 %; \`npm run bench:start\` measures the time.

| command | files | modules | kB |
| --- | --: | --: | --: |
`

interface Row {
  readonly command: string
  readonly counts: ReadonlyArray<number>
}

const told = (text: string): ReadonlyArray<Row> =>
  Array.from(
    text.matchAll(/^\| `effixir (.+?)` \| (\d+) \| (\d+) \| (\d+) \|$/gm),
    ([, command = "", ...counts]) => ({ command, counts: counts.map(Number) })
  )

/** How many modules each file of the program is made of. */
const modulesOf = Effect.promise(async () => {
  const bundle = await rolldown(config)
  const [options] = [config.output].flat()
  const { output } = await bundle.generate(options)
  await bundle.close()
  return new Map(
    output.flatMap((file) => file.type === "chunk" ? [[file.fileName, file.moduleIds.length] as const] : [])
  )
})

const loaded = Schema.decode(Schema.parseJson(Schema.Array(Schema.String)))

describe("The start of a command", () => {
  it.scopedLive("loads what docs/start-up.md tells, within 3 %", () =>
    Effect.gen(function*() {
      const modules = yield* modulesOf
      const { base, fs, path, run } = yield* machine(() => Scripts.answer(Scripts.say("Hello!")), { isStarted: true })
      const list = path.join(base, "loaded.json")
      const env = {
        NODE_OPTIONS: `--require ${new URL("loadedFiles.cjs", import.meta.url).pathname}`,
        LOADED_FILES: list
      }
      const rows: Array<Row> = []
      for (const args of commands) {
        const { code, stderr } = yield* run(args, { env })
        assert.strictEqual(code, 0, stderr)
        const files = yield* Effect.flatMap(fs.readFileString(list), loaded)
        const bytes = files.map((file) => readFileSync(join(dirname(program), file)).length)
        const sum = (counts: ReadonlyArray<number>) => counts.reduce((all, one) => all + one, 0)
        rows.push({
          command: args.join(" "),
          counts: [files.length, sum(files.map((file) => modules.get(file) ?? 0)), Math.round(sum(bytes) / 1000)]
        })
      }
      const before = readFileSync(page, { encoding: "utf8", flag: "a+" })
      const known = told(before)
      const isNear = ({ command, counts }: Row, at: number) =>
        known[at]?.command === command &&
        counts.every((count, which) => {
          const tells = known[at]?.counts[which] ?? 0
          return Math.abs(count - tells) <= tells * 0.03
        })
      const tells = head +
        rows.map(({ command, counts }) => `| \`effixir ${command}\` | ${counts.join(" | ")} |\n`).join("")
      assert.deepStrictEqual(told(tells), rows)
      // What has hardly changed stays as it is told: nobody has to look at it.
      const isTold = known.length === rows.length && rows.every(isNear)
      yield* Effect.promise(() => expect(isTold ? before : tells).toMatchFileSnapshot(page.pathname))
    }).pipe(Effect.provide(platform)), 60_000)
})
