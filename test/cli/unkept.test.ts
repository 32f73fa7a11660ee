import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { tryLock } from "fs-native-extensions"
import { mkdirSync } from "node:fs"
import { open } from "node:fs/promises"
import type { Received } from "../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../src/testing/Script.ts"
import { callbackPorts } from "../callbackPorts.ts"
import { fresh, urlOf, visit } from "./chatgpt.ts"
import { assertSentence, eventually, machine, platform } from "./support.ts"

const always: Script.Script = () => Script.answer(Script.say("Hello!"))

const revoked = (requests: ReadonlyArray<Received>) =>
  requests.filter(({ path }) => path.endsWith("oauth/revoke")).map(({ body }) => body as { readonly token: string })

const browserWays = [
  ["--chatgpt", {}, "The new sign-in is not kept, and has been ended at the server"],
  ["--chatgpt", { revokeStatus: 503 }, "The new sign-in is not kept. The server did not confirm"],
  ["--browser", {}, "The new sign-in is not kept, and has been ended at the server"]
] as const

describe("a new sign-in that cannot be saved", () => {
  for (const [way, knobs, said] of browserWays) {
    it.scopedLive(
      `is ended at the server, and it is told how that went: ${way} ${JSON.stringify(knobs)}`,
      () =>
        Effect.gen(function*() {
          const { auth, follow, simulator } = yield* fresh(knobs, callbackPorts)
          const { output, result } = yield* follow(["login", way])
          const url = yield* urlOf(output)
          mkdirSync(auth)
          const page = yield* visit(url)
          for (const part of ["The sign-in did not work", auth, "it is a folder", said]) assert.include(page, part)
          assert.notInclude(page, "You are signed in")
          assert.notInclude(page, "..")
          const { code, stderr } = yield* result
          assert.strictEqual(code, 4, stderr)
          assertSentence(stderr, auth, "it is a folder", said)
          assert.notInclude(stderr, "Signed in")
          const tokens = revoked(yield* simulator.requests)
          assert.lengthOf(tokens, "revokeStatus" in knobs ? 3 : 1)
          assert.match(tokens[0]?.token ?? "", /^rt/)
        }).pipe(Effect.provide(platform))
    )
  }

  it.scopedLive("is ended at the server, and it is told how that went: --device", () =>
    Effect.gen(function*() {
      const { auth, follow, fs, simulator } = yield* machine(always, { signedIn: false, pollInterval: "1 second" })
      const { output, result } = yield* follow(["login", "--device"])
      yield* eventually("the code is shown", () => /enter the code +\S+/.test(output().stderr))
      yield* fs.makeDirectory(auth)
      yield* simulator.approve(/enter the code +(\S+)/.exec(output().stderr)?.[1] ?? "")
      const { code, stderr } = yield* result
      assert.strictEqual(code, 4, stderr)
      assertSentence(stderr, auth, "it is a folder", "The new sign-in is not kept, and has been ended at the server")
      assert.lengthOf(revoked(yield* simulator.requests), 1)
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "is ended as well where somebody stops waiting for another program to let go of the file",
    () =>
      Effect.gen(function*() {
        const { auth, simulator, start } = yield* machine(always, { signedIn: false, pollInterval: "1 second" })
        const { child, output, result } = yield* start(["login", "--device"])
        yield* eventually("the code is shown", () => /enter the code +\S+/.test(output().stderr))
        const lock = yield* Effect.promise(() => open(`${auth}.lock`, "a"))
        assert.isTrue(tryLock(lock.fd))
        yield* simulator.approve(/enter the code +(\S+)/.exec(output().stderr)?.[1] ?? "")
        const isSignedIn = Effect.map(simulator.requests, (all) => all.some(({ path }) => path === "/oauth/token"))
        yield* eventually("the tokens are there", () => Effect.runPromise(isSignedIn))
        yield* Effect.sleep("500 millis")
        child.kill("SIGINT")
        assert.strictEqual((yield* result).code, 130)
        yield* Effect.promise(() => lock.close())
        assert.lengthOf(revoked(yield* simulator.requests), 1)
      }).pipe(Effect.provide(platform))
  )
})
