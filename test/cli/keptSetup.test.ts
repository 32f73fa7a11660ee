import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Credential } from "../../src/auth/Credential.ts"
import * as OpenAiSimulator from "../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, lines, machine, platform } from "./support.ts"

const done = Script.answer(Script.say("Done."))

/** A machine with two sign-ins: one without a name, and `work`, of another account. Both hosts know the API key too. */
const setup = Effect.fnUntraced(function*(options?: Parameters<typeof machine>[1], script: Script.Script = () => done) {
  const here = yield* machine(script, options)
  const { fs, home, path, run, simulator } = here
  const signIn = Effect.fnUntraced(function*(profile: string | undefined, accountId: string) {
    const folder = profile === undefined ? home : path.join(home, "profiles", profile)
    yield* fs.makeDirectory(folder, { recursive: true, mode: 0o700 })
    const json = JSON.stringify(yield* Schema.encode(Credential)(yield* simulator.signIn({ accountId })))
    yield* fs.writeFileString(path.join(folder, "auth.json"), json, { mode: 0o600 })
  })
  if (options?.signedIn !== false) yield* signIn(undefined, "account-own")
  yield* signIn("work", "account-work")
  return {
    ...here,
    signIn,
    key: { OPENAI_API_KEY: Redacted.value(simulator.apiKey) },
    /** A first turn; gives the session. */
    first: Effect.fnUntraced(function*(flags: ReadonlyArray<string>, env: Record<string, string> = {}) {
      const { code, stderr, stdout } = yield* run(["run", "--json", ...flags, "Go"], { env })
      assert.strictEqual(code, 0, stderr)
      return String(lines(stdout)[0]?.["thread_id"])
    }),
    /** What the last request was made with. */
    last: Effect.map(simulator.requests, (all) => {
      const { body, headers, path } = all.findLast(({ method }) => method === "POST") ?? assert.fail("no request")
      const { model, reasoning, tools } = body as Body
      return {
        path,
        account: headers["chatgpt-account-id"],
        hasKey: headers["authorization"] === `Bearer ${Redacted.value(simulator.apiKey)}`,
        model,
        effort: reasoning?.effort,
        hasSearch: tools?.some(({ type }) => type === "web_search") === true
      }
    }),
    asked: Effect.map(simulator.requests, (all) => all.filter(({ method }) => method === "POST").length)
  }
})

interface Body {
  readonly model: string
  readonly reasoning?: { readonly effort?: string }
  readonly tools?: ReadonlyArray<{ readonly type: string }>
}

/** What a person is told beside what the turn has taken, and how to go on. */
const told = ({ stderr }: { readonly stderr: string }) => stderr.replaceAll(/^(?:\S+ s · .*|To go on: .*)\n/gm, "")

type Here = Effect.Effect.Success<ReturnType<typeof setup>>

/** Refused with exit code 4 and a sentence, in text and in JSON, and nothing was sent. */
const refused = Effect.fnUntraced(function*(
  { asked, run }: Here,
  args: ReadonlyArray<string>,
  env: Record<string, string>,
  ...parts: ReadonlyArray<string>
) {
  const before = yield* asked
  const text = yield* run(["resume", ...args, "More"], { env })
  assert.deepStrictEqual([text.code, text.stdout], [4, ""], text.stderr)
  assertSentence(text.stderr, ...parts)
  const { code, stdout } = yield* run(["resume", "--json", ...args, "More"], { env })
  assert.strictEqual(code, 4)
  assert.deepStrictEqual(lines(stdout).map(({ exit_code, type }) => [type, exit_code]), [["turn.failed", 4]])
  assert.include(stdout, `"kind":"OtherPayer"`)
  assert.strictEqual(yield* asked, before)
})

