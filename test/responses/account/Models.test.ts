import * as KeyValueStore from "@effect/platform/KeyValueStore"
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as fc from "fast-check"
import { apiKey, type Credential } from "../../../src/auth/Credential.ts"
import { clientVersion } from "../../../src/auth/Host.ts"
import * as Model from "../../../src/responses/account/Model.ts"
import * as Models from "../../../src/responses/account/Models.ts"
import { subscription } from "../../auth/tokens.ts"
import * as Host from "../host.ts"
import { readings } from "./readings.ts"

const plan = subscription({ accountId: "acct-1" })
const key = apiKey(Redacted.make("sk-1"))

/** The models of a program of its own; what is kept outlives it. */
const list = (
  host: ReturnType<typeof Host.make>,
  options?: Parameters<typeof Models.Models.Service.list>[0],
  chatgptBaseUrl = "https://host.test/codex"
) =>
  Effect.flatMap(Models.Models, ({ list }) => list(options)).pipe(
    Effect.provide(Models.layer({ chatgptBaseUrl, apiBaseUrl: "https://api.test/v1" })),
    Effect.provide(host.layer)
  )

/** The same for a run. */
const catalogue = (host: ReturnType<typeof Host.make>) =>
  Effect.flatMap(Models.Models, ({ catalogue }) => catalogue).pipe(
    Effect.provide(Models.layer({ chatgptBaseUrl: "https://host.test/codex", apiBaseUrl: "https://api.test/v1" })),
    Effect.provide(host.layer)
  )

const slugs = ({ models }: Models.Listing) => models.map(({ slug }) => slug)

const info = (slug: string, more: object = {}) => ({ slug, display_name: slug.toUpperCase(), ...more })

const hosting = (body: unknown, credential: Credential = plan) => Host.make(() => Host.json(body), credential)

