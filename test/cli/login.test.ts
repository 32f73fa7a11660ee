import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, eventually, lines, machine, platform } from "./support.ts"

const always: Script.Script = () => Script.answer(Script.say("Hello!"))
const fresh = machine(always, { signedIn: false, pollInterval: "1 second" })

describe("login --device", () => {
  it.scopedLive("shows the code, waits, signs in, and the next run works", () =>
    Effect.gen(function*() {
      const { auth, fs, run, simulator, start } = yield* fresh
      const { output, result } = yield* start(["login", "--device"])
      yield* eventually("the code is shown", () => /enter the code +\S+/.test(output().stderr))
      yield* simulator.approve(/enter the code +(\S+)/.exec(output().stderr)?.[1] ?? "")
      const { code, stderr, stdout } = yield* result
      assert.strictEqual(code, 0)
      assert.strictEqual(stdout, "")
      for (const part of ["/codex/device", "Security", "only if you started this", "ada@example.com (plus plan)"]) {
        assert.include(stderr, part)
      }
      assert.strictEqual((yield* fs.stat(auth)).mode & 0o777, 0o600)
      assert.strictEqual((yield* run(["Say hello"])).stdout, "Hello!\n")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("prints two JSON lines with --json", () =>
    Effect.gen(function*() {
      const { simulator, start } = yield* fresh
      const { output, result } = yield* start(["login", "--json"])
      yield* eventually("the code is shown", () => output().stdout.includes("\n"))
      const [shown] = lines(output().stdout)
      assert.containsAllKeys(shown, ["verification_uri", "user_code", "expires_at"])
      yield* simulator.approve(String(shown?.["user_code"]))
      const { code, stdout } = yield* result
      assert.strictEqual(code, 0)
      assert.deepInclude(lines(stdout)[1], { type: "login.completed", email: "ada@example.com", plan: "plus" })
    }).pipe(Effect.provide(platform)))

  it.scopedLive("prints one result line with --json when it is stopped", () =>
    Effect.gen(function*() {
      for (const [signal, exit_code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
        const { start } = yield* fresh
        const { child, output, result } = yield* start(["login", "--json"])
        yield* eventually("the code is shown", () => output().stdout.includes("\n"))
        child.kill(signal)
        const { code, stdout } = yield* result
        assert.strictEqual(code, exit_code)
        const [shown, ...rest] = lines(stdout)
        assert.strictEqual(shown?.type, "login.code")
        assert.deepStrictEqual<unknown>(rest, [{ type: "login.interrupted", reason: signal, exit_code }])
      }
    }).pipe(Effect.provide(platform)))

  it.scopedLive("keeps the old sign-in when it is interrupted", () =>
    Effect.gen(function*() {
      const { auth, fs, start } = yield* machine(always)
      const before = yield* fs.readFileString(auth)
      const { child, output, result } = yield* start(["login", "--device"])
      yield* eventually("the code is shown", () => output().stderr.includes("enter the code"))
      child.kill("SIGINT")
      assert.strictEqual((yield* result).code, 130)
      assert.strictEqual(yield* fs.readFileString(auth), before)
    }).pipe(Effect.provide(platform)))
})

describe("login --with-api-key", () => {
  it.scopedLive("stores the key that stdin holds, and uses it", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* fresh
      const key = Redacted.value(simulator.apiKey)
      const { code, stderr, stdout } = yield* run(["login", "--with-api-key"], { stdin: `${key}\n` })
      assert.strictEqual(code, 0)
      assert.notInclude(stderr + stdout, key)
      assert.strictEqual((yield* run(["Say hello"])).stdout, "Hello!\n")
      assert.deepInclude(JSON.parse((yield* run(["status", "--json"])).stdout), { kind: "api_key", source: "store" })
    }).pipe(Effect.provide(platform)))

  it.scopedLive("says what it has replaced, and how to keep both; so does a sign-in that replaces a key", () =>
    Effect.gen(function*() {
      const { run, simulator, start } = yield* machine(always, { pollInterval: "1 second" })
      const key = Redacted.value(simulator.apiKey)
      const byKey = yield* run(["login", "--with-api-key"], { stdin: key })
      assert.deepStrictEqual([byKey.code, byKey.stdout], [0, ""])
      assert.include(byKey.stderr, "Signed in with an API key.\n")
      assertSentence(byKey.stderr, "sign-in as ada@example.com (plus plan)", "has been replaced", "--profile NAME")
      const again = yield* run(["login", "--with-api-key"], { stdin: key })
      assert.notInclude(again.stderr, "replaced")
      const other = yield* run(["login", "--with-api-key", "--json"], { stdin: "sk-another-key-of-mine" })
      assertSentence(other.stderr, "The API key", "has been replaced")
      assert.deepStrictEqual(lines(other.stdout).map(({ type }) => type), ["login.completed"])
      const { output, result } = yield* start(["login", "--device"])
      yield* eventually("the code is shown", () => /enter the code +\S+/.test(output().stderr))
      yield* simulator.approve(/enter the code +(\S+)/.exec(output().stderr)?.[1] ?? "")
      assertSentence((yield* result).stderr, "The API key", "has been replaced")
      const named = yield* run(["login", "--with-api-key", "--profile", "work"], { stdin: key })
      assert.notInclude(named.stderr, "replaced")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("wants one", () =>
    Effect.gen(function*() {
      const { fs, home, run } = yield* fresh
      for (const stdin of ["", "  \n", "two words"]) {
        const { code, stderr } = yield* run(["login", "--with-api-key"], { stdin })
        assert.strictEqual(code, 2)
        assertSentence(stderr, "--with-api-key")
      }
      assert.isFalse(yield* fs.exists(home))
      assert.strictEqual((yield* run(["login", "--device", "--browser"])).code, 2)
      const json = lines((yield* run(["login", "--device", "--browser", "--json"])).stdout)
      assert.deepStrictEqual(json.map(({ exit_code, type }) => [type, exit_code]), [["error", 2]])
    }).pipe(Effect.provide(platform)))
})

describe("login --from-codex", () => {
  it.scopedLive(
    "takes the sign-in over when that is meant, and leaves the file of Codex as it is",
    () =>
      Effect.gen(function*() {
        const { base, fs, path, run, simulator } = yield* fresh
        const { access_token, id_token, refresh_token } = yield* simulator.signIn()
        const file = path.join(base, ".codex", "auth.json")
        const tokens = {
          access_token: Redacted.value(access_token),
          refresh_token: Redacted.value(refresh_token),
          id_token: id_token == null ? null : Redacted.value(id_token)
        }
        yield* fs.makeDirectory(path.dirname(file))
        yield* fs.writeFileString(file, JSON.stringify({ tokens }))
        const asked = yield* run(["login", "--from-codex"])
        assert.strictEqual(asked.code, 2)
        assertSentence(asked.stderr, "one program only", "--yes")

        assert.strictEqual((yield* run(["login", "--from-codex", "--yes"])).code, 0)
        assert.strictEqual((yield* run(["Say hello"])).stdout, "Hello!\n")
        assert.strictEqual(yield* fs.readFileString(file), JSON.stringify({ tokens }))
        assertSentence((yield* run(["login", "--from-pi", "--yes"])).stderr, "Pi", "auth.json")
      }).pipe(Effect.provide(platform))
  )
})

describe("a sign-in that names no account", () => {
  it.scopedLive("is refused wherever it comes from, and stays as it is", () =>
    Effect.gen(function*() {
      const { auth, base, fs, path, run, simulator } = yield* machine(always)
      const json = JSON.stringify({ kind: "subscription", access_token: "a", refresh_token: "r" })
      yield* fs.writeFileString(auth, json)
      for (const args of [["Say hello"], ["status"]]) {
        const { code, stderr, stdout } = yield* run(args, { env: { OPENAI_API_KEY: "sk-1" } })
        assert.strictEqual(code, 4)
        assertSentence(stderr + stdout, "for which account", "effixir login")
      }
      const codex = path.join(base, ".codex")
      yield* fs.makeDirectory(codex)
      yield* fs.writeFileString(
        path.join(codex, "auth.json"),
        JSON.stringify({ tokens: { access_token: "a", refresh_token: "r" } })
      )
      const { code, stderr } = yield* run(["login", "--from-codex", "--yes"])
      assert.strictEqual(code, 4)
      assertSentence(stderr, "for which account", "effixir login")
      assert.strictEqual(yield* fs.readFileString(auth), json)
      assert.deepStrictEqual(yield* simulator.requests, [])
    }).pipe(Effect.provide(platform)))
})

describe("profiles", () => {
  it.scopedLive("have a sign-in each", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(always)
      yield* run(["login", "--with-api-key", "--profile", "work"], { stdin: "sk-work" })
      const kind = (args: ReadonlyArray<string>, env = {}) =>
        Effect.map(run(["status", "--json", ...args], { env }), ({ stdout }) => JSON.parse(stdout).kind as unknown)
      assert.strictEqual(yield* kind([]), "subscription")
      assert.strictEqual(yield* kind(["--profile", "work"]), "api_key")
      assert.strictEqual(yield* kind([], { EFFIXIR_PROFILE: "work" }), "api_key")
      assert.isUndefined(yield* kind(["--profile", "other"]))
    }).pipe(Effect.provide(platform)))

  it.scopedLive("are named in the commands that are advised", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(always)
      const json = yield* run(["run", "--json", "--profile", "other", "Go"])
      for (const said of [json.stderr, json.stdout]) {
        assert.include(said, "`effixir login --profile other`")
      }
      assert.include((yield* run(["Go"], { env: { EFFIXIR_PROFILE: "other" } })).stderr, "`effixir login`")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("need a name that can be one, and it is told who gave the wrong one", () =>
    Effect.gen(function*() {
      const { fs, home, run } = yield* machine(always)
      const before = yield* fs.readDirectory(home)
      const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, ...names: ReadonlyArray<string>]> = [
        [["status"], "../x", "", ".hidden", "a/b"],
        [["login", "--with-api-key"], "../x"],
        [["logout"], "../x"],
        [["run", "Say hello"], "../x"]
      ]
      for (const [args, ...names] of cases) {
        for (const name of names) {
          const { code, stderr } = yield* run([...args, "--profile", name], { stdin: "sk-1" })
          assert.strictEqual(code, 2, name)
          assertSentence(stderr, "--profile", name === "" ? "empty" : "letter")
          assert.notInclude(stderr, "EFFIXIR_PROFILE")
        }
      }
      const environment = yield* run(["status"], { env: { EFFIXIR_PROFILE: "../x" } })
      assert.strictEqual(environment.code, 2)
      assertSentence(environment.stderr, "EFFIXIR_PROFILE", "letter")
      assert.deepStrictEqual(yield* fs.readDirectory(home), before)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("and kinds can be forced", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(always)
      const env = { OPENAI_API_KEY: "sk-1" }
      const status = (auth: string) =>
        Effect.map(run(["status", "--json", "--auth", auth], { env }), ({ stdout }) => JSON.parse(stdout) as unknown)
      assert.deepInclude(yield* status("api-key"), { kind: "api_key", source: "environment" })
      assert.deepInclude(yield* status("chatgpt"), { kind: "subscription", source: "store" })
      assert.strictEqual((yield* run(["status", "--auth", "nonsense"], { env })).code, 2)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("and it is told how to get what was asked for", () =>
    Effect.gen(function*() {
      const { run } = yield* fresh
      for (const command of [["Say hello"], ["status"]]) {
        const key = yield* run([...command, "--auth", "api-key"])
        assert.strictEqual(key.code, 4)
        assertSentence(key.stderr + key.stdout, "no API key", "set OPENAI_API_KEY", "effixir login --with-api-key")
        const plan = yield* run([...command, "--auth", "chatgpt"])
        assert.strictEqual(plan.code, 4)
        assertSentence(plan.stderr + plan.stdout, "no ChatGPT sign-in", "run `effixir login`")
        assert.notInclude(plan.stderr + plan.stdout, "OPENAI_API_KEY")
      }
    }).pipe(Effect.provide(platform)))

  it.scopedLive("and it is told when that rules out the only credential there is", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(always)
      const key = yield* fresh
      const ways = [
        [yield* run(["Say hello", "--auth", "api-key"]), "ChatGPT sign-in", "--auth api-key"],
        [yield* run(["Say hello"], { env: { EFFIXIR_AUTH: "api-key" } }), "ChatGPT sign-in", "EFFIXIR_AUTH"],
        [
          yield* key.run(["Say hello", "--auth", "chatgpt"], { env: { OPENAI_API_KEY: "sk-1" } }),
          "API key",
          "--auth chatgpt"
        ]
      ] as const
      for (const [{ code, stderr, stdout }, ...said] of ways) {
        assert.deepStrictEqual([code, stdout], [4, ""])
        assertSentence(stderr, "There is a", "rules it out", ...said)
      }
    }).pipe(Effect.provide(platform)))
})

describe("logout", () => {
  it.scopedLive("ends the sign-in at the server and here, as often as it is asked", () =>
    Effect.gen(function*() {
      const { auth, fs, run, simulator } = yield* machine(always)
      const first = yield* run(["logout"])
      assert.deepStrictEqual([first.code, first.stderr], [0, "Signed out.\n"])
      assert.isFalse(yield* fs.exists(auth))
      assert.deepStrictEqual((yield* simulator.requests).map(({ path }) => path), ["/oauth/revoke"])
      assert.strictEqual((yield* run(["logout"])).code, 0)
      assert.strictEqual((yield* run(["Say hello"])).code, 4)
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "says of a sign-in that cannot be read that it has not ended at the server",
    () =>
      Effect.gen(function*() {
        const { auth, fs, run } = yield* machine(always)
        yield* fs.writeFileString(auth, "{\"kind\":\"subscription\",\"access_token\":")
        const { code, stderr } = yield* run(["logout"])
        assert.strictEqual(code, 0)
        assertSentence(stderr, auth, "it is not JSON", "removed here", "has not ended at the server")
        assert.isFalse(yield* fs.exists(auth))
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("ends it here also when the server cannot be told", () =>
    Effect.gen(function*() {
      const { auth, fs, run } = yield* machine(always)
      const { code, stderr } = yield* run(["logout"], { env: { EFFIXIR_ISSUER: "http://127.0.0.1:9" } })
      assert.strictEqual(code, 0)
      assertSentence(stderr, "could not be told")
      assert.isFalse(yield* fs.exists(auth))
    }).pipe(Effect.provide(platform)))
})

describe("status --refresh", () => {
  it.scopedLive("refreshes what is about to expire, and without it nothing is asked", () =>
    Effect.gen(function*() {
      const { auth, fs, run, simulator } = yield* machine(always)
      const json: object = JSON.parse(yield* fs.readFileString(auth))
      yield* fs.writeFileString(auth, JSON.stringify({ ...json, expires_at: 1 }))
      yield* run(["status"])
      assert.deepStrictEqual(yield* simulator.requests, [])
      assert.strictEqual((yield* run(["status", "--refresh"])).code, 0)
      const paths = (yield* simulator.requests).map(({ path }) => path)
      assert.deepStrictEqual(paths, ["/oauth/token", "/backend-api/wham/usage"])
    }).pipe(Effect.provide(platform)))
})

describe("secrets", () => {
  it.scopedLive(
    "appear nowhere but in auth.json, over a whole sign-in, a run, a failure and the end",
    () =>
      Effect.gen(function*() {
        const { auth, base, fs, path, run, simulator, start } = yield* fresh
        const { output, result } = yield* start(["login", "--device"])
        yield* eventually("the code is shown", () => /enter the code +\S+/.test(output().stderr))
        yield* simulator.approve(/enter the code +(\S+)/.exec(output().stderr)?.[1] ?? "")
        const results = [yield* result]
        const tokens: object = JSON.parse(yield* fs.readFileString(auth))
        results.push(
          yield* run(["--log-level", "all", "run", "--json", "Say hello"]),
          yield* run(["run", "Say hello"]),
          yield* run(["run", "--json", "Say hello"], { env: { EFFIXIR_CHATGPT_BASE_URL: "http://127.0.0.1:9" } })
        )
        yield* simulator.invalidateAccessTokens
        results.push(yield* run(["status"]), yield* run(["logout"]), yield* run(["Say hello"]))

        // What the server has seen in requests, and what it gave.
        const sent = (yield* simulator.requests).flatMap(({ body }) =>
          typeof body === "object" && body !== null ? [body] : []
        )
        const names = new Set([
          "access_token",
          "refresh_token",
          "id_token",
          "token",
          "code",
          "code_verifier",
          "device_auth_id"
        ])
        const secrets = [tokens, ...sent].flatMap((fields) => Object.entries(fields)).flatMap(([name, value]) =>
          names.has(name) && typeof value === "string" ? [value] : []
        )
        assert.isAbove(secrets.length, 6)

        const files = yield* Effect.forEach(
          yield* fs.readDirectory(base, { recursive: true }),
          (name) => Effect.orElseSucceed(fs.readFileString(path.join(base, name)), () => "")
        )
        const told = [...files, ...results.flatMap(({ stderr, stdout }) => [stderr, stdout])]
        assert.deepStrictEqual(told.filter((text) => secrets.some((secret) => text.includes(secret))), [])
      }).pipe(Effect.provide(platform))
  )
})
