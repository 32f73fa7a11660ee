import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Credential } from "../../src/auth/Credential.ts"
import { fresh, tokenPath, urlOf, visit } from "./chatgpt.ts"
import { assertSentence, platform } from "./support.ts"

/** Ends the program with SIGKILL around the rename that puts a file into its place. */
const killer = `
const fs = require("node:fs")
const [when, name, nth] = process.env.KILL_AT.split(" ")
const rename = fs.rename
let count = 0
const kill = (now) => now === when && count === Number(nth) && process.kill(process.pid, "SIGKILL")
fs.rename = (from, to, done) => {
  if (!String(to).endsWith("/" + name)) return rename(from, to, done)
  count++
  kill("before")
  rename(from, to, (error) => {
    kill("after")
    done(error)
  })
}
require("node:module").syncBuiltinESMExports()
`

const setup = Effect.fnUntraced(function*() {
  const here = yield* fresh({ earliest: "none" })
  const { auth, fs, home, path, simulator } = here
  const preload = path.join(here.base, "killer.cjs")
  yield* fs.writeFileString(preload, killer)
  const killed = (at: string) => ({ env: { KILL_AT: at, NODE_OPTIONS: `--require=${preload}` } })
  const files = Effect.map(fs.readDirectory(home), (names) => new Set(names))
  /** Somebody has signed in, and the token has ended. */
  const expired = Effect.gen(function*() {
    const credential = { ...(yield* simulator.signInWithChatGpt()), expires_at: 1 }
    yield* fs.makeDirectory(home, { recursive: true, mode: 0o700 })
    yield* fs.writeFileString(auth, JSON.stringify(Schema.encodeSync(Credential)(credential)), { mode: 0o600 })
    return credential
  })
  /** Nothing but what a reader looks for is left after the next write. */
  const assertTidy = Effect.map(files, (names) => assert.notMatch([...names].join(" "), /tmp|next|~/))
  return { ...here, killed, files, expired, assertTidy, held: Effect.map(fs.readFileString(auth), JSON.parse) }
})

describe("login --chatgpt that is killed around its writes", () => {
  it.scopedLive("leaves a clear state each time, and registers nobody twice", () =>
    Effect.gen(function*() {
      const { assertTidy, clients, files, hostId, killed, simulator, start, stored } = yield* setup()
      const signIn = Effect.fnUntraced(function*(at?: string) {
        const { output, result } = yield* start(["login", "--chatgpt"], at === undefined ? {} : killed(at))
        if (at?.endsWith("host.json 1") === true) return yield* result
        const url = new URL(yield* urlOf(output))
        yield* visit(url.href)
        return { ...(yield* result), asked: url.searchParams.get("client_id") }
      })
      const points: ReadonlyArray<readonly [at: string, files: ReadonlyArray<string>]> = [
        ["before host.json 1", []],
        ["after host.json 1", ["host.json"]],
        ["before registrations.json 1", ["host.json"]],
        ["after registrations.json 1", ["host.json", "registrations.json"]],
        ["before registrations.json 2", ["host.json", "registrations.json"]],
        ["before auth.json 1", ["host.json", "registrations.json"]],
        ["after auth.json 1", ["auth.json", "host.json", "registrations.json"]]
      ]
      let host: string | undefined
      let client: string | undefined
      for (const [at, expected] of points) {
        const { code } = yield* signIn(at)
        assert.isNull(code, `killed ${at}`)
        const there = yield* files
        assert.deepStrictEqual(
          ["auth.json", "host.json", "registrations.json"].filter((name) => there.has(name)),
          expected
        )
        if (there.has("host.json")) assert.strictEqual(yield* hostId, host ??= yield* hostId)
        if (there.has("registrations.json")) {
          client ??= (yield* clients)[0]
          assert.deepStrictEqual(yield* clients, [client])
        }
      }
      assert.strictEqual((yield* stored).client_id, client)
      const last = yield* signIn()
      assert.deepInclude(last, { code: 0, asked: client })
      assert.deepStrictEqual(yield* clients, [client])
      const asked = (yield* simulator.requests).filter(({ path }) => path === "/api/accounts/authorize")
      assert.deepStrictEqual(new Set(asked.map(({ query }) => query["ext_agent_host_id"])), new Set([host]))
      yield* assertTidy
    }).pipe(Effect.provide(platform)))
})

