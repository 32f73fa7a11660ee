import { SystemError } from "@effect/platform/Error"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as fc from "fast-check"
import * as RateLimitReading from "../../../src/responses/account/RateLimitReading.ts"
import * as RateLimits from "../../../src/responses/account/RateLimits.ts"
import * as Recordings from "../recordings.ts"

const now = DateTime.unsafeMake(1_790_000_000_000)

/** What the reader makes of it, as plain values. */
const plain = (reading: RateLimitReading.Reading | undefined) =>
  reading === undefined ? undefined : Schema.encodeSync(RateLimitReading.Reading)(reading)

const headers = {
  "content-type": "text/event-stream",
  "x-codex-plan-type": "plus",
  "x-codex-active-limit": "codex",
  "x-codex-primary-used-percent": "12.5",
  "x-codex-primary-window-minutes": "300",
  "x-codex-primary-reset-at": "1790010000",
  "x-codex-secondary-used-percent": "34",
  "x-codex-secondary-window-minutes": "10080",
  "x-codex-secondary-reset-at": "1790400000",
  "x-codex-primary-over-secondary-limit-percent": "0",
  "x-codex-credits-has-credits": "False",
  "x-codex-credits-unlimited": "0",
  "x-codex-credits-balance": ""
}

const fiveHours = { kind: "five-hour" as const, minutes: 300, usedPercent: 12.5, resetsAt: "2026-09-21T17:00:00.000Z" }
const week = { kind: "weekly" as const, minutes: 10_080, usedPercent: 34, resetsAt: "2026-09-26T05:20:00.000Z" }

const without = (...names: ReadonlyArray<string>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !names.some((part) => name.includes(part))))

describe("The headers", () => {
  it("tell of the windows of the plan", () => {
    assert.deepStrictEqual(plain(RateLimitReading.fromHeaders(headers, now)), {
      plan: "plus",
      activeLimit: "codex",
      credits: { hasCredits: false, unlimited: false },
      limits: [{ id: "codex", windows: [fiveHours, week] }]
    })
  })

  it("tell of nothing when there is no window among them", () => {
    for (const nothing of [{}, without("used-percent"), { "x-used-percent": "1", "x-ratelimit-limit-requests": "5" }]) {
      assert.isUndefined(RateLimitReading.fromHeaders(nothing, now))
    }
  })

  it("name a window by its length, whichever slot it comes in", () => {
    const free = {
      ...headers,
      "x-codex-primary-window-minutes": "10080",
      "x-codex-secondary-window-minutes": "0",
      "x-codex-secondary-used-percent": "0"
    }
    assert.deepStrictEqual(plain(RateLimitReading.fromHeaders(free, now))?.limits, [{
      id: "codex",
      windows: [{ ...fiveHours, kind: "weekly", minutes: 10_080 }]
    }])
    const month = { ...headers, "x-codex-primary-window-minutes": "43200" }
    assert.strictEqual(plain(RateLimitReading.fromHeaders(month, now))?.limits[0]?.windows[0]?.kind, "other")
    const rounded = { ...headers, "x-codex-primary-window-minutes": "299" }
    assert.strictEqual(plain(RateLimitReading.fromHeaders(rounded, now))?.limits[0]?.windows[0]?.kind, "five-hour")
  })

  it("tell of other limits beside that of the plan, by scanning their names", () => {
    const spark = {
      ...headers,
      "x-codex-other-model-primary-used-percent": "80",
      "x-codex-other-model-primary-window-minutes": "300",
      "x-codex-other-model-limit-name": "Other model"
    }
    assert.deepStrictEqual(plain(RateLimitReading.fromHeaders(spark, now))?.limits, [
      { id: "codex", windows: [fiveHours, week] },
      {
        id: "codex_other_model",
        name: "Other model",
        windows: [{ kind: "five-hour", minutes: 300, usedPercent: 80 }]
      }
    ])
  })

  it("are read in any case, and with values that are no texts, as an error frame has them", () => {
    assert.deepStrictEqual(
      plain(RateLimitReading.fromHeaders({
        "X-Codex-Primary-Used-Percent": 100,
        "X-Codex-Primary-Window-Minutes": 300,
        "X-Codex-Primary-Reset-After-Seconds": 10_000,
        "X-Codex-Credits-Has-Credits": true,
        "X-Codex-Credits-Unlimited": "TRUE",
        "X-Codex-Credits-Balance": 4.5,
        "X-Codex-Active-Limit": "premium"
      }, now)),
      {
        activeLimit: "premium",
        credits: { hasCredits: true, unlimited: true, balance: "4.5" },
        limits: [{ id: "codex", windows: [{ ...fiveHours, usedPercent: 100 }] }]
      }
    )
  })

  it("lose only what makes no sense", () => {
    const odd = (change: object) => plain(RateLimitReading.fromHeaders({ ...headers, ...change }, now))
    for (const percent of ["", "much", "NaN", "-1", "Infinity"]) {
      assert.deepStrictEqual(odd({ "x-codex-primary-used-percent": percent })?.limits[0]?.windows, [week], percent)
    }
    for (const at of ["", "soon", "1e300", "0"]) {
      const { resetsAt: _, ...open } = fiveHours
      assert.deepStrictEqual(odd({ "x-codex-primary-reset-at": at })?.limits[0]?.windows, [open, week], at)
    }
    assert.notProperty(odd({ "x-codex-credits-has-credits": "maybe" }), "credits")
    assert.notProperty(odd({ "x-codex-plan-type": " " }), "plan")
  })

  it("never throw, whatever is in them", () => {
    const name = fc.constantFrom(...Object.keys(headers), "x--primary-used-percent", "x-a-primary-used-percent")
    fc.assert(fc.property(fc.dictionary(name, fc.anything()), (headers) => {
      const reading = RateLimitReading.fromHeaders(headers, now)
      if (reading !== undefined) Schema.encodeSync(RateLimitReading.Reading)(reading)
    }))
  })
})

