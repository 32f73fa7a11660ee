import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { apiKey } from "../../../src/auth/Credential.ts"
import { SignedOut } from "../../../src/auth/SignedOut.ts"
import * as PlanUsage from "../../../src/responses/account/PlanUsage.ts"
import * as RateLimits from "../../../src/responses/account/RateLimits.ts"
import { subscription } from "../../auth/tokens.ts"
import * as Host from "../host.ts"

const plan = subscription({ accountId: "acct-1" })
const usage = { plan_type: "plus", rate_limit: { primary_window: { used_percent: 7, limit_window_seconds: 18_000 } } }

/** What is known after the host was asked, or why not. */
const refresh = (host: ReturnType<typeof Host.make>, chatgptBaseUrl = "https://host.test/codex") =>
  Effect.gen(function*() {
    const { refresh } = yield* PlanUsage.PlanUsage
    const failed = yield* Effect.merge(Effect.as(refresh, undefined))
    const { snapshot } = yield* RateLimits.RateLimits
    return { failed, snapshot: Option.getOrUndefined(yield* snapshot("chatgpt:acct-1")) }
  }).pipe(
    Effect.provide(PlanUsage.layer({ chatgptBaseUrl, apiBaseUrl: "https://api.test/v1" })),
    Effect.provide(host.layer),
    Effect.provide(RateLimits.layerMemory)
  )

describe("PlanUsage", () => {
  it.effect.each([
    ["https://host.test/backend-api/codex", "https://host.test/backend-api/wham/usage"],
    ["https://host.test/codex", "https://host.test/wham/usage"],
    ["https://host.test/elsewhere", "https://host.test/elsewhere/wham/usage"]
  ])("asks the neighbour of %s", ([base, url]) =>
    Effect.gen(function*() {
      const host = Host.make(() => Host.json(usage), plan, base)
      const { failed, snapshot } = yield* refresh(host, base)
      assert.isUndefined(failed)
      assert.deepStrictEqual(host.asked.map(({ url }) => url), [url])
      assert.strictEqual(snapshot?.plan, "plus")
      assert.deepStrictEqual(snapshot?.limits, [
        { id: "codex", windows: [{ kind: "five-hour", minutes: 300, usedPercent: 7 }] }
      ])
    }))

  it.effect("has nothing to ask for an API key", () =>
    Effect.gen(function*() {
      const host = Host.make(() => Host.json(usage), apiKey(Redacted.make("sk-1")))
      assert.deepStrictEqual(yield* refresh(host), { failed: undefined, snapshot: undefined })
      assert.deepStrictEqual(host.asked, [])
    }))

  it.effect("says why there is no answer", () =>
    Effect.gen(function*() {
      const cases = [
        [Host.make(() => Effect.sync(() => new Response("", { status: 500 })), plan), "Transport", "status 500"],
        [Host.make(() => Host.json({ detail: "Not Found" }), plan), "MalformedOutput", "no usage"],
        [
          Host.make(() => Host.json(usage), undefined),
          "Unauthorized",
          new SignedOut({ reason: "NeverSignedIn" }).message
        ]
      ] as const
      for (const [host, reason, detail] of cases) {
        const { failed, snapshot } = yield* refresh(host)
        assert.strictEqual(failed?.reason._tag, reason)
        assert.include(failed?.detail, detail)
        assert.isUndefined(snapshot)
      }
    }))

  it.effect("does not wait for ever", () =>
    Effect.gen(function*() {
      const asking = yield* Effect.fork(refresh(Host.make(() => Effect.never, plan)))
      yield* TestClock.adjust("5 seconds")
      assert.include((yield* Fiber.join(asking)).failed?.message, "5 seconds")
    }))
})