describe("Models", () => {
  it.effect("asks the ChatGPT host as a client that no model is hidden from", () =>
    Effect.gen(function*() {
      const host = hosting({ models: [info("b", { priority: 2 }), info("a", { priority: 1 })] })
      const listing = yield* list(host)
      assert.deepStrictEqual(slugs(listing), ["a", "b"])
      assert.strictEqual(listing.source, "live")
      assert.deepStrictEqual(host.asked.map(({ url }) => url), [
        `https://host.test/codex/models?client_version=${clientVersion}`
      ])
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  it.effect("asks a server with an API key plainly", () =>
    Effect.gen(function*() {
      const host = hosting({ object: "list", data: [{ id: "llama3:8b" }, { id: "text-embedding-3-small" }] }, key)
      const listing = yield* list(host)
      assert.deepStrictEqual(listing.models, [{ slug: "llama3:8b", name: "llama3:8b" }])
      assert.deepStrictEqual(host.asked.map(({ url }) => url), ["https://host.test/codex/models"])
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  it.effect("asks again after five minutes, or when told to", () =>
    Effect.gen(function*() {
      const host = hosting({ models: [info("a")] })
      const first = yield* list(host)
      yield* TestClock.adjust("299 seconds")
      const second = yield* list(host)
      assert.deepStrictEqual([second.source, DateTime.toEpochMillis(second.at)], ["cache", 0])
      assert.deepStrictEqual(second.models, first.models)
      assert.strictEqual(host.asked.length, 1)
      assert.strictEqual((yield* list(host, { refresh: true })).source, "live")
      assert.strictEqual(host.asked.length, 2)
      yield* TestClock.adjust("299 seconds")
      assert.strictEqual((yield* list(host)).source, "cache")
      yield* TestClock.adjust("1 second")
      const last = yield* list(host)
      assert.deepStrictEqual([last.source, DateTime.toEpochMillis(last.at)], ["live", 599_000])
      assert.strictEqual(host.asked.length, 3)
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  it.effect("does not trust a list from the future", () =>
    Effect.gen(function*() {
      const host = hosting({ models: [info("a")] })
      yield* TestClock.setTime(1_000_000)
      yield* list(host)
      yield* TestClock.setTime(0)
      assert.strictEqual((yield* list(host)).source, "live")
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  it.effect("keeps the lists of accounts and hosts apart", () =>
    Effect.gen(function*() {
      yield* list(hosting({ models: [info("one")] }))
      const others = [
        [hosting({ models: [info("two")] }, subscription({ accountId: "acct-2" })), undefined, "two"],
        [hosting({ models: [info("three")] }), "https://other.test/codex", "three"],
        [hosting({ data: [{ id: "four" }] }, key), undefined, "four"]
      ] as const
      for (const [host, base, slug] of others) {
        assert.deepStrictEqual(slugs(yield* list(host, {}, base)), [slug])
      }
      assert.deepStrictEqual(slugs(yield* list(hosting({ models: [] }))), ["one"])
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  it.effect("need not be told again what has not changed", () =>
    Effect.gen(function*() {
      const host = Host.make(({ headers }) =>
        headers["if-none-match"] === "\"1\""
          ? Effect.sync(() => new Response(null, { status: 304 }))
          : Host.json({ models: [info("a")] }, { etag: "\"1\"" }), plan)
      yield* list(host)
      yield* TestClock.adjust("1 hour")
      const listing = yield* list(host)
      assert.deepStrictEqual(slugs(listing), ["a"])
      assert.deepStrictEqual([listing.source, DateTime.toEpochMillis(listing.at)], ["live", 3_600_000])
      // It is young again, and still has its tag.
      assert.strictEqual((yield* list(host)).source, "cache")
      yield* list(host, { refresh: true })
      assert.deepStrictEqual(host.asked.map(({ headers }) => headers["if-none-match"]), [undefined, "\"1\"", "\"1\""])
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  const troubles: ReadonlyArray<readonly [string, () => Effect.Effect<Response>]> = [
    ["status 503", () => Effect.sync(() => new Response("busy", { status: 503 }))],
    ["status 404", () => Effect.sync(() => Response.json({ detail: "Not Found" }, { status: 404 }))],
    ["no list of models", () => Host.json({ detail: "hm" })],
    ["no list of models", () => Host.json(null)],
    ["what came back is no JSON", () => Effect.sync(() => new Response("<html>no</html>"))],
    ["", () => Effect.sync(() => new Response("<html>"))]
  ]

  it.effect("shows an old list when the server is in trouble, and a list of its own when there is none", () =>
    Effect.gen(function*() {
      for (const [problem, answer] of troubles) {
        const host = Host.make(answer, plan)
        const unknown = yield* Effect.provide(list(host), Layer.fresh(KeyValueStore.layerMemory))
        assert.strictEqual(unknown.source, "fallback")
        assert.include(unknown.problem, problem)
        assert.include(slugs(unknown), Models.defaultModel)
        assert.include(slugs(unknown), "gpt-6-astra")
      }
      yield* list(hosting({ models: [info("a")] }))
      yield* TestClock.adjust("30 days")
      for (const [problem, answer] of troubles) {
        const old = yield* list(Host.make(answer, plan))
        assert.deepStrictEqual([slugs(old), old.source, DateTime.toEpochMillis(old.at)], [["a"], "cache", 0])
        assert.include(old.problem, problem)
      }
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  it.effect("names no model of OpenAI for another server", () =>
    Effect.gen(function*() {
      for (const [problem, answer] of troubles) {
        const listing = yield* Effect.provide(list(Host.make(answer, key)), Layer.fresh(KeyValueStore.layerMemory))
        assert.deepStrictEqual(slugs(listing), [])
        assert.include(listing.problem, problem)
      }
    }))

  it.each(readings)(
    "reads the list of %s",
    (_, json, expected) => assert.deepStrictEqual<unknown>(Option.getOrUndefined(Model.fromList(json)), expected)
  )

  it.effect("waits five seconds and no longer, also for the end of a body", () =>
    Effect.gen(function*() {
      const endless = () => Effect.sync(() => new Response(new ReadableStream({ pull: () => new Promise(() => {}) })))
      for (const answer of [() => Effect.never, endless]) {
        const listing = yield* Effect.fork(list(Host.make(answer, plan)))
        yield* TestClock.adjust("4999 millis")
        assert.isNull(Option.getOrNull(yield* Fiber.poll(listing)))
        yield* TestClock.adjust("1 millis")
        assert.include((yield* Fiber.join(listing)).problem, "5 seconds")
      }
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  it.effect("lets one run wait for a server that does not answer, and the others only after an hour", () =>
    Effect.gen(function*() {
      let isUp = false
      const host = Host.make(() => isUp ? Host.json({ models: [info("a")] }) : Effect.never, plan)
      const run = Effect.gen(function*() {
        const fiber = yield* Effect.fork(catalogue(host))
        yield* TestClock.adjust("1 millis")
        const isWaiting = Option.isNone(yield* Fiber.poll(fiber))
        if (isWaiting) yield* TestClock.adjust("5 seconds")
        const { models, problem } = yield* Fiber.join(fiber)
        return { isWaiting, problem, first: models[0]?.slug }
      })
      assert.deepInclude(yield* run, { isWaiting: true, first: Models.defaultModel })
      const second = yield* run
      assert.deepInclude(second, { isWaiting: false, first: Models.defaultModel })
      assert.include(second.problem, "did not answer")
      yield* TestClock.adjust("59 minutes")
      assert.isFalse((yield* run).isWaiting)
      yield* TestClock.adjust("1 minute")
      assert.isTrue((yield* run).isWaiting)
      // Whoever asks for the list asks the server, and an answer ends the silence for all.
      isUp = true
      assert.strictEqual((yield* list(host)).source, "live")
      yield* TestClock.adjust("25 hours")
      isUp = false
      assert.deepInclude(yield* run, { isWaiting: true, first: "a" })
      assert.deepInclude(yield* run, { isWaiting: false, first: "a" })
      yield* TestClock.setTime(0)
      assert.isTrue((yield* run).isWaiting, "a note from the future counts for nothing")
      assert.strictEqual(host.asked.length, 5)
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  it.effect("asks again at once where the server was in trouble, and said so", () =>
    Effect.gen(function*() {
      const host = Host.make(() => Effect.sync(() => new Response("busy", { status: 503 })), plan)
      yield* catalogue(host)
      yield* catalogue(host)
      assert.strictEqual(host.asked.length, 2)
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  it.effect("has a list for somebody who is not signed in, and asks nobody", () =>
    Effect.gen(function*() {
      const host = Host.make(() => Host.json({ models: [] }), undefined)
      const listing = yield* list(host)
      assert.strictEqual(listing.source, "fallback")
      assert.include(listing.problem, "effixir login")
      assert.deepStrictEqual(host.asked, [])
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  it.effect("leaves out what is not meant to be chosen, but knows it", () =>
    Effect.gen(function*() {
      const models = [
        info("a", { visibility: "list" }),
        info("b", { visibility: "hide" }),
        info("c", { visibility: "none" })
      ]
      const host = hosting({ models })
      assert.deepStrictEqual(slugs(yield* list(host)), ["a"])
      assert.deepStrictEqual(slugs(yield* list(host, { hidden: true })), ["a", "b", "c"])
      assert.strictEqual(host.asked.length, 1)
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))

  it.effect("takes a torn list for none", () =>
    Effect.gen(function*() {
      const host = hosting({ models: [info("a")] })
      yield* list(host)
      const store = yield* KeyValueStore.KeyValueStore
      const name = `models ${clientVersion} chatgpt:acct-1 https://host.test/codex`
      const whole = Option.getOrThrow(yield* store.get(name))
      for (const content of ["", whole.slice(0, 40), whole.replace("acct-1", "acct-2")]) {
        yield* store.set(name, content)
        assert.strictEqual((yield* list(host)).source, "live")
      }
    }).pipe(Effect.provide(KeyValueStore.layerMemory)))
})

describe("A list", () => {
  it("is read with whatever can be made out of it", () => {
    const full = {
      slug: "gpt-x",
      display_name: "GPT-X",
      description: "Thinks.",
      default_reasoning_level: "low",
      supported_reasoning_levels: [{ effort: "low", description: "a little" }, "high", 7],
      visibility: "list",
      context_window: 272_000,
      input_modalities: ["text", null, "image"],
      supports_parallel_tool_calls: false,
      something_new: {}
    }
    assert.deepStrictEqual(
      Option.getOrNull(
        Model.fromList({
          models: [full, { slug: "least" }, {}, null, "x", { slug: 7 }, { slug: "" }, { slug: "two\nlines" }]
        })
      ),
      [
        {
          slug: "gpt-x",
          name: "GPT-X",
          description: "Thinks.",
          contextWindow: 272_000,
          efforts: ["low", "high"],
          defaultEffort: "low",
          inputModalities: ["text", "image"],
          parallelToolCalls: false,
          visibility: "list"
        },
        { slug: "least", name: "least" }
      ]
    )
  })

  it("may say the length of a context in the words of other servers", () => {
    const data = [{ id: "a", max_model_len: 32_768 }, { id: "b", context_length: 8192 }, { id: "c", context_window: 0 }]
    const models = Option.getOrThrow(Model.fromList({ data }))
    assert.deepStrictEqual(models.map(({ contextWindow }) => contextWindow), [32_768, 8192, undefined])
  })

  it("names no model that gives no answer in words", () => {
    const silent = ["whisper-1", "tts-1-hd", "dall-e-3", "gpt-image-1", "gpt-4o-transcribe", "gpt-4o-realtime-preview"]
    const models = Option.getOrThrow(Model.fromList({ data: [...silent, "gpt-4o", "o3"].map((id) => ({ id })) }))
    assert.deepStrictEqual(models.filter((model) => !Model.isHidden(model)).map(({ slug }) => slug), ["gpt-4o", "o3"])
  })

  it("never throws, whatever a server sends", () => {
    fc.assert(fc.property(fc.jsonValue(), (json) => {
      for (const body of [json, { models: json }, { data: json }, { models: [json] }]) {
        for (const { name, slug } of Option.getOrElse(Model.fromList(body), () => [])) assert.isString(slug + name)
      }
    }))
  })

  it("of our own has no model that is retired", () => {
    const listed = slugs(Models.fallback)
    assert.include(listed, Models.defaultModel)
    for (const retired of ["gpt-5", "gpt-5.2", "gpt-5.3-codex", "gpt-5.4", "gpt-5.4-mini"]) {
      assert.notInclude(listed, retired)
    }
  })
})