describe("The event", () => {
  const event = {
    type: "codex.rate_limits",
    plan_type: "pro",
    rate_limits: {
      primary: { used_percent: 12.5, window_minutes: 300, reset_at: 1_790_010_000 },
      secondary: { used_percent: 34, window_minutes: 10_080, reset_at: 1_790_400_000 }
    },
    credits: { has_credits: true, unlimited: false, balance: "10.00" }
  }

  it("tells the same", () => {
    assert.deepStrictEqual(plain(RateLimitReading.fromEvent(event, now)), {
      plan: "pro",
      credits: { hasCredits: true, unlimited: false, balance: "10.00" },
      limits: [{ id: "codex", windows: [fiveHours, week] }]
    })
  })

  it("may be of another limit, and lack nearly everything", () => {
    assert.deepStrictEqual(
      plain(RateLimitReading.fromEvent(
        {
          ...event,
          metered_limit_name: "codex-spark",
          limit_name: "Spark",
          rate_limits: { primary: null, secondary: event.rate_limits.secondary },
          credits: null,
          plan_type: null
        },
        now
      )),
      { limits: [{ id: "codex_spark", name: "Spark", windows: [week] }] }
    )
    assert.isUndefined(RateLimitReading.fromEvent({ type: "codex.rate_limits" }, now))
  })

  it("is none of the others", () => {
    for (const json of [undefined, null, "codex.rate_limits", [], { ...event, type: "response.created" }]) {
      assert.isUndefined(RateLimitReading.fromEvent(json, now))
    }
  })

  it.skipIf(!Recordings.areHere)("is found in a recording only where there is one", () => {
    for (const { events, name } of Recordings.streams) {
      for (const event of events) {
        assert.strictEqual(
          RateLimitReading.fromEvent(event, now) !== undefined,
          event.type === "codex.rate_limits",
          name
        )
      }
    }
  })

  it.skipIf(!Recordings.areHere)("never comes out of a body that was meant to be something else", () => {
    for (const { body } of Recordings.refusals) {
      assert.isUndefined(RateLimitReading.fromEvent(body, now))
      assert.isUndefined(RateLimitReading.fromUsage(body, now))
    }
  })
})