describe("a session that goes on", () => {
  it.scopedLive(
    "stays with its profile, whatever the environment says, until a flag names another",
    () =>
      Effect.gen(function*() {
        const here = yield* setup()
        const { first, last, run } = here
        const session = yield* first(["--profile", "work"])
        assert.strictEqual((yield* last).account, "account-work")
        for (const args of [[session], ["--last"]]) {
          const kept = yield* run(["resume", ...args, "More"], { env: { EFFIXIR_PROFILE: "other" } })
          assert.deepStrictEqual([kept.code, (yield* last).account], [0, "account-work"])
          assertSentence(kept.stderr, "goes on with --profile work, as before; the flag changes that\n")
        }
        const other = yield* run(["resume", session, "--profile", "default", "More"])
        assert.deepStrictEqual([other.code, (yield* last).account], [0, "account-own"])
        assertSentence(
          other.stderr,
          "otherwise than before",
          "profile default instead of work",
          "another ChatGPT account"
        )
        // The change stays.
        const after = yield* run(["resume", session, "More"], { env: { EFFIXIR_PROFILE: "work" } })
        assert.deepStrictEqual([after.code, (yield* last).account], [0, "account-own"])
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "stays with an API key where a plan is signed in as well, and the other way round",
    () =>
      Effect.gen(function*() {
        const here = yield* setup()
        const { first, key, last, run } = here
        const byKey = yield* first(["--auth", "api-key"], key)
        const kept = yield* run(["resume", byKey, "More"], { env: key })
        assert.deepStrictEqual([kept.code, told(kept), (yield* last).hasKey], [0, "", true])
        yield* refused(here, [byKey], {}, "API key", "set OPENAI_API_KEY", `effixir resume ${byKey} --auth chatgpt`)
        yield* refused(here, ["--last"], { EFFIXIR_AUTH: "chatgpt" }, "API key")
        yield* refused(here, [byKey], { OPENAI_API_KEY: "sk-another-key" }, "another API key", "--auth api-key")
        yield* refused(here, [byKey], { ...key, OPENAI_PROJECT: "proj-other" }, "another API key", "project")
        const billed = yield* run(["resume", byKey, "--auth", "chatgpt", "More"], { env: key })
        assert.deepStrictEqual([billed.code, (yield* last).account], [0, "account-own"])
        assertSentence(billed.stderr, "payer ChatGPT account instead of API key")

        const byPlan = yield* first([], key)
        const still = yield* run(["resume", byPlan, "More"], { env: { ...key, EFFIXIR_AUTH: "api-key" } })
        assert.deepStrictEqual([still.code, told(still), (yield* last).account], [0, "", "account-own"])
        yield* here.fs.remove(here.auth)
        yield* refused(
          here,
          [byPlan],
          key,
          "ChatGPT account",
          "effixir login",
          `effixir resume ${byPlan} --auth api-key`
        )
        yield* here.signIn(undefined, "account-new")
        yield* refused(here, [byPlan], key, "another ChatGPT account", "--auth chatgpt")
        const flagged = yield* run(["resume", byPlan, "--auth", "api-key", "More"], { env: key })
        assert.deepStrictEqual([flagged.code, (yield* last).hasKey], [0, true])
        assertSentence(flagged.stderr, "payer API key instead of ChatGPT account")
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("keeps model, effort and search, which flags change one by one", () =>
    Effect.gen(function*() {
      const { first, fs, home, last, path, run } = yield* setup()
      const session = yield* first(["-m", "gpt-6-astra", "--effort", "high", "--search"])
      const asked = Effect.map(last, ({ effort, hasSearch, model }) => [model, effort, hasSearch])
      assert.deepStrictEqual(yield* asked, ["gpt-6-astra", "high", true])
      yield* fs.writeFileString(
        path.join(home, "config.json"),
        JSON.stringify({ model: "gpt-5.5", reasoning_effort: "low", web_search: false })
      )
      const kept = yield* run(["resume", session, "More"], { env: { EFFIXIR_MODEL: "gpt-5.6-sol" } })
      assert.strictEqual(kept.code, 0)
      assertSentence(kept.stderr, "goes on with -m gpt-6-astra and --effort high, as before; the flag changes that\n")
      const quiet = yield* run(["resume", session, "--json", "More"], { env: { EFFIXIR_MODEL: "gpt-5.6-sol" } })
      assert.deepStrictEqual([quiet.code, quiet.stderr], [0, ""])
      assert.deepStrictEqual(yield* asked, ["gpt-6-astra", "high", true])

      const model = yield* run(["resume", session, "-m", "gpt-5.5", "More"])
      assertSentence(model.stderr, "otherwise than before: model gpt-5.5 instead of gpt-6-astra\n")
      assert.deepStrictEqual((yield* asked).toSpliced(1, 1), ["gpt-5.5", true])
      for (const flag of ["--no-search", "--search=false"]) {
        const search = yield* run(["resume", session, flag, "More"])
        if (flag === "--no-search") assertSentence(search.stderr, "otherwise than before: search off instead of on\n")
        assert.deepStrictEqual((yield* asked).toSpliced(1, 1), ["gpt-5.5", false])
      }
      const effort = yield* run(["resume", session, "--effort", "low", "More"])
      assertSentence(effort.stderr, "otherwise than before: effort low instead of high\n")
      const after = yield* run(["resume", session, "More"], { env: { EFFIXIR_MODEL: "gpt-5.6-sol" } })
      assert.strictEqual(after.code, 0)
      assert.deepStrictEqual((yield* asked).toSpliced(1, 1), ["gpt-5.5", false])
      const log = lines(yield* fs.readFileString(path.join(home, "sessions", session, "log.ndjson")))
      const efforts = log.flatMap(({ event }) => {
        const { _tag, effort } = event as { readonly _tag: string; readonly effort?: string }
        return _tag === "TurnStarted" ? [effort] : []
      })
      assert.deepStrictEqual(efforts, ["high", "high", "high", "high", "high", "high", "low", "low"])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("keeps its sandbox, also the usual one, and is never let do more without a word", () =>
    Effect.gen(function*() {
      const { first, fs, home, path, run } = yield* setup()
      const unset = { EFFIXIR_SANDBOX: "" }
      const off = { EFFIXIR_SANDBOX: "off" }
      const session = yield* first([], unset)
      const kept = yield* run(["resume", session, "More"], { env: off })
      assertSentence(kept.stderr, "goes on with --sandbox workspace-write, as before; the flag changes that\n")
      const narrower = yield* run(["resume", session, "--json", "More"], { env: off })
      assert.deepStrictEqual([kept.code, narrower.code, narrower.stderr], [0, 0, ""])
      const changed = yield* run(["resume", session, "--sandbox", "off", "More"], { env: unset })
      assertSentence(changed.stderr, "otherwise than before: sandbox off instead of workspace-write\n")
      // It is wider than what is set, which a program is told as well.
      const wider = yield* run(["resume", session, "--json", "More"], { env: unset })
      assertSentence(wider.stderr, "goes on with --sandbox off, as before; the flag changes that\n")
      const same = yield* run(["resume", session, "More"], { env: off })
      assert.deepStrictEqual([changed.code, wider.code, same.code, told(same)], [0, 0, 0, ""])
      const log = path.join(home, "sessions", session, "log.ndjson")
      const text = yield* fs.readFileString(log)
      const sandboxes = lines(text).flatMap(({ event }) => {
        const { _tag, setup } = event as { readonly _tag: string; readonly setup?: { readonly sandbox?: string } }
        return _tag === "TurnStarted" ? [setup?.sandbox] : []
      })
      assert.deepStrictEqual(sandboxes, ["default", "default", "default", "off", "off", "off"])
      // An older log does not tell it: the settings count.
      yield* fs.writeFileString(log, text.replaceAll(/,"sandbox":"[a-z]+"/g, ""))
      const older = yield* run(["resume", session, "More"], { env: off })
      assert.deepStrictEqual([older.code, told(older)], [0, ""])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("says which MCP servers it has now, once, where they are others than before", () =>
    Effect.gen(function*() {
      const { first, fs, home, path, run } = yield* setup()
      // They need not run for that.
      const configure = (...names: ReadonlyArray<string>) =>
        fs.writeFileString(
          path.join(home, "config.json"),
          JSON.stringify({ mcp_servers: Object.fromEntries(names.map((name) => [name, { command: "/nowhere" }])) })
        )
      const otherwise = Effect.fnUntraced(function*(...args: ReadonlyArray<string>) {
        const { code, stderr } = yield* run([...args, "More"])
        assert.strictEqual(code, 0, stderr)
        return /^effixir: this session goes on otherwise than before: (.*)$/m.exec(stderr)?.[1]
      })
      yield* configure("b", "a")
      const session = yield* first([])
      assert.isUndefined(yield* otherwise("resume", session))
      yield* configure("a", "b")
      assert.isUndefined(yield* otherwise("resume", session))
      yield* configure("b", "c")
      const changed = "MCP servers b, c instead of a, b"
      assert.strictEqual(yield* otherwise("fork", session), changed)
      assert.strictEqual(yield* otherwise("resume", session), changed)
      assert.isUndefined(yield* otherwise("resume", session))
      yield* configure()
      assert.strictEqual(yield* otherwise("resume", session), "MCP servers none instead of b, c")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("changes a turn that was cut short by flags as well", () =>
    Effect.gen(function*() {
      const script = Script.fromTurns([Script.answer(Script.call("bash", { command: "true" })), done])
      const { last, run } = yield* setup(undefined, script)
      const cut = yield* run(["run", "--json", "--max-steps", "1", "-m", "gpt-6-astra", "Go"])
      assert.strictEqual(cut.code, 8)
      const { code, stderr } = yield* run(["resume", "--last", "-m", "gpt-6.2-sol", "--effort", "high"])
      assert.strictEqual(code, 0, stderr)
      assertSentence(stderr, "model gpt-6.2-sol instead of gpt-6-astra; effort high instead of the default")
      const { effort, model } = yield* last
      assert.deepStrictEqual([model, effort], ["gpt-6.2-sol", undefined], "the effort is an item of the conversation")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("stays at its server, and with its dialect", () =>
    Effect.gen(function*() {
      const { asked, first, key, last, run, simulator } = yield* setup({ signedIn: false })
      const other = yield* OpenAiSimulator.make({ script: () => done })
      const elsewhere = { ...key, OPENAI_BASE_URL: other.apiBaseUrl, EFFIXIR_DIALECT: "responses" }
      const session = yield* first(["--dialect", "chat-completions", "-m", "gpt-6.1-sol"], key)
      const kept = yield* run(["resume", session, "More"], { env: elsewhere })
      assert.deepStrictEqual([kept.code, yield* asked], [0, 2])
      assertSentence(kept.stderr, `goes on with --base-url ${simulator.apiBaseUrl} and --dialect chat-completions, as`)
      assert.match((yield* last).path, /chat\/completions$/)
      assert.lengthOf((yield* other.requests).filter(({ method }) => method === "POST"), 0)

      const moved = yield* run(["resume", session, "--base-url", other.apiBaseUrl, "--dialect", "responses", "More"], {
        env: key
      })
      // It was asked, and knows no such key.
      assertSentence(
        moved.stderr,
        `base URL ${other.apiBaseUrl} instead of ${simulator.apiBaseUrl}`,
        "dialect responses instead of chat-completions"
      )
      assert.isNotEmpty((yield* other.requests).filter(({ method }) => method === "POST"))
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "goes on without a profile that is gone where the same account is signed in, and stops elsewhere",
    () =>
      Effect.gen(function*() {
        const here = yield* setup()
        const { first, fs, home, last, path, run, signIn } = here
        const session = yield* first(["--profile", "work"])
        yield* fs.remove(path.join(home, "profiles"), { recursive: true })
        yield* refused(
          here,
          [session],
          here.key,
          "signed in as work",
          "effixir login --profile work",
          "--profile default"
        )
        yield* signIn(undefined, "account-work")
        const { code, stderr } = yield* run(["resume", session, "More"])
        assert.deepStrictEqual([code, (yield* last).account], [0, "account-work"])
        assertSentence(stderr, "profile default instead of work, where nobody is signed in any more")
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("goes on with the usual model where its own is gone", () =>
    Effect.gen(function*() {
      const { first, fs, home, last, path, run } = yield* setup({ models: ["gpt-6.2-sol", "gpt-5.5"] })
      const session = yield* first(["-m", "gpt-5.5"])
      const log = path.join(home, "sessions", session, "log.ndjson")
      yield* fs.writeFileString(log, (yield* fs.readFileString(log)).replaceAll("gpt-5.5", "gpt-4-gone"))
      const { code, stderr } = yield* run(["resume", session, "More"])
      assert.deepStrictEqual([code, (yield* last).model], [0, "gpt-6.2-sol"], stderr)
      assertSentence(stderr, "model gpt-6.2-sol instead of gpt-4-gone, which the account no longer has")
      const after = yield* run(["resume", session, "More"])
      assert.deepStrictEqual([after.code, told(after)], [0, ""])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("whose model went while the kept list still names it is refused once, and then goes on with the usual one", () =>
    Effect.gen(function*() {
      const { first, fs, home, last, path, run } = yield* setup({ models: ["gpt-6.2-sol", "gpt-5.5"] })
      const session = yield* first(["-m", "gpt-5.5"])
      const log = path.join(home, "sessions", session, "log.ndjson")
      const cache = path.join(home, "cache")
      const listed = yield* Effect.filter(
        yield* fs.readDirectory(cache),
        (name) =>
          name.endsWith(".json")
            ? Effect.map(fs.readFileString(path.join(cache, name)), (text) => text.includes("\"gpt-5.5\""))
            : Effect.succeed(false)
      )
      for (const file of [log, ...listed.map((name) => path.join(cache, name))]) {
        yield* fs.writeFileString(file, (yield* fs.readFileString(file)).replaceAll("gpt-5.5", "gpt-4-gone"))
      }
      assert.isNotEmpty(listed)
      const { code, stderr } = yield* run(["resume", session, "More"])
      assert.strictEqual(code, 1)
      assertSentence(stderr, "This model cannot be used with this account; choose another one", "gpt-6.2-sol")
      const next = yield* run(["resume", session])
      assert.deepStrictEqual([next.code, (yield* last).model], [0, "gpt-6.2-sol"], next.stderr)
      assertSentence(next.stderr, "model gpt-6.2-sol instead of gpt-4-gone, which the account no longer has")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("of an older log stays with its model and effort, and with its account", () =>
    Effect.gen(function*() {
      const here = yield* setup()
      const { first, fs, home, key, last, path, run } = here
      const older = Effect.fnUntraced(function*(session: string) {
        const log = path.join(home, "sessions", session, "log.ndjson")
        const text = yield* fs.readFileString(log)
        assert.include(text, `"setup":{`)
        yield* fs.writeFileString(log, text.replaceAll(/,"setup":\{[^}]*\}/g, ""))
        return session
      })
      const plan = yield* older(yield* first(["-m", "gpt-6-astra", "--effort", "high"]))
      const kept = yield* run(["resume", plan, "More"], { env: { ...key, EFFIXIR_AUTH: "api-key" } })
      assert.deepStrictEqual([kept.code, told(kept)], [0, ""])
      assert.deepInclude(yield* last, { account: "account-own", model: "gpt-6-astra", effort: "high" })
      const other = yield* older(yield* first(["--profile", "work"]))
      yield* refused(here, [other], {}, "another ChatGPT account", "--profile NAME")
      assert.strictEqual((yield* run(["resume", other, "--profile", "work", "More"])).code, 0)
      const byKey = yield* older(yield* first(["--auth", "api-key"], key))
      yield* refused(here, [byKey], {}, "an API key")
      const same = yield* run(["resume", byKey, "More"], { env: { ...key, OPENAI_BASE_URL: "http://127.0.0.1:1/v1" } })
      assert.deepStrictEqual([same.code, (yield* last).hasKey], [0, true])
    }).pipe(Effect.provide(platform)))
})