describe("a refresh of the official sign-in that is killed around its writes", () => {
  it.scopedLive("is old, new or over, and never half", () =>
    Effect.gen(function*() {
      const { assertTidy, count, expired, held, killed, run } = yield* setup()
      const points: ReadonlyArray<readonly [at: string, kind: string, code: number, calls: number]> = [
        // The token is spent, and its successor lost: the server says so when it is asked again.
        ["before auth.json 1", "chatgpt_ended", 4, 2],
        ["after auth.json 1", "chatgpt", 0, 1],
        ["before auth.json 2", "chatgpt", 0, 1],
        ["after auth.json 2", "chatgpt", 0, 1]
      ]
      for (const [at, kind, code, calls] of points) {
        const before = yield* expired
        const asked = yield* count(tokenPath)
        assert.isNull((yield* run(["status", "--refresh"], killed(at))).code, `killed ${at}`)
        const between = yield* held
        assert.strictEqual(
          between.refresh_token === Redacted.value(before.refresh_token),
          at === "before auth.json 1",
          "the file is whole, and holds the old tokens or the new ones"
        )
        assert.strictEqual((yield* run(["status", "--refresh"])).code, code, at)
        assert.strictEqual((yield* held).kind, kind, at)
        assert.strictEqual(yield* count(tokenPath), asked + calls, at)
        yield* assertTidy
      }
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "says also after a final refusal that it is over, and keeps no token then",
    () =>
      Effect.gen(function*() {
        const { assertTidy, count, expired, fs, auth, held, killed, run, simulator } = yield* setup()
        const env = { OPENAI_API_KEY: "sk-1" }
        for (const at of ["before auth.json 1", "after auth.json 1", undefined]) {
          const { client_id, email, subject, ...before } = yield* expired
          // Somebody has used the token, so that the server ends the sign-in.
          yield* Effect.promise(() =>
            fetch(`${simulator.issuer}${tokenPath}`, {
              method: "POST",
              body: new URLSearchParams({
                grant_type: "refresh_token",
                client_id,
                refresh_token: Redacted.value(before.refresh_token),
                resource: "https://api.openai.com/v1"
              })
            })
          )
          const asked = yield* count(tokenPath)
          const { code } = yield* run(["Say hello"], at === undefined ? { env } : killed(at))
          assert.strictEqual(code, at === undefined ? 4 : null)
          const isLeft = at === "before auth.json 1"
          assert.strictEqual((yield* held).kind, isLeft ? "chatgpt" : "chatgpt_ended")
          for (const args of [["status"], ["Say hello"], ["status", "--refresh"]]) {
            const { code, stderr, stdout } = yield* run(args, { env })
            // What is there still looks good until the server is asked.
            if (isLeft && args[1] === undefined && args[0] === "status") continue
            assert.strictEqual(code, 4, args.join(" "))
            assertSentence(stderr + stdout, "effixir login")
          }
          assert.strictEqual(yield* count(tokenPath), asked + (isLeft ? 2 : 1))
          const status = yield* run(["status", "--json"], { env })
          assert.deepInclude(JSON.parse(status.stdout), {
            signed_in: false,
            kind: "chatgpt_ended",
            email: email ?? null
          })
          assert.deepInclude(yield* held, { kind: "chatgpt_ended", client_id, subject, email })
          const text = yield* fs.readFileString(auth)
          for (const token of [before.access_token, before.refresh_token, before.id_token]) {
            assert.notInclude(text, Redacted.value(token))
          }
          yield* assertTidy
        }
      }).pipe(Effect.provide(platform))
  )
})