describe("The usage that is asked for", () => {
  const window = (used_percent: number, limit_window_seconds: number, reset_at: number) => ({
    used_percent,
    limit_window_seconds,
    reset_after_seconds: 1,
    reset_at
  })
  const usage = {
    plan_type: "plus",
    rate_limit: {
      allowed: true,
      limit_reached: false,
      primary_window: window(12.5, 18_000, 1_790_010_000),
      secondary_window: window(34, 604_800, 1_790_400_000)
    },
    additional_rate_limits: [
      { limit_name: "Spark", metered_feature: "codex_spark", rate_limit: { primary_window: window(34, 604_800, 0) } },
      { limit_name: "Nothing", metered_feature: "codex_nothing", rate_limit: null }
    ],
    credits: { has_credits: false, unlimited: false, balance: null }
  }

  it("tells of every limit", () => {
    assert.deepStrictEqual(plain(RateLimitReading.fromUsage(usage, now)), {
      plan: "plus",
      credits: { hasCredits: false, unlimited: false },
      limits: [
        { id: "codex", windows: [fiveHours, week] },
        { id: "codex_spark", name: "Spark", windows: [{ ...week, resetsAt: "2026-09-21T14:13:21.000Z" }] }
      ]
    })
  })

  it("may tell of a plan without limits, or of nothing", () => {
    assert.deepStrictEqual(
      plain(RateLimitReading.fromUsage({ plan_type: "enterprise", rate_limit: null, additional_rate_limits: {} }, now)),
      { plan: "enterprise", limits: [] }
    )
    for (const json of [undefined, null, "<html>", [], {}, { detail: "Not Found" }]) {
      assert.isUndefined(RateLimitReading.fromUsage(json, now))
    }
  })
})

describe("A reader of JSON", () => {
  it("never throws, and makes nothing of nonsense that could not be kept", () => {
    const odd = fc.oneof(
      fc.constantFrom<unknown>(null, "", "1", "True", -1, 1e308, 300, true, [], {}, { toString: 1 }),
      fc.double()
    )
    const window = fc.oneof(
      odd,
      fc.record({
        used_percent: odd,
        window_minutes: odd,
        limit_window_seconds: odd,
        reset_at: odd,
        reset_after_seconds: odd
      })
    )
    const windows = fc.oneof(odd, fc.record({ primary: window, primary_window: window, secondary_window: window }))
    const body = fc.record({
      plan_type: odd,
      rate_limits: windows,
      rate_limit: windows,
      limit_name: odd,
      metered_limit_name: odd,
      credits: fc.oneof(odd, fc.record({ has_credits: odd, unlimited: odd, balance: odd })),
      additional_rate_limits: fc.oneof(
        odd,
        fc.array(fc.record({ limit_name: odd, metered_feature: odd, rate_limit: windows }), { maxLength: 2 })
      )
    })
    fc.assert(fc.property(body, (json) => {
      plain(RateLimitReading.fromEvent({ ...json, type: "codex.rate_limits" }, now))
      plain(RateLimitReading.fromUsage(json, now))
    }))
    assert.deepStrictEqual(
      plain(RateLimitReading.fromUsage({ plan_type: "plus", credits: { has_credits: { toString: 1 } } }, now)),
      { plan: "plus", limits: [] }
    )
  })
})

const snapshotOf = (account: string) =>
  Effect.flatMap(RateLimits.RateLimits, ({ snapshot }) => snapshot(account)).pipe(
    Effect.map(Option.map(Schema.encodeSync(RateLimits.Snapshot))),
    Effect.map(Option.getOrNull)
  )

const observe = (account: string, headers: RateLimitReading.Headers) =>
  Effect.flatMap(RateLimits.RateLimits, ({ observeHeaders }) => observeHeaders(account, headers))

const broken = Effect.fail(new SystemError({ reason: "PermissionDenied", module: "KeyValueStore", method: "any" }))

const brokenStore = KeyValueStore.makeStringOnly({
  get: () => broken,
  set: () => broken,
  remove: () => broken,
  clear: broken,
  size: broken
})

