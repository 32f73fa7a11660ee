import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.ts"
import { machine, platform } from "./support.ts"

describe("effixir demo", () => {
  it.scopedLive(
    "runs a whole turn without an account, says that the model is simulated, and what to do next",
    () =>
      Effect.gen(function*() {
        const { base, fs, home, run } = yield* machine(Script.fromTurns([]), { signedIn: false })
        const { code, stderr, stdout } = yield* run(["demo"], { env: { TMPDIR: base } })
        assert.strictEqual(code, 0)
        assert.match(stdout, /^I wrote sum\.mjs.* 193\.20 in all.*\n$/)
        assert.include(stderr, "SIMULATED")
        assert.include(stderr, "Continue with ChatGPT, as ada@example.com")
        assert.include(stderr, "effixir login")
        assert.notInclude(stderr, "To go on")
        const log = /The log is in +(\S+)/.exec(stderr)?.[1] ?? ""
        assert.include(yield* fs.readFileString(log), "TurnCompleted")
        const folder = /The files are in +(\S+)/.exec(stderr)?.[1] ?? ""
        assert.strictEqual(yield* fs.readFileString(`${folder}/total.txt`), "193.20\n")
        assert.isFalse(yield* fs.exists(home))
      }).pipe(Effect.provide(platform))
  )
})
