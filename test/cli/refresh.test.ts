import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Credential } from "../../src/auth/Credential.ts"
import * as Script from "../../src/testing/Script.ts"
import { eventually, lines, machine, platform } from "./support.ts"

const always: Script.Script = () => Script.answer(Script.say("Hello!"))

/** A machine whose sign-in has run out, and a server that takes its time. */
const expired = Effect.gen(function*() {
  const all = yield* machine(always, { tokenDelay: "1500 millis" })
  const expire = Effect.gen(function*() {
    const json: object = JSON.parse(yield* all.fs.readFileString(all.auth))
    yield* all.fs.writeFileString(all.auth, JSON.stringify({ ...json, expires_at: 1 }))
  })
  const stored = Effect.flatMap(all.fs.readFileString(all.auth), Schema.decode(Schema.parseJson(Credential)))
  const refreshes = Effect.map(
    all.simulator.requests,
    (requests) => requests.filter(({ path }) => path === "/oauth/token").length
  )
  yield* expire
  return { ...all, expire, stored, refreshes }
})

describe("an expired sign-in", () => {
  it.scopedLive(
    "is refreshed once by eight processes that start together, three times in a row",
    () =>
      Effect.gen(function*() {
        const { expire, refreshes, run } = yield* expired
        for (const round of [1, 2, 3]) {
          yield* expire
          const results = yield* Effect.all(Array.from({ length: 8 }, () => run(["Say hello"])), { concurrency: 8 })
          assert.deepStrictEqual(results.map(({ code }) => code), Array(8).fill(0))
          assert.deepStrictEqual(results.map(({ stdout }) => stdout), Array(8).fill("Hello!\n"))
          assert.strictEqual(yield* refreshes, round)
        }
      }).pipe(Effect.provide(platform))
  )

  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    it.scopedLive(`is not lost when ${signal} comes while it is refreshed`, () =>
      Effect.gen(function*() {
        const { auth, fs, refreshes, run, start } = yield* expired
        const before = yield* fs.readFileString(auth)
        const { child, result } = yield* start(["--json", "Say hello"])
        yield* eventually("the request is out", () => Effect.runPromise(Effect.map(refreshes, (n) => n === 1)))
        child.kill(signal)
        const { code: actual, stdout } = yield* result
        assert.strictEqual(actual, code)
        assert.deepStrictEqual(lines(stdout).map(({ type }) => type), ["turn.interrupted"])
        assert.notStrictEqual(yield* fs.readFileString(auth), before)
        assert.strictEqual((yield* run(["Say hello"])).stdout, "Hello!\n")
        assert.strictEqual(yield* refreshes, 1)
      }).pipe(Effect.provide(platform)))
  }

  it.scopedLive(
    "is refreshed by the next process at once when the one with the lock is killed",
    () =>
      Effect.gen(function*() {
        const { refreshes, run, simulator, start, fs, auth } = yield* expired
        const { child, result } = yield* start(["Say hello"])
        yield* eventually("the request is out", () => Effect.runPromise(Effect.map(refreshes, (n) => n === 1)))
        child.kill("SIGKILL")
        yield* result
        // The killed one has taken its token with it; somebody signs in again, and nobody waits for the dead.
        const json = JSON.stringify(yield* Schema.encode(Credential)(yield* simulator.signIn()))
        yield* fs.writeFileString(auth, json)
        assert.strictEqual((yield* run(["Say hello"])).stdout, "Hello!\n")
      }).pipe(Effect.provide(platform))
  )
})

describe("a refresh token that the server has refused for good", () => {
  it.scopedLive(
    "is asked about once by all processes, for an hour, and a new sign-in is free of that",
    () =>
      Effect.gen(function*() {
        const { auth, fs, refreshes, run, simulator } = yield* expired
        const json: { readonly [field: string]: unknown } = JSON.parse(yield* fs.readFileString(auth))
        const write = (fields: object) =>
          fs.writeFileString(auth, JSON.stringify({ ...json, mine: 1, expires_at: 1, ...fields }))
        yield* write({ refresh_token: "rt_revoked" })
        for (const args of [["Say hello"], ["Say hello"], ["status", "--refresh"]]) {
          const { code, stderr, stdout } = yield* run(args)
          assert.strictEqual(code, 4)
          assert.include(stderr + stdout, "effixir login")
          assert.strictEqual(yield* refreshes, 1)
        }
        const status = (yield* run(["status"])).stdout
        assert.match(status, /^token +expired \S+ y ago .*ended at the server: run `effixir login`/m)
        assert.deepInclude(JSON.parse((yield* run(["status", "--json"])).stdout), { expired: true, refreshable: false })

        const marked: { readonly mine: number; readonly refused: { readonly at: string } } = JSON.parse(
          yield* fs.readFileString(auth)
        )
        assert.strictEqual(marked.mine, 1)
        assert.notInclude(JSON.stringify(marked.refused), "rt_revoked")
        // Whatever stands there: it is about another token, too old, from the future, or nothing that can be read.
        const hourAgo = new Date(Date.parse(marked.refused.at) - 3_600_001).toISOString()
        const ahead = new Date(Date.parse(marked.refused.at) + 3_600_000).toISOString()
        yield* write({ refused: marked.refused })
        assert.strictEqual((yield* run(["Say hello"])).stdout, "Hello!\n")
        assert.notInclude(yield* fs.readFileString(auth), "refused")
        for (const refused of [{ ...marked.refused, at: hourAgo }, { ...marked.refused, at: ahead }, "yes", null]) {
          const before = yield* refreshes
          yield* write({ refresh_token: "rt_revoked", refused })
          assert.strictEqual((yield* run(["Say hello"])).code, 4)
          assert.strictEqual(yield* refreshes, before + 1)
        }
        const next = JSON.stringify(yield* Schema.encode(Credential)(yield* simulator.signIn()))
        yield* run(["login", "--with-api-key"], { stdin: "sk-1" })
        assert.notInclude(yield* fs.readFileString(auth), "refused")
        yield* fs.writeFileString(auth, next)
        assert.strictEqual((yield* run(["Say hello"])).stdout, "Hello!\n")
      }).pipe(Effect.provide(platform))
  )
})

describe("a sign-in that the server refuses inside of an answer", () => {
  const refusal = Script.fail({ status: 401, code: "token_expired", message: "It has expired." }, "error-nested")

  it.scopedLive.each(["sse", "websocket"])(
    "is refreshed, and the answer comes, over %s",
    (transport) =>
      Effect.gen(function*() {
        const { run, simulator } = yield* machine((_, n) => n === 0 ? refusal : Script.answer(Script.say("Hello!")))
        const { code, stderr, stdout } = yield* run(["Say hello"], { env: { EFFIXIR_TRANSPORT: transport } })
        assert.deepStrictEqual([code, stdout], [0, "Hello!\n"], stderr)
        assert.include(stderr, "attempt 2 of 5")
        const paths = (yield* simulator.requests).map(({ path }) => path)
        assert.strictEqual(paths.filter((path) => path === "/oauth/token").length, 1)
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("is over where a refreshed one is refused as well: code 4", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* machine(() => refusal)
      const { code, stderr, stdout } = yield* run(["Say hello"])
      assert.deepStrictEqual([code, stdout], [4, ""])
      assert.include(stderr, "run `effixir login` again")
      const paths = (yield* simulator.requests).map(({ path }) => path)
      assert.deepStrictEqual(paths.map((path) => path.split("/").at(-1)), ["responses", "token", "responses"])
    }).pipe(Effect.provide(platform)))
})
