import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, lines, machine, platform } from "./support.ts"

const always: Script.Script = () => Script.answer(Script.say("Hello!"))

/** Ids of a session are made for each run. */
const withoutIds = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value).replaceAll(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, "ID"))

describe("--dry-run", () => {
  it.scopedLive(
    "prints the very request that a run sends, without secrets, and leaves no session",
    () =>
      Effect.gen(function*() {
        const { asked, home, run, secrets, simulator } = yield* machine(always)
        // The list of models is asked for once a day.
        assert.strictEqual((yield* run(["Say hello"])).code, 0)
        const before = { asked: (yield* asked).length, sessions: readdirSync(`${home}/sessions`) }
        const args = ["--effort", "high", "--search", "Say it again"]
        const { code, stderr, stdout } = yield* run(["--dry-run", ...args])
        assert.deepStrictEqual([code, stderr], [0, ""])
        assert.lengthOf(yield* asked, before.asked)
        assert.deepStrictEqual(readdirSync(`${home}/sessions`), before.sessions)
        for (const secret of secrets) assert.notInclude(stdout, secret)

        assert.strictEqual((yield* run(args)).code, 0)
        const sent = (yield* simulator.requests).at(-1)
        const told = JSON.parse(stdout)
        assert.deepInclude(told, { method: sent?.method, url: `${simulator.chatgptBaseUrl}/responses` })
        assert.deepStrictEqual(withoutIds(told.body), withoutIds(sent?.body))
        assert.strictEqual(told.headers.authorization, "Bearer …")
        const { authorization: _, ...headers } = told.headers
        for (const [name, value] of Object.entries(headers)) {
          if (value !== told.body.prompt_cache_key) assert.strictEqual(value, sent?.headers[name], name)
        }
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("shows what a session would go on with, and changes nothing of it", () =>
    Effect.gen(function*() {
      const { asked, home, run } = yield* machine(always)
      assert.strictEqual((yield* run(["Say hello"])).code, 0)
      const [id = ""] = readdirSync(`${home}/sessions`)
      const log = () => readFileSync(`${home}/sessions/${id}/log.ndjson`, "utf8")
      const before = { log: log(), asked: (yield* asked).length }
      for (const args of [["resume", "--last", "And again"], ["fork", id, "And again"]]) {
        for (const form of [[], ["--json"], ["--output", "json"]]) {
          const { code, stderr, stdout } = yield* run([...args, "--dry-run", ...form])
          assert.strictEqual(code, 0, stderr)
          if (form.length > 0) assert.lengthOf(stdout.split("\n"), 2)
          assert.match(JSON.stringify(JSON.parse(stdout).body.input), /Say hello.*Hello!.*And again/)
        }
      }
      assert.strictEqual(log(), before.log)
      assert.deepStrictEqual(readdirSync(`${home}/sessions`), [id])
      assert.lengthOf(yield* asked, before.asked)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("asks no server for anything: not for models, and not for a fresh token", () =>
    Effect.gen(function*() {
      const { asked, auth, fs, run } = yield* machine(always)
      const stored = JSON.parse(yield* fs.readFileString(auth))
      yield* fs.writeFileString(auth, JSON.stringify({ ...stored, expires_at: 1 }))
      const before = yield* fs.readFileString(auth)
      for (const transport of ["sse", "websocket", "auto"]) {
        const { code, stderr, stdout } = yield* run(["--dry-run", "Go"], {
          env: { EFFIXIR_TRANSPORT: transport }
        })
        assert.strictEqual(code, 0, stderr)
        assert.strictEqual(JSON.parse(stdout).method, "POST")
      }
      assert.deepStrictEqual(yield* asked, [])
      assert.strictEqual(yield* fs.readFileString(auth), before)
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "shows no secret of a header that was set for a server, and speaks its dialect",
    () =>
      Effect.gen(function*() {
        const { home, run, simulator } = yield* machine(always, { signedIn: false })
        yield* Effect.promise(async () => (await import("node:fs/promises")).mkdir(home, { mode: 0o700 }))
        const servers = { [simulator.apiBaseUrl]: { headers: { "x-team-token": { env: "TEAM" } } } }
        writeFileSync(`${home}/config.json`, JSON.stringify({ servers }), { mode: 0o600 })
        const env = {
          TEAM: "team-s3cret-0123456789",
          OPENAI_API_KEY: Redacted.value(simulator.apiKey),
          EFFIXIR_DIALECT: "chat-completions"
        }
        const { code, stderr, stdout } = yield* run(["--dry-run", "Go"], { env })
        assert.strictEqual(code, 0, stderr)
        assert.strictEqual(JSON.parse(stdout).url, `${simulator.apiBaseUrl}/chat/completions`)
        assert.strictEqual(JSON.parse(stdout).headers["x-team-token"], "…")
        for (const secret of [env.TEAM, env.OPENAI_API_KEY]) assert.notInclude(stdout, secret)
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("fails as the run would, before it has anything to send", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(always, { signedIn: false })
      const out = yield* run(["--dry-run", "--json", "Go"])
      assert.strictEqual(out.code, 4)
      assert.deepStrictEqual(lines(out.stdout).map(({ type }) => type), ["turn.failed"])
      assertSentence(out.stderr, "effixir login")
      for (const args of [["-C", "missing"], ["--trust"]]) {
        const bad = yield* run(["--dry-run", ...args, "Go"])
        assert.deepStrictEqual([bad.code, bad.stdout], [2, ""])
      }
    }).pipe(Effect.provide(platform)))
})
