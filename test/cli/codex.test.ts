import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import * as Script from "../../src/testing/Script.ts"
import { machine, platform } from "./support.ts"

/** The official binary (`npm install @openai/codex`), named by who wants to see this. */
const codex = process.env["CODEX_BINARY"] ?? ""

describe.runIf(codex !== "")("the official codex", () => {
  it.scopedLive("signs in against the simulator, and its sign-in can be taken over", () =>
    Effect.gen(function*() {
      const { base, fs, path, run, simulator } = yield* machine(() => Script.answer(Script.say("Hello!")), {
        signedIn: false,
        autoApprove: true,
        pollInterval: "1 second"
      })
      const home = path.join(base, ".codex")
      yield* fs.makeDirectory(home)
      const args = ["login", "--device-auth", "--experimental_issuer", simulator.issuer]
      const env = { PATH: process.env["PATH"], HOME: base, CODEX_HOME: home }
      const { stderr, stdout } = yield* Effect.promise(() => promisify(execFile)(codex, args, { env }))
      assert.include(stdout + stderr, "Successfully logged in")
      assert.deepStrictEqual(
        new Set((yield* simulator.requests).map(({ path }) => path)),
        new Set(["/api/accounts/deviceauth/usercode", "/api/accounts/deviceauth/token", "/oauth/token"])
      )

      assert.strictEqual((yield* run(["login", "--from-codex", "--yes"])).code, 0)
      assert.strictEqual((yield* run(["Say hello"])).stdout, "Hello!\n")
    }).pipe(Effect.provide(platform)))
})
