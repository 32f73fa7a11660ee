import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Credential } from "../../src/auth/Credential.ts"
import type * as OpenAiSimulator from "../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, lines, machine, platform } from "./support.ts"

const hello = Script.answer(Script.say("Hello!"))

/** A person who is signed in with the official sign-in, or the one of Codex, and has an API key too. */
const signedIn = Effect.fnUntraced(function*(
  turn: Script.Turn,
  options: Partial<OpenAiSimulator.Options> & { readonly kind?: "chatgpt" | "subscription" } = {}
) {
  const here = yield* machine(() => turn, options)
  const { auth, fs, home, path, simulator } = here
  if (options.kind !== "subscription") {
    const credential = yield* simulator.signInWithChatGpt()
    yield* fs.writeFileString(auth, JSON.stringify(Schema.encodeSync(Credential)(credential)), { mode: 0o600 })
  }
  const env = { OPENAI_API_KEY: Redacted.value(simulator.apiKey) }
  return {
    ...here,
    run: (...args: ReadonlyArray<string>) => here.run(args, { env }),
    configure: (settings: object) => fs.writeFileString(path.join(home, "config.json"), JSON.stringify(settings)),
    posts: Effect.map(
      simulator.requests,
      (all) => all.filter(({ method, path }) => method === "POST" && path.endsWith("/responses"))
    )
  }
})

describe("a plan that is used up", () => {
  const failures: ReadonlyArray<readonly [where: string, kind: "chatgpt" | "subscription", turn: Script.Turn]> = [
    ["with a status", "chatgpt", Script.failPlan("subscription_sharing_usage_limit_exceeded", "status")],
    ["in the stream", "chatgpt", Script.failPlan("subscription_sharing_usage_limit_exceeded", "response.failed")],
    ["in an event of its own", "chatgpt", Script.failPlan("subscription_sharing_usage_limit_exceeded", "error")],
    [
      "by the host of Codex",
      "subscription",
      Script.refuse(429, {
        error: { type: "usage_limit_reached", message: "No more.", plan_type: "plus", resets_at: 2e9 }
      })
    ],
    [
      "by the host of Codex in the stream",
      "subscription",
      Script.fail({ code: "usage_limit_reached", message: "No more." })
    ]
  ]
  for (const [where, kind, turn] of failures) {
    it.scopedLive(
      `costs one request, ends with 7, and is not charged to an API key: told ${where}`,
      () =>
        Effect.gen(function*() {
          const { posts, run } = yield* signedIn(turn, { kind })
          const { code, stderr, stdout } = yield* run("run", "--json", "Say hello")
          assert.strictEqual(code, 7)
          const sent = yield* posts
          assert.strictEqual(sent.length, 1)
          assert.notInclude(sent[0]?.headers["authorization"], "sk-")
          const last = lines(stdout).at(-1)
          assert.deepInclude(last, { type: "turn.failed", exit_code: 7 })
          assert.deepInclude(last?.["error"], { kind: "UsageLimitReached", retryable: false })
          if (kind === "chatgpt") {
            assert.nestedInclude(last, { "error.details.kind": "subscription_sharing_usage_limit_exceeded" })
          }
          if (kind === "chatgpt") assertSentence(stderr, "https://chatgpt.com/settings/usage")
          assert.notInclude(lines(stdout).map(({ type }) => type), "retry")
        }).pipe(Effect.provide(platform))
    )
  }
})

describe("a model", () => {
  it.scopedLive(
    "is the first of the account where nobody chose one and the default is not there",
    () =>
      Effect.gen(function*() {
        const { posts, run } = yield* signedIn(hello, { models: ["gpt-6-astra", "gpt-5.6-sol"] })
        assert.strictEqual((yield* run("Say hello")).code, 0)
        assert.deepInclude((yield* posts)[0]?.body, { model: "gpt-6-astra" })
        assert.match((yield* run("status")).stdout, /^model +gpt-6-astra$/m)
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "that the account does not have is refused with the names of those that it has",
    () =>
      Effect.gen(function*() {
        const { posts, run } = yield* signedIn(hello, { models: ["gpt-6.2-sol", "gpt-6-astra"] })
        const { code, stderr, stdout } = yield* run("run", "--json", "-m", "gpt-4o", "Say hello")
        assert.strictEqual(code, 1)
        assertSentence(stderr, "gpt-6.2-sol, gpt-6-astra")
        assert.deepInclude(lines(stdout).at(-1)?.["error"], {
          kind: "ModelUnavailable",
          retryable: false
        })
        assert.include(stdout, JSON.stringify({ models: ["gpt-6.2-sol", "gpt-6-astra"] }).slice(1, -1))
        assert.strictEqual((yield* posts).length, 1)
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "that has not the effort that was asked for is named once, with the one that it is asked for",
    () =>
      Effect.gen(function*() {
        const { configure, posts, run } = yield* signedIn(hello, { models: ["gpt-6.2-sol", "gpt-5.5"] })
        yield* configure({ reasoning_effort: "max" })
        const first = yield* run("run", "-m", "gpt-5.5", "Say hello")
        assert.strictEqual(first.code, 0)
        assertSentence(first.stderr, "gpt-5.5 has no effort \"max\"", "\"xhigh\"", "low, medium, high, xhigh")
        const next = yield* run("resume", "--last", "Again")
        assert.notInclude(next.stderr, "effort")
        const asked = (yield* posts).length
        const none = yield* run("run", "--effort", "hihg", "-m", "gpt-5.5", "Say hello")
        assert.strictEqual(none.code, 2)
        assertSentence(none.stderr, "gpt-5.5 has no effort \"hihg\" (it has low, medium, high, xhigh)")
        assert.strictEqual((yield* posts).length, asked)
        assert.notInclude((yield* run("run", "-m", "gpt-6.2-sol", "Say hello")).stderr, "effort")
        yield* configure({ reasoning_effort: "ultra" })
        assert.notInclude((yield* run("run", "-m", "gpt-6.2-sol", "Say hello")).stderr, "effort")
        const efforts = (yield* posts).map(({ body }) =>
          (body as { reasoning?: { effort?: string } }).reasoning?.effort
        )
        assert.deepStrictEqual(efforts, ["xhigh", "xhigh", "max", "max"])
      }).pipe(Effect.provide(platform))
  )
})
