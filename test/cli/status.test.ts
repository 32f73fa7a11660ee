import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.ts"
import { machine, platform } from "./support.ts"

const timeout = 30_000
const nothing = Script.fromTurns([])

describe("effixir status", () => {
  it.scopedLive(
    "shows who is signed in, with which plan, and why that credential is used",
    () =>
      Effect.gen(function*() {
        const { run, secrets } = yield* machine(nothing)
        const json = yield* run(["status", "--json"])
        assert.strictEqual(json.code, 0)
        assert.deepInclude(JSON.parse(json.stdout), {
          signed_in: true,
          kind: "subscription",
          email: "ada@example.com",
          plan: "plus",
          source: "store",
          model: "gpt-5.5"
        })
        const text = yield* run(["status"], { env: { OPENAI_API_KEY: "sk-other" } })
        assert.include(text.stdout, "ada@example.com")
        assert.include(text.stdout, "comes before OPENAI_API_KEY")
        for (const secret of [...secrets, "sk-other"]) {
          assert.notInclude(json.stdout + text.stdout + text.stderr, secret)
        }
      }).pipe(Effect.provide(platform)),
    timeout
  )

  it.scopedLive("says how to sign in when nobody is, with code 4", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(nothing, { signedIn: false })
      const { code, stdout } = yield* run(["status"])
      assert.strictEqual(code, 4)
      assert.include(stdout, "effixir login")
      assert.deepInclude(JSON.parse((yield* run(["status", "--json"])).stdout), { signed_in: false })
    }).pipe(Effect.provide(platform)), timeout)

  it.scopedLive("takes the model from the environment before config.json", () =>
    Effect.gen(function*() {
      const { fs, home, path, run } = yield* machine(nothing)
      yield* fs.writeFileString(path.join(home, "config.json"), "{\"model\":\"from-config\"}")
      assert.include((yield* run(["status"])).stdout, "from-config")
      assert.include((yield* run(["status"], { env: { EFFIXIR_MODEL: "from-env" } })).stdout, "from-env")
    }).pipe(Effect.provide(platform)), timeout)
})
