import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.ts"
import { machine, platform } from "./support.ts"

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
          model: "gpt-6.2-sol"
        })
        const text = yield* run(["status"], { env: { OPENAI_API_KEY: "sk-other" } })
        assert.include(text.stdout, "ada@example.com")
        assert.include(text.stdout, "comes before OPENAI_API_KEY")
        for (const secret of [...secrets, "sk-other"]) {
          assert.notInclude(json.stdout + text.stdout + text.stderr, secret)
        }
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "tells when the token ends by the clock of the person, and what becomes of it",
    () =>
      Effect.gen(function*() {
        const { auth, fs, run } = yield* machine(nothing)
        const json: object = JSON.parse(yield* fs.readFileString(auth))
        const tokenOf = Effect.fnUntraced(function*(expires_at: number, zone: string) {
          yield* fs.writeFileString(auth, JSON.stringify({ ...json, expires_at }))
          const { code, stdout } = yield* run(["status"], { env: { TZ: zone } })
          assert.strictEqual(code, 0)
          assert.notMatch(stdout, /\dT\d/)
          return /^token +(.*)$/m.exec(stdout)?.[1]
        })
        const past = Date.UTC(2020, 0, 1, 23, 30)
        const old = /^expired \d+ y ago \(on (.*)\); the next request refreshes it$/
        assert.strictEqual(old.exec((yield* tokenOf(past, "UTC")) ?? "")?.[1], "2020-01-01 at 23:30")
        assert.strictEqual(old.exec((yield* tokenOf(past, "Asia/Tokyo")) ?? "")?.[1], "2020-01-02 at 08:30")
        const soon = yield* tokenOf(Date.now() + 3 * 86_400_000 + 60_000, "UTC")
        assert.match(soon ?? "", /^expires in 3 d \(on \d{4}-\d\d-\d\d at \d\d:\d\d\); refreshed by itself$/)
        assert.match((yield* tokenOf(Date.now() + 50 * 365 * 86_400_000, "UTC")) ?? "", /^expires in \d\d y \(on /)
        assert.strictEqual(yield* tokenOf(1e300, "UTC"), "refreshed by itself")

        yield* fs.writeFileString(auth, JSON.stringify({ ...json, expires_at: past }))
        const machineRead = JSON.parse((yield* run(["status", "--json"], { env: { TZ: "Asia/Tokyo" } })).stdout)
        assert.deepInclude(machineRead, { expires_at: "2020-01-01T23:30:00.000Z", expired: true, refreshable: true })
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("lists the instructions of the project", () =>
    Effect.gen(function*() {
      const { file, fs, run } = yield* machine(nothing)
      const listed = Effect.map(run(["status", "--json"]), ({ stdout }) => JSON.parse(stdout).instructions)
      assert.deepStrictEqual(yield* listed, [])
      yield* fs.writeFileString(file("AGENTS.md"), "Be kind.")
      assert.deepStrictEqual(yield* listed, [file("AGENTS.md")])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("says how to sign in when nobody is, with code 4", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(nothing, { signedIn: false })
      const { code, stdout } = yield* run(["status"])
      assert.strictEqual(code, 4)
      assert.include(stdout, "effixir login")
      assert.deepInclude(JSON.parse((yield* run(["status", "--json"])).stdout), { signed_in: false })
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "tells of a sign-in that has ended for a reason of another version, which no key replaces",
    () =>
      Effect.gen(function*() {
        const { auth, fs, path, run } = yield* machine(nothing, { signedIn: false })
        const ended = {
          kind: "chatgpt_ended",
          issuer: "https://auth.openai.com",
          client_id: "oaiapp_1",
          subject: "user-1",
          email: "ada@example.com",
          reason: "SomethingNew",
          ended_at: "2026-11-29T00:00:00.000Z"
        }
        yield* fs.makeDirectory(path.dirname(auth), { recursive: true })
        yield* fs.writeFileString(auth, JSON.stringify(ended))
        const env = { OPENAI_API_KEY: "sk-other" }
        const status = yield* run(["status", "--json"], { env })
        assert.strictEqual(status.code, 4)
        const told = JSON.parse(status.stdout)
        assert.deepInclude(told, { signed_in: false, kind: "chatgpt_ended", email: "ada@example.com" })
        assert.include(told.reason, "ended at the server")
        const turn = yield* run(["Say hello"], { env })
        assert.strictEqual(turn.code, 4)
        assert.include(turn.stderr, "--auth api-key")
        assert.deepInclude(yield* run(["logout"]), { code: 0, stderr: "Signed out.\n" })
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("takes the model from the environment before config.json", () =>
    Effect.gen(function*() {
      const { fs, home, path, run } = yield* machine(nothing)
      yield* fs.writeFileString(path.join(home, "config.json"), "{\"model\":\"from-config\"}")
      assert.include((yield* run(["status"])).stdout, "from-config")
      assert.include((yield* run(["status"], { env: { EFFIXIR_MODEL: "from-env" } })).stdout, "from-env")
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "shows how much of the plan is used when it is asked to look, and afterwards without asking",
    () =>
      Effect.gen(function*() {
        const { fs, home, path, run, simulator } = yield* machine(nothing)
        assert.deepInclude(JSON.parse((yield* run(["status", "--json"])).stdout), { limits: [], limits_at: null })
        assert.notInclude((yield* run(["status"])).stdout, "window")
        assert.deepStrictEqual(yield* simulator.requests, [])

        const refreshed = yield* run(["status", "--refresh"])
        assert.deepStrictEqual([refreshed.code, refreshed.stderr], [0, ""])
        const fiveHours =
          /^5-hour window +██░{18} 12 % used, resets in (?:5 h|4 h 59 min) \((?:on \S+ )?at \d\d:\d\d\)$/m
        const week =
          /^weekly window +█{7}░{13} 34 % used, resets in (?:7 d|6 d 23 h) \(on \d{4}-\d\d-\d\d at \d\d:\d\d\)$/m
        assert.match(refreshed.stdout, fiveHours)
        assert.match(refreshed.stdout, week)
        assert.deepStrictEqual((yield* simulator.requests).map(({ path }) => path), ["/backend-api/wham/usage"])

        const later = yield* run(["status"])
        assert.match(later.stdout, fiveHours)
        assert.match(later.stdout, /^usage seen +\d+ s ago$/m)
        assert.notInclude(later.stdout, "\u001B")
        const json = JSON.parse((yield* run(["status", "--json"])).stdout)
        assert.deepInclude(json.limits[0], { id: "codex", name: null })
        assert.deepInclude(json.limits[0].windows[0], { kind: "five-hour", minutes: 300, used_percent: 12 })
        assert.deepInclude(json.limits[0].windows[1], { kind: "weekly", minutes: 10_080, used_percent: 34 })
        assert.isAbove(Date.parse(json.limits[0].windows[1].resets_at), Date.parse(json.limits_at))
        assert.deepStrictEqual(json.credits, { has_credits: false, unlimited: false, balance: null })
        assert.strictEqual((yield* simulator.requests).length, 1)

        const cache = path.join(home, "cache")
        const name = (yield* fs.readDirectory(cache)).find((name) => name.endsWith(".json")) ?? ""
        const file = path.join(cache, name)
        assert.strictEqual((yield* fs.stat(file)).mode & 0o777, 0o600)
        const known = JSON.parse(yield* fs.readFileString(file))
        known.limits[0].windows[0].resetsAt = "2020-01-01T00:00:00.000Z"
        known.limits.push({
          id: "x",
          name: "Spark\u001B[31m",
          windows: [{ kind: "other", minutes: 43_200, usedPercent: 99.96 }]
        })
        known.credits = { hasCredits: true, unlimited: false, balance: "1234567.891" }
        yield* fs.writeFileString(file, JSON.stringify(known))
        const old = yield* run(["status"])
        assert.match(old.stdout, /^5-hour window +░{20} 12 % used when last seen, reset since$/m)
        assert.match(old.stdout, /^Spark\\x1b\[31m 30-day window █{20} 100 % used$/m)
        assert.match(old.stdout, /^credits +1,234,567\.89$/m)

        // Another account, or a file that is torn, is nothing to show.
        assert.notInclude(
          (yield* run(["status", "--auth", "api-key"], { env: { OPENAI_API_KEY: "sk-1" } })).stdout,
          "window"
        )
        yield* fs.writeFileString(file, "{\"account\":")
        assert.notInclude((yield* run(["status"])).stdout, "window")
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("shows what the last model call told of the plan, and asks nobody", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* machine(() => Script.answer(Script.say("Hello")))
      assert.strictEqual((yield* run(["Hi"])).code, 0)
      const { stdout } = yield* run(["status"])
      assert.match(stdout, /5-hour window ██░{18} 12 % used, resets in (?:5 h|4 h 59 min)/)
      assert.match(stdout, /34 % used/)
      const { limits } = JSON.parse((yield* run(["status", "--json"])).stdout)
      assert.strictEqual(limits[0].windows.length, 2)
      assert.strictEqual((yield* simulator.requests).length, 1)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("tells how full the window of the session is that was used last, as the session itself does", () =>
    Effect.gen(function*() {
      const { fs, home, path, run } = yield* machine(() => Script.answer(Script.say("Hello")))
      assert.isNull(JSON.parse((yield* run(["status", "--json"])).stdout).context)
      assert.notInclude((yield* run(["status"])).stdout, "last session")
      yield* run(["Hi"])
      yield* run(["A longer question"])
      const { sessions: [last, before] } = JSON.parse((yield* run(["sessions", "list", "--json"])).stdout)
      const { context } = JSON.parse((yield* run(["sessions", "show", last.id, "--json"])).stdout)
      assert.isAbove(context.tokens, 0)
      assert.isAbove(context.window, context.tokens)
      assert.deepStrictEqual(JSON.parse((yield* run(["status", "--json"])).stdout).context, {
        session_id: last.id,
        ...context
      })
      assert.match(
        (yield* run(["status"])).stdout,
        new RegExp(
          `^last session +${last.id.slice(-8)} "A longer question", [\\d,]+ tokens in its context of [\\d,]+$`,
          "m"
        )
      )
      // What cannot be read is not told, and nothing else is lost.
      yield* fs.writeFileString(path.join(home, "sessions", last.id, "log.ndjson"), "no event\n")
      const { code, stdout } = yield* run(["status", "--json"])
      assert.strictEqual(code, 0)
      assert.include([null, before.id], JSON.parse(stdout).context?.session_id ?? null)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("stays what it is when the usage cannot be asked for", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* machine(nothing)
      yield* run(["status", "--refresh"])
      const env = { EFFIXIR_CHATGPT_BASE_URL: `${simulator.url}/nowhere` }
      const { code, stderr, stdout } = yield* run(["status", "--refresh"], { env })
      assert.strictEqual(code, 0)
      assert.include(stdout, "ada@example.com")
      assert.include(stdout, "12 % used")
      assert.match(stderr, /^effixir: [^\n]*status 404\n$/)
      const other = yield* run(["status", "--refresh", "--json", "--auth", "api-key"], {
        env: { OPENAI_API_KEY: "sk-1" }
      })
      assert.deepStrictEqual([other.code, other.stderr], [0, ""])
    }).pipe(Effect.provide(platform)))
})
