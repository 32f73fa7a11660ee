import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, machine, platform } from "./support.ts"

const always: Script.Script = () => Script.answer(Script.say("Hello!"))

describe("--set", () => {
  it.scopedLive(
    "counts for one run, before the environment and config.json, also where a session goes on",
    () =>
      Effect.gen(function*() {
        const { fs, home, path, run, simulator } = yield* machine(always)
        yield* fs.writeFileString(path.join(home, "config.json"), `{"model":"gpt-5.5","reasoning_effort":"low"}`)
        const ask = (...args: ReadonlyArray<string>) =>
          Effect.gen(function*() {
            const { code, stderr } = yield* run([...args, "Say hello"], { env: { EFFIXIR_MODEL: "gpt-5.6-sol" } })
            assert.strictEqual(code, 0, stderr)
            const { model, reasoning }: {
              readonly model?: string
              readonly reasoning?: { readonly effort?: string }
            } = (yield* simulator.requests).at(-1)?.body ?? {}
            return [model, reasoning?.effort]
          })
        assert.deepStrictEqual(yield* ask(), ["gpt-5.6-sol", "low"])
        const both = ["--set", "model=gpt-6-astra", "--set=reasoning_effort=high"]
        assert.deepStrictEqual(yield* ask(...both), ["gpt-6-astra", "high"])
        assert.deepStrictEqual(yield* ask("-m", "gpt-6.2-sol", ...both), ["gpt-6.2-sol", "high"])
        assert.deepStrictEqual(yield* ask(), ["gpt-5.6-sol", "low"])
        assert.deepStrictEqual((yield* ask("resume", "--last", "--set", "model=gpt-6-astra"))[0], "gpt-6-astra")
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "is refused with code 2 where there is no such setting or value, and before anything is sent",
    () =>
      Effect.gen(function*() {
        const { run, simulator } = yield* machine(always)
        const cases: ReadonlyArray<readonly [set: string, ...said: ReadonlyArray<string>]> = [
          ["modle=x", "modle", "model"],
          ["model", "KEY=VALUE"],
          ["compact_at=7", "compact_at", "from 10 to 95"],
          ["web_search=perhaps", "web_search", "true or false"],
          ["model=", "model"]
        ]
        for (const [set, ...said] of cases) {
          const { code, stderr, stdout } = yield* run(["--set", set, "Say hello"])
          assert.deepStrictEqual([code, stdout], [2, ""], stderr)
          assertSentence(stderr, "effixir: ", ...said)
        }
        assert.deepStrictEqual(yield* simulator.requests, [])
      }).pipe(Effect.provide(platform))
  )
})
