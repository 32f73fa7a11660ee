import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, machine, platform } from "./support.ts"

const nothing = Script.fromTurns([])

/** What every connection is refused by. */
const noNetwork = { http_proxy: "http://127.0.0.1:1" }

const asked = (requests: ReadonlyArray<{ readonly path: string }>) =>
  requests.filter(({ path }) => path.endsWith("/models")).length

describe("effixir models", () => {
  it.scopedLive(
    "lists what the plan offers, with the default marked, and where the list comes from",
    () =>
      Effect.gen(function*() {
        const { run, secrets, asked: heard } = yield* machine(nothing, { models: ["gpt-5.5", "gpt-6-astra", "tiny"] })
        const { code, stderr, stdout } = yield* run(["models"])
        assert.strictEqual(code, 0)
        const [title, ...rows] = stdout.trimEnd().split("\n")
        assert.match(title ?? "", /^MODEL +CONTEXT +EFFORTS +INPUT$/)
        assert.deepStrictEqual(rows.map((row) => row.split(" ")[0]), ["gpt-5.5", "gpt-6-astra", "tiny"])
        assert.match(rows[0] ?? "", /272k .*low \[medium\] high xhigh .*text image .*default$/)
        assert.deepStrictEqual(rows.filter((row) => row.includes("default")).length, 1)
        assert.strictEqual(new Set([title, ...rows].map((row) => row?.search(/CONTEXT|272k/))).size, 1)
        assert.strictEqual(stderr, "As the server lists them now.\n")
        assert.notInclude(stdout, "\u001B")
        for (const secret of secrets) assert.notInclude(stdout + stderr, secret)

        const [request] = yield* heard
        assert.match(request?.query["client_version"] ?? "", /^\d+\.\d+\.\d+$/)
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "asks once in five minutes, unless told to, and gets along without an answer",
    () =>
      Effect.gen(function*() {
        const { fs, home, path, run, asked: heard } = yield* machine(nothing)
        const json = (env: Record<string, string>, ...args: ReadonlyArray<string>) =>
          Effect.map(run(["models", "--json", ...args], { env }), ({ code, stderr, stdout }) => {
            assert.deepStrictEqual([code, stderr, stdout.trimEnd().split("\n").length], [0, "", 1])
            return JSON.parse(stdout)
          })
        const first = yield* json({})
        assert.deepInclude(first, { source: "live", default_model: "gpt-6.2-sol", problem: null })
        assert.deepInclude(first.models[0], {
          slug: "gpt-6.2-sol",
          context_window: 500_000,
          max_context_window: 872_000,
          default_effort: "low",
          input_modalities: ["text", "image"],
          default: true
        })
        assert.strictEqual(asked(yield* heard), 1)
        const second = yield* json({})
        assert.deepStrictEqual([second.source, second.at], ["cache", first.at])
        assert.strictEqual(asked(yield* heard), 1)
        // The server knows the tag of what it has told.
        assert.strictEqual((yield* json({}, "--refresh")).source, "live")
        assert.strictEqual(asked(yield* heard), 2)
        const alone = yield* json(noNetwork, "--refresh")
        assert.strictEqual(alone.source, "cache")
        assert.deepStrictEqual(alone.models, first.models)
        assert.include(alone.problem, "ECONNREFUSED")
        const text = yield* run(["models", "--refresh"], { env: noNetwork })
        assert.strictEqual(text.code, 0)
        assertSentence(text.stderr, "ECONNREFUSED", " s ago")

        for (const name of yield* fs.readDirectory(path.join(home, "cache"))) {
          const file = path.join(home, "cache", name)
          assert.strictEqual((yield* fs.stat(file)).mode & 0o777, 0o600)
          yield* fs.writeFileString(file, (yield* fs.readFileString(file)).slice(0, 30))
        }
        assert.strictEqual((yield* json({})).source, "live")
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("leaves out what is hidden, unless all is asked for", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(nothing, { models: ["gpt-5.5", "codex-auto-review"] })
      assert.notInclude((yield* run(["models"])).stdout, "codex-auto-review")
      assert.match((yield* run(["models", "--all"])).stdout, /codex-auto-review .*hidden\n/)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("says in a sentence that there are none", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(nothing, { models: [] })
      const { code, stderr, stdout } = yield* run(["models"])
      assert.deepStrictEqual([code, stdout], [0, ""])
      assert.match(stderr, /^The server lists no models[^\n]*\.\n$/)
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "lists what a server with an API key has, and says when the default is not there",
    () =>
      Effect.gen(function*() {
        const { run, simulator } = yield* machine(nothing, { signedIn: false, models: ["llama3:8b"] })
        const env = { OPENAI_API_KEY: Redacted.value(simulator.apiKey) }
        const { code, stderr, stdout } = yield* run(["models"], { env })
        assert.strictEqual(code, 0)
        assert.strictEqual(stdout, "MODEL\nllama3:8b\n")
        assertSentence(stderr, "now", "gpt-6.2-sol, is not among them")
        const chosen = yield* run(["models"], { env: { ...env, EFFIXIR_MODEL: "llama3:8b" } })
        assert.match(chosen.stdout, /llama3:8b +default\n/)
        assert.strictEqual(chosen.stderr.trimEnd().split("\n").length, 1)

        const refused = yield* run(["models", "--refresh"], { env: { OPENAI_API_KEY: "sk-wrong" } })
        assert.strictEqual(refused.code, 0)
        assertSentence(refused.stderr, "status 401", "check OPENAI_API_KEY")
        assert.notInclude(refused.stderr, "sk-wrong")

        // Whoever has just been asked for the list anew knows how to ask.
        const old = yield* run(["models", "--refresh"], { env: { ...env, ...noNetwork } })
        assert.match(old.stderr, /could not be asked for: .*\nAs the server listed them .* ago\. The default/)
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("shows those it knows to somebody who is not signed in, and asks nobody", () =>
    Effect.gen(function*() {
      const { fs, home, run, asked: heard } = yield* machine(nothing, { signedIn: false })
      const { code, stderr, stdout } = yield* run(["models"])
      assert.strictEqual(code, 0)
      assert.match(stdout, /gpt-6\.2-sol .*default\n/)
      assertSentence(stderr, "effixir login", "2026-11-29")
      const json = JSON.parse((yield* run(["models", "--json"])).stdout)
      assert.strictEqual(json.source, "fallback")
      assert.include(json.problem, "effixir login")
      assert.deepStrictEqual(yield* heard, [])
      assert.isFalse(yield* fs.exists(home))
    }).pipe(Effect.provide(platform)))
})

describe("the choice of transport and dialect", () => {
  it.scopedLive("is made from known words, in the environment as in config.json", () =>
    Effect.gen(function*() {
      const { fs, home, path, run } = yield* machine(nothing)
      for (
        const [name, word] of [["EFFIXIR_TRANSPORT", "websocket"], ["EFFIXIR_DIALECT", "chat-completions"]] as const
      ) {
        assert.strictEqual((yield* run(["status"], { env: { [name]: word } })).code, 0)
        assert.strictEqual((yield* run(["status"], { env: { [name]: "" } })).code, 0)
        const refused = yield* run(["status"], { env: { [name]: "smoke-signals" } })
        assert.strictEqual(refused.code, 2)
        assertSentence(refused.stderr, name, word, "smoke-signals")
      }
      yield* fs.writeFileString(path.join(home, "config.json"), "{\"transport\":\"smoke-signals\"}")
      const refused = yield* run(["status"])
      assert.strictEqual(refused.code, 2)
      assertSentence(refused.stderr, "transport", "config.json", "websocket")
    }).pipe(Effect.provide(platform)))
})
