import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.ts"
import { canRun, type Through, where } from "./disks.ts"
import { assertSentence, lines, machine, platform } from "./support.ts"

/** So many files may be open at a time. */
const openLimit = (files: number): Through => ["sh", "-c", `ulimit -n ${files}; exec "$@"`, "sh"]
const canLimit = canRun(openLimit(256))

const count = (text: string, part: string): number => text.split(part).length - 1

describe.runIf(canLimit)(where(canLimit, "a process that may open few files", "a shell with ulimit"), () => {
  it.scopedLive(
    "says so, whatever the limit, until there are enough for a turn with commands side by side",
    () =>
      Effect.gen(function*() {
        const commands = Array.from({ length: 8 }, (_, n) => Script.call("bash", { command: `echo ${n}` }, `c${n}`))
        const { run, simulator } = yield* machine(Script.fromTurns([
          Script.answer(...commands),
          Script.answer(Script.say("Hello!"))
        ]))
        let told = 0
        let files = 20
        for (;; files += files < 26 ? 1 : 4) {
          const args = ["run", ...files % 2 === 0 ? ["--json"] : [], "Say hello"]
          const { code, stderr, stdout } = yield* run(args, { through: openLimit(files) })
          if (code === 0) break
          // Node itself may not be able to read a program that early.
          if (!stderr.includes("effixir: ") && told === 0) continue
          told++
          assert.strictEqual(code, 1, `${files}: ${stderr}`)
          assertSentence(stderr, "files are open", "ulimit -n")
          assert.strictEqual(count(stderr, "effixir: "), 1)
          assert.notInclude(stderr, "credential")
          if (files % 2 === 0) {
            assert.deepStrictEqual(lines(stdout).map(({ type }) => type), ["turn.failed"])
            assert.deepNestedInclude(lines(stdout)[0], { "error.kind": "TooManyOpenFiles", exit_code: 1 })
          }
        }
        assert.isAtLeast(told, 5)
        assert.isAtMost(files, 128)
        const outputs = JSON.stringify((yield* simulator.requests).at(-1)?.body)
        assert.notInclude(outputs, "could not be started")
      }).pipe(Effect.provide(platform))
  )
})