describe("RateLimits", () => {
  it.effect("knows nothing until something is heard, and then tells whoever listens", () =>
    Effect.gen(function*() {
      const { latest, observeEvent, observeHeaders } = yield* RateLimits.RateLimits
      assert.isNull(yield* snapshotOf("a"))
      const heard = yield* Effect.fork(Stream.runCollect(Stream.take(latest.changes, 3)))
      yield* Effect.yieldNow()
      yield* observeHeaders("a", { "content-type": "text/plain" })
      yield* observeEvent("a", { type: "response.created" })
      yield* TestClock.adjust("1 minute")
      yield* observeHeaders("a", headers)
      yield* observeEvent("a", { type: "codex.rate_limits", plan_type: "pro" })
      const [none, first, second] = Chunk.toReadonlyArray(yield* Fiber.join(heard)).map(Option.getOrNull)
      assert.isNull(none)
      assert.strictEqual(first?.plan, "plus")
      assert.strictEqual(second?.plan, "pro")
      assert.deepStrictEqual(yield* snapshotOf("a"), {
        account: "a",
        at: "1970-01-01T00:01:00.000Z",
        plan: "pro",
        activeLimit: "codex",
        credits: { hasCredits: false, unlimited: false },
        limits: [{ id: "codex", windows: [fiveHours, week] }]
      })
    }).pipe(Effect.provide(RateLimits.layerMemory)))

  it.effect("replaces a limit that is told again, keeps others until they are over, and mixes no accounts", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(DateTime.toEpochMillis(now))
      const spark = {
        "x-spark-primary-used-percent": "80",
        "x-spark-primary-window-minutes": "300",
        "x-spark-primary-reset-at": "1790000600"
      }
      const limits = Effect.map(
        snapshotOf("a"),
        (snapshot) => snapshot?.limits.map(({ id, windows }) => `${id} ${windows.length}`)
      )
      yield* observe("a", spark)
      yield* observe("a", headers)
      assert.deepStrictEqual(yield* limits, ["codex 2", "spark 1"])
      yield* observe("a", without("secondary"))
      assert.deepStrictEqual(yield* limits, ["codex 1", "spark 1"])
      yield* TestClock.adjust("10 minutes")
      yield* observe("a", headers)
      assert.deepStrictEqual(yield* limits, ["codex 2"])
      yield* observe("b", spark)
      assert.deepStrictEqual((yield* snapshotOf("b"))?.limits.map(({ id }) => id), ["spark"])
      assert.notProperty(yield* snapshotOf("b"), "plan")
    }).pipe(Effect.provide(RateLimits.layerMemory)))

  it.effect("is found again by another program, each account apart", () =>
    Effect.gen(function*() {
      const program = <A, E>(effect: Effect.Effect<A, E, RateLimits.RateLimits>) =>
        Effect.provide(effect, Layer.fresh(RateLimits.layer))
      yield* program(Effect.zipRight(observe("a", headers), observe("b", { ...headers, "x-codex-plan-type": "pro" })))
      assert.strictEqual((yield* program(snapshotOf("a")))?.plan, "plus")
      assert.strictEqual((yield* program(snapshotOf("b")))?.plan, "pro")
      assert.isNull(yield* program(snapshotOf("c")))
      // What is heard next is added to what was known.
      const event = { type: "codex.rate_limits", plan_type: "team" }
      yield* program(Effect.flatMap(RateLimits.RateLimits, ({ observeEvent }) => observeEvent("a", event)))
      const snapshot = yield* program(snapshotOf("a"))
      assert.strictEqual(snapshot?.plan, "team")
      assert.strictEqual(snapshot?.limits.length, 1)
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  it.effect("takes a file that is torn or foreign for none, and writes over it", () =>
    Effect.gen(function*() {
      const snapshot = Effect.provide(snapshotOf("a"), Layer.fresh(RateLimits.layer))
      yield* Effect.provide(observe("a", headers), Layer.fresh(RateLimits.layer))
      const store = yield* KeyValueStore.KeyValueStore
      const whole = Option.getOrThrow(yield* store.get("rate-limits a"))
      const others = [
        whole.slice(0, -5),
        "",
        "[]",
        "null",
        whole.replace("\"account\":\"a\"", "\"account\":\"b\""),
        whole.replace("1970-", "yesterday ")
      ]
      for (const content of others) {
        yield* store.set("rate-limits a", content)
        assert.isNull(yield* snapshot, content)
      }
      yield* Effect.provide(observe("a", headers), Layer.fresh(RateLimits.layer))
      assert.strictEqual((yield* snapshot)?.plan, "plus")
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  it.effect("works on when nothing can be kept", () =>
    Effect.gen(function*() {
      yield* observe("a", headers)
      assert.strictEqual((yield* snapshotOf("a"))?.plan, "plus")
    }).pipe(
      Effect.provide(RateLimits.layer),
      Effect.provideService(KeyValueStore.KeyValueStore, brokenStore)
    ))
})
