import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, machine, platform } from "./support.ts"

const script: Script.Script = ({ input }) =>
  input.some(({ type }) => type === "function_call_output")
    ? Script.answer(Script.say("Done."))
    : Script.answer(
      Script.think("Let me count."),
      Script.call("bash", { command: `seq 1 9; printf 'x%.0s' $(seq 1 200); : ${"y".repeat(130)}` })
    )

describe("how much a person is told", () => {
  it.scopedLive("is the answer alone with --quiet, and why there is none", () =>
    Effect.gen(function*() {
      const { file, fs, run } = yield* machine(script)
      // Told of otherwise, because the project is not trusted.
      yield* fs.writeFileString(file("AGENTS.md"), "Be brief.")
      const loud = yield* run(["Count"])
      assert.include(loud.stderr, "AGENTS.md left out")
      const { code, stderr, stdout } = yield* run(["-q", "Count"])
      assert.deepStrictEqual([code, stdout, stderr], [0, "Done.\n", ""])
      const failed = yield* run(["-q", "--max-steps", "1", "Count"])
      assert.deepStrictEqual([failed.code, failed.stdout], [8, ""])
      assertSentence(failed.stderr, "effixir: ", "--max-steps", "effixir resume ")
      const refused = yield* run(["-q", "--nope", "Count"])
      assertSentence(refused.stderr, "effixir: The option --nope is not known here")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("is whole calls and outputs, thoughts and tokens with --verbose", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(script)
      const usual = yield* run(["Count"])
      assert.include(usual.stderr, "more lines")
      assert.notInclude(usual.stderr, "Let me count.")
      const { code, stderr, stdout } = yield* run(["-v", "Count"])
      assert.deepStrictEqual([code, stdout], [0, "Done.\n"])
      for (const part of ["Let me count.", "    9\n", "x".repeat(200), "y".repeat(130)]) assert.include(stderr, part)
      assert.match(stderr, /^ {2}[\d,]+ tokens in \([\d,]+ from the cache\), [\d,]+ out$/m)
      assert.notInclude(stderr, "more lines")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("is one of them", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(script)
      assert.strictEqual((yield* run(["-q", "-v", "Count"])).code, 2)
    }).pipe(Effect.provide(platform)))
})
