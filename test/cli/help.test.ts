import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.ts"
import { machine, platform } from "./support.ts"

const nothing = Script.fromTurns([])

describe("help", () => {
  it.scopedLive("names every command on one screen", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(nothing)
      for (const args of [["--help"], ["-h"], ["help"]]) {
        const { code, stderr, stdout } = yield* run(args)
        assert.deepStrictEqual([code, stderr], [0, ""])
        const lines = stdout.split("\n")
        assert.isAtMost(lines.length, 40)
        for (const line of lines) assert.isAtMost(line.length, 100)
        for (const name of ["run", "resume", "login", "logout", "status", "models", "demo", "completion"]) {
          assert.match(stdout, new RegExp(`^  ${name} +\\w`, "m"))
        }
      }
    }).pipe(Effect.provide(platform)))

  it.scopedLive("tells what a command takes, and nothing that says nothing", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(nothing)
      for (const args of [["run", "--help"], ["run", "-h"], ["help", "run"], ["run", "--json", "--help"]]) {
        const { code, stdout } = yield* run(args)
        assert.strictEqual(code, 0)
        assert.match(stdout, /^ {2}effixir run \[options\] <prompt>\.\.\.$/m)
        assert.match(stdout, /^ {2}-m, --model NAME +The model to ask$/m)
        assert.match(stdout, /^ {2}--auth any\|chatgpt\|api-key +Use only this kind of credential$/m)
        assert.notMatch(stdout, /A true or false value|This setting is optional|user-defined/)
      }
    }).pipe(Effect.provide(platform)))

  it.scopedLive("is not asked for by a prompt", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(() => Script.answer(Script.say("Sure.")))
      assert.strictEqual((yield* run(["run", "--", "--help"])).stdout, "Sure.\n")
      assert.strictEqual((yield* run(["what does --help do?"])).stdout, "Sure.\n")
    }).pipe(Effect.provide(platform)))
})
