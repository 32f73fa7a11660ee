import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { createServer } from "node:net"
import { callbackPorts } from "../callbackPorts.ts"
import { answerOf, fresh, signedIn, tokenPath, urlOf, visit } from "./chatgpt.ts"
import { isThere, terminal } from "./pseudoTerminal.ts"
import { assertSentence, eventually, lines, platform } from "./support.ts"

/** Another program has the port. */
const occupy = (port: number) =>
  Effect.acquireRelease(
    Effect.async<() => void>((resume) => {
      const server = createServer()
      server.once("error", () => resume(Effect.succeed(() => {})))
      server.listen(port, "127.0.0.1", () => resume(Effect.succeed(() => server.close())))
    }),
    (close) => Effect.sync(close)
  )

describe("login --chatgpt", () => {
  it.scopedLive("sends nobody to the browser where what it is known by cannot be read", () =>
    Effect.gen(function*() {
      const { fs, home, path, follow } = yield* signedIn()
      for (const name of ["registrations.json", "host.json"]) {
        const before = yield* fs.readFileString(path.join(home, name))
        yield* fs.writeFileString(path.join(home, name), "{")
        const { output, result } = yield* follow(["login", "--chatgpt"])
        yield* eventually("it says so", () => output().stderr.includes(name))
        const { code, stderr } = yield* result
        assert.strictEqual(code, 4)
        assertSentence(stderr, "mend the file, or remove it")
        assert.notInclude(stderr, "/authorize?")
        yield* fs.writeFileString(path.join(home, name), before)
      }
    }).pipe(Effect.provide(platform)))

  it.scopedLive("shows the address, waits for the browser, and says once what is used", () =>
    Effect.gen(function*() {
      const { auth, clients, fs, home, path, run, follow, stored } = yield* fresh()
      const { output, result } = yield* follow(["login", "--chatgpt"])
      const url = yield* urlOf(output)
      const port = new URL(new URL(url).searchParams.get("redirect_uri") ?? "").port
      assert.include(output().stderr.split("\n"), url, "the address stands on a line of its own")
      yield* eventually("how another machine reaches it", () =>
        output().stderr.includes(`ssh -L ${port}:127.0.0.1:${port}`))
      assert.include(yield* visit(url), "You are signed in")
      const { code, stderr, stdout } = yield* result
      assert.deepStrictEqual([code, stdout], [0, ""])
      assertSentence(stderr, "Signed in as ada@example.com", "using your ChatGPT plan", "chatgpt.com/settings/usage")
      for (const name of ["auth.json", "host.json", "registrations.json"]) {
        assert.strictEqual((yield* fs.stat(path.join(home, name))).mode & 0o777, 0o600, name)
      }
      assert.deepStrictEqual(yield* clients, [(yield* stored).client_id])
      const status = yield* run(["status"])
      assert.strictEqual(status.code, 0)
      assert.match(status.stdout, /^email +ada@example.com$/m)
      assert.match(status.stdout, /Using ChatGPT plan/)
      assert.match(status.stdout, /^Manage usage +https:\/\/chatgpt.com\/settings\/usage$/m)

      const again = yield* follow(["login", "--chatgpt"])
      const next = yield* urlOf(again.output)
      assert.strictEqual(
        new URL(next).searchParams.get("id_token_hint"),
        Redacted.value((yield* stored).id_token),
        "the address can be opened as it stands there"
      )
      yield* visit(next)
      const second = yield* again.result
      assert.strictEqual(second.code, 0)
      assert.notInclude(second.stderr, "using your ChatGPT plan")
      assert.isTrue(yield* fs.exists(auth))
    }).pipe(Effect.provide(platform)))

  it.scopedLive("prints JSON lines with --json, and takes what is pasted", () =>
    Effect.gen(function*() {
      const { follow } = yield* fresh()
      const { output, result, type } = yield* follow(["login", "--chatgpt", "--json"], { stdin: null })
      const url = yield* urlOf(output)
      yield* type("https://example.com/?code=1\n")
      yield* eventually("it is refused", () => output().stdout.includes("login.paste_refused"))
      yield* type(`${yield* answerOf(url)}\n`)
      const { code, stdout } = yield* result
      assert.strictEqual(code, 0)
      const [prompt, refused, completed] = lines(stdout)
      assert.deepInclude(prompt, { type: "login.prompt", url })
      assert.strictEqual(refused?.["problem"], "NoAnswer")
      assert.deepInclude(completed, {
        type: "login.completed",
        kind: "chatgpt",
        email: "ada@example.com",
        plan_use: true
      })
    }).pipe(Effect.provide(platform)))

  it.scopedLive("takes any port where the usual one is not to be had", () =>
    Effect.gen(function*() {
      const { follow } = yield* fresh({}, callbackPorts)
      yield* occupy(1455)
      const { output, result } = yield* follow(["login", "--chatgpt"])
      const url = yield* urlOf(output)
      const { hostname, port } = new URL(new URL(url).searchParams.get("redirect_uri") ?? "")
      assert.strictEqual(hostname, "127.0.0.1")
      assert.notStrictEqual(port, "1455")
      yield* eventually("how another machine reaches it", () =>
        output().stderr.includes(`ssh -L ${port}:127.0.0.1:${port}`))
      yield* visit(url)
      assert.strictEqual((yield* result).code, 0)
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "keeps the sign-in that there is where another account comes, and says whose it is",
    () =>
      Effect.gen(function*() {
        const { auth, fs, simulator, follow } = yield* signedIn()
        const before = yield* fs.readFileString(auth)
        yield* simulator.turn({ account: { email: "bob@example.com", plan: "plus", accountId: "bob" } })
        const { output, result } = yield* follow(["login", "--chatgpt"])
        assert.include(yield* visit(yield* urlOf(output)), "did not work")
        const { code, stderr } = yield* result
        assert.strictEqual(code, 4)
        assertSentence(stderr, "Another account", "ada@example.com", "--profile")
        assert.strictEqual(yield* fs.readFileString(auth), before)
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("signs in without the plan, uses nothing then, and can be asked again", () =>
    Effect.gen(function*() {
      const { run, simulator, follow } = yield* fresh({ decline: "plan" })
      const first = yield* follow(["login", "--chatgpt"])
      assert.include(yield* visit(yield* urlOf(first.output)), "without your plan")
      const { code, stderr } = yield* first.result
      assert.strictEqual(code, 0)
      assertSentence(stderr, "Signed in as ada@example.com", "not for the use of your plan")
      const before = (yield* simulator.requests).length
      const turn = yield* run(["Say hello"], { env: { OPENAI_API_KEY: "sk-1" } })
      assert.deepStrictEqual([turn.code, turn.stdout], [4, ""])
      assertSentence(turn.stderr, "effixir login --chatgpt", "--auth api-key", "effixir login --device")
      const status = yield* run(["status", "--json"])
      assert.strictEqual(status.code, 4)
      assert.deepInclude(JSON.parse(status.stdout), { signed_in: true, plan_use: false, email: "ada@example.com" })
      const ruledOut = yield* run(["status", "--json", "--auth", "api-key"])
      assert.deepInclude(JSON.parse(ruledOut.stdout), { signed_in: false })
      assert.notProperty(JSON.parse(ruledOut.stdout), "kind")
      assert.strictEqual((yield* simulator.requests).length, before)

      yield* simulator.turn({ decline: "nothing" })
      const second = yield* follow(["login", "--chatgpt"])
      const url = yield* urlOf(second.output)
      assert.strictEqual(new URL(url).searchParams.get("prompt"), "consent")
      yield* visit(url)
      assertSentence((yield* second.result).stderr, "using your ChatGPT plan")
      assert.strictEqual((yield* run(["status"])).code, 0)
    }).pipe(Effect.provide(platform)))
})

describe.runIf(isThere)("the note about the plan, at a terminal", () => {
  it.scopedLive("is acknowledged once, and until then comes again with the next sign-in", () =>
    Effect.gen(function*() {
      const { run, start } = yield* fresh()
      const note = "You're using your ChatGPT plan"
      const signIn = Effect.fnUntraced(function*() {
        const { child, output, result } = yield* start(["login", "--chatgpt"], {
          stdin: null,
          through: terminal(100, 40),
          env: { TERM: "xterm", NO_COLOR: "1" }
        })
        yield* visit(yield* urlOf(output))
        return { child, output, result }
      })
      for (const [key, code] of [["\u0003", 0], ["\r", 0]] as const) {
        const { child, output, result } = yield* signIn()
        yield* eventually("it can be acknowledged", () => output().stdout.includes("Press Enter"))
        assertSentence(output().stdout, note, "chatgpt.com/settings/usage")
        // The sign-in does not depend on it.
        assert.strictEqual((yield* run(["status"])).code, 0)
        child.stdin?.write(key)
        assert.strictEqual((yield* result).code, code)
      }
      const { result } = yield* signIn()
      const { code, stdout } = yield* result
      assert.strictEqual(code, 0)
      assert.notInclude(stdout, note)
    }).pipe(Effect.provide(platform)))
})

describe("an official sign-in that has expired", () => {
  it.scopedLive(
    "is refreshed once by eight processes that start together, three times in a row",
    () =>
      Effect.gen(function*() {
        const { count, expire, run } = yield* signedIn({ tokenDelay: "1500 millis" })
        const before = yield* count(tokenPath)
        for (const round of [1, 2, 3]) {
          yield* expire
          const results = yield* Effect.all(
            Array.from({ length: 8 }, () => run(["status", "--refresh", "--json"])),
            { concurrency: 8 }
          )
          for (const { code, stdout } of results) {
            assert.strictEqual(code, 0, stdout)
            assert.deepInclude(JSON.parse(stdout), { signed_in: true, expired: false })
          }
          assert.strictEqual(yield* count(tokenPath), before + round)
        }
      }).pipe(Effect.provide(platform))
  )

  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    it.scopedLive(`is not lost when ${signal} comes while it is refreshed`, () =>
      Effect.gen(function*() {
        const { count, expire, run, start, stored } = yield* signedIn({ tokenDelay: "1500 millis" })
        yield* expire
        const before = yield* stored
        const calls = yield* count(tokenPath)
        const { child, result } = yield* start(["Say hello"])
        yield* eventually("the request is out", () =>
          Effect.runPromise(Effect.map(count(tokenPath), (n) => n === calls + 1)))
        child.kill(signal)
        assert.strictEqual((yield* result).code, code)
        assert.notStrictEqual(Redacted.value((yield* stored).refresh_token), Redacted.value(before.refresh_token))
        assert.strictEqual((yield* run(["status", "--refresh"])).code, 0)
        assert.strictEqual(yield* count(tokenPath), calls + 1)
      }).pipe(Effect.provide(platform)))
  }

  it.scopedLive(
    "is over where the answer of a refresh is lost, and comes back under the same client",
    () =>
      Effect.gen(function*() {
        const { clients, count, expire, run, simulator, follow, start, stored } = yield* signedIn()
        const [client] = yield* clients
        for (const how of ["kill", "cut"] as const) {
          yield* simulator.turn({ tokenDelay: how === "kill" ? "1500 millis" : 0, lostAnswer: how === "cut" })
          yield* expire
          const calls = yield* count(tokenPath)
          const { child, result } = yield* start(["status", "--refresh"])
          yield* eventually(
            "the request is out",
            () => Effect.runPromise(Effect.map(count(tokenPath), (n) => n > calls))
          )
          if (how === "kill") {
            child.kill("SIGKILL")
          }
          yield* result
          yield* simulator.turn({ tokenDelay: 0, lostAnswer: false })
          const { code, stdout } = yield* run(["status", "--refresh"])
          assert.strictEqual(code, 4)
          assertSentence(stdout, "effixir login")
          assert.deepStrictEqual(yield* clients, [client])
          const again = yield* follow(["login", "--chatgpt"])
          const url = yield* urlOf(again.output)
          assert.strictEqual(new URL(url).searchParams.get("client_id"), client)
          yield* visit(url)
          assert.strictEqual((yield* again.result).code, 0)
          assert.strictEqual((yield* stored).client_id, client)
          assert.strictEqual((yield* run(["status", "--refresh"])).code, 0)
        }
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("stays while the server is in trouble, or knows no client", () =>
    Effect.gen(function*() {
      const { auth, expire, fs, run, simulator } = yield* signedIn()
      yield* expire
      const before = yield* fs.readFileString(auth)
      for (const knobs of [{ tokenStatus: 503 }, { tokenStatus: 200, invalidClient: true }]) {
        yield* simulator.turn(knobs)
        const { code, stdout } = yield* run(["status", "--refresh"])
        assert.strictEqual(code, 4)
        assertSentence(stdout, "sign-in server")
        assert.match(stdout, /^signed in +yes$/m)
        assert.match(stdout, /^email +ada@example.com$/m)
        assert.strictEqual(yield* fs.readFileString(auth), before)
      }
      yield* simulator.turn({ invalidClient: false })
      assert.strictEqual((yield* run(["status", "--refresh"])).code, 0)
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "has its new tokens stored while their keys cannot be had, and uses them later",
    () =>
      Effect.gen(function*() {
        const { count, expire, run, simulator, stored } = yield* signedIn({ jwksStatus: 503 })
        const before = yield* stored
        const calls = yield* count(tokenPath)
        yield* expire
        assert.strictEqual((yield* run(["status", "--refresh"])).code, 4)
        const between = yield* stored
        assert.notStrictEqual(Redacted.value(between.refresh_token), Redacted.value(before.refresh_token))
        assert.isDefined(between.unverified)
        yield* simulator.turn({ jwksStatus: 200 })
        assert.strictEqual((yield* run(["status", "--refresh"])).code, 0)
        assert.isUndefined((yield* stored).unverified)
        assert.strictEqual(yield* count(tokenPath), calls + 1)
      }).pipe(Effect.provide(platform))
  )
})

describe("an official sign-in that the API refuses", () => {
  it.scopedLive("is not refreshed before its time", () =>
    Effect.gen(function*() {
      const { count, run, simulator } = yield* signedIn({ earliest: "seconds" })
      const calls = yield* count(tokenPath)
      yield* simulator.invalidateAccessTokens
      const { code, stderr, stdout } = yield* run(["Say hello"])
      assert.deepStrictEqual([code, stdout], [4, ""])
      assertSentence(stderr, "too early", "effixir login --chatgpt")
      yield* run(["status", "--refresh"])
      assert.strictEqual(yield* count(tokenPath), calls)
    }).pipe(Effect.provide(platform)))
})

describe("a base URL that is set for something else", () => {
  it.scopedLive("gets no token, and the person is told what to do", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* signedIn()
      const before = (yield* simulator.requests).length
      const env = { OPENAI_BASE_URL: "http://elsewhere.invalid/v1", OPENAI_API_KEY: "sk-1" }
      const { code, stderr, stdout } = yield* run(["run", "--json", "Say hello"], { env })
      assert.strictEqual(code, 2)
      const told = lines(stdout)
      assert.deepInclude(told.at(-1), { type: "turn.failed", exit_code: 2 })
      assert.deepInclude(told.at(-1)?.["error"], { kind: "ConfigError" })
      assertSentence(stderr, "OPENAI_BASE_URL", "http://elsewhere.invalid/v1", "--auth api-key")
      const models = yield* run(["models"], { env })
      assertSentence(models.stderr, "OPENAI_BASE_URL")
      assert.strictEqual((yield* simulator.requests).length, before)
    }).pipe(Effect.provide(platform)))
})

describe("logout", () => {
  it.scopedLive("ends it at the server, and keeps what the installation is known by", () =>
    Effect.gen(function*() {
      const { auth, clients, count, fs, hostId, run, follow, stored } = yield* signedIn()
      const { client_id } = yield* stored
      const before = yield* hostId
      assert.deepInclude(yield* run(["logout"]), { code: 0, stderr: "Signed out.\n" })
      assert.isFalse(yield* fs.exists(auth))
      assert.strictEqual(yield* count("/api/accounts/oauth/revoke"), 1)
      assert.strictEqual(yield* hostId, before)
      assert.deepStrictEqual(yield* clients, [client_id])
      const again = yield* follow(["login", "--chatgpt"])
      const url = new URL(yield* urlOf(again.output))
      assert.strictEqual(url.searchParams.get("client_id"), client_id)
      assert.strictEqual(url.searchParams.get("ext_agent_host_id"), before)
      assert.isFalse(url.searchParams.has("id_token_hint"))
    }).pipe(Effect.provide(platform)))

  it.scopedLive("says so where the server did not confirm it", () =>
    Effect.gen(function*() {
      const { auth, clients, count, fs, run } = yield* signedIn({ revokeStatus: 503 })
      const { code, stderr } = yield* run(["logout"])
      assert.strictEqual(code, 0)
      assertSentence(stderr, "Signed out here", "did not confirm", "settings of ChatGPT")
      assert.isFalse(yield* fs.exists(auth))
      assert.strictEqual(yield* count("/api/accounts/oauth/revoke"), 3)
      assert.strictEqual((yield* clients).length, 1)
    }).pipe(Effect.provide(platform)))
})
