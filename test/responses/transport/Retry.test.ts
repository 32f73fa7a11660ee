import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { OAuthError } from "../../../src/auth/OAuthError.ts"
import { imageNotTaken, imageRefused } from "../../../src/prompts/Conversation.ts"
import * as Item from "../../../src/responses/Item.ts"
import { ModelError, type Reason } from "../../../src/responses/ModelError.ts"
import * as Request from "../../../src/responses/Request.ts"
import * as Response from "../../../src/responses/Response.ts"
import * as StreamEvent from "../../../src/responses/StreamEvent.ts"
import type { Attempt } from "../../../src/responses/transport/Attempt.ts"
import * as Retry from "../../../src/responses/transport/Retry.ts"

const thought: Item.Item = { type: "reasoning", summary: [], encrypted_content: "gAAAA" }
const request = Request.make({
  model: "gpt-5.5",
  instructions: "Be brief.",
  input: [Item.userMessage("Hi"), thought, { ...thought, summary: [{ type: "summary_text", text: "Hm." }] }],
  cacheKey: "session-1"
})

const failing = (reason: Reason, code?: string) =>
  new ModelError({ reason, detail: "so it is", ...(code === undefined ? {} : { code }) })
const overloaded = failing({ _tag: "Overloaded" })

const event = (raw: object) => StreamEvent.fromJson(raw)
const partial = event({ type: "response.output_text.delta", delta: "Hal" })
const half = event({ type: "response.output_item.done", output_index: 0, item: { type: "message", id: "half" } })
const whole = event({ type: "response.output_item.done", output_index: 0, item: { type: "message", id: "whole" } })
const completed = event({ type: "response.completed", response: { id: "resp_1" } })

type Answer = Stream.Stream<StreamEvent.StreamEvent, ModelError>

/** Gives the answers in order, the last one for ever, and tells what was sent when. */
const run = (answers: ReadonlyArray<Answer>, budget: Partial<Retry.Budget> = {}, asking = request) =>
  Effect.gen(function*() {
    const sent = yield* Ref.make<ReadonlyArray<{ readonly at: number; readonly request: Request.Request }>>([])
    const attempt: Attempt = (request) =>
      Stream.unwrap(Effect.gen(function*() {
        const at = yield* Clock.currentTimeMillis
        const all = yield* Ref.updateAndGet(sent, (before) => [...before, { at, request }])
        return answers[all.length - 1] ?? answers.at(-1) ?? Stream.empty
      }))
    const events: Array<StreamEvent.StreamEvent> = []
    const stream = Retry.make({ ...Retry.defaults, ...budget })(attempt)(asking)
    const fiber = yield* Effect.fork(Effect.either(Stream.runForEach(stream, (event) =>
      Effect.sync(() => {
        events.push(event)
      }))))
    yield* TestClock.adjust("1 hour")
    const end = yield* Fiber.join(fiber)
    return {
      events,
      retries: events.filter((event) => event.type === "effixir.retry"),
      sent: yield* Ref.get(sent),
      failure: Either.isLeft(end) ? end.left : undefined
    }
  })

describe("Retry", () => {
  it.effect("sends a request five times at most, and tells of each time but the first", () =>
    Effect.gen(function*() {
      const { events, failure, retries, sent } = yield* run([Stream.fail(overloaded)])
      assert.strictEqual(failure, overloaded)
      assert.strictEqual(sent.length, 5)
      assert.deepStrictEqual(events.length, 4)
      assert.deepStrictEqual(retries.map(({ attempt, maxAttempts }) => [attempt, maxAttempts]), [
        [2, 5],
        [3, 5],
        [4, 5],
        [5, 5]
      ])
      assert.deepInclude(retries[0], { reason: "Overloaded", message: overloaded.message, isWithoutEncrypted: false })
    }))

  it.effect("waits longer each time, as long as it says", () =>
    Effect.gen(function*() {
      const { retries, sent } = yield* run([Stream.fail(overloaded)])
      const waits = sent.slice(1).map(({ at }, index) => at - (sent[index]?.at ?? 0))
      assert.deepStrictEqual(waits, retries.map(({ delay }) => delay))
      for (const [index, wait] of waits.entries()) {
        const usual = 200 * 2 ** index
        assert.isAtLeast(wait, usual * 0.8)
        assert.isAtMost(wait, usual * 1.2)
      }
    }))

  it.effect("takes back what an attempt has told that breaks off", () =>
    Effect.gen(function*() {
      const broken = Stream.concat(Stream.make(partial, half), Stream.fail(failing({ _tag: "StreamIncomplete" })))
      const { events, failure } = yield* run([broken, Stream.make(partial, whole, completed)])
      assert.strictEqual(failure, undefined)
      assert.deepStrictEqual(events.map(({ type }) => type), [
        "response.output_text.delta",
        "response.output_item.done",
        "effixir.retry",
        "response.output_text.delta",
        "response.output_item.done",
        "response.completed"
      ])
      assert.deepStrictEqual<unknown>(Response.items(events.reduce(Response.add, Response.empty)), [
        {
          type: "message",
          id: "whole",
          role: "assistant",
          content: [{ type: "output_text", text: "Hal", annotations: [] }]
        }
      ])
    }))

  const passing: ReadonlyArray<Reason> = [
    { _tag: "RateLimited" },
    { _tag: "Overloaded" },
    { _tag: "Transport" },
    { _tag: "StreamIncomplete" },
    { _tag: "IdleTimeout" }
  ]
  it.effect.each(passing)("tries again after $_tag", (reason) =>
    Effect.gen(function*() {
      const { failure, retries } = yield* run([Stream.fail(failing(reason)), Stream.make(completed)])
      assert.strictEqual(failure, undefined)
      assert.deepStrictEqual(retries.map((retry) => retry.reason), [reason._tag])
    }))

  const lasting: ReadonlyArray<Reason> = [
    { _tag: "UsageLimitReached" },
    { _tag: "QuotaExceeded" },
    { _tag: "Unauthorized" },
    { _tag: "ModelUnavailable" },
    { _tag: "ContextOverflow" },
    { _tag: "InvalidRequest" },
    { _tag: "ContentFiltered" },
    { _tag: "MalformedOutput" }
  ]
  it.effect.each(lasting)("never tries again after $_tag", (reason) =>
    Effect.gen(function*() {
      const { events, failure, sent } = yield* run([Stream.fail(failing(reason)), Stream.make(completed)])
      assert.deepStrictEqual(failure?.reason, reason)
      assert.strictEqual(sent.length, 1)
      assert.deepStrictEqual(events, [])
    }))

  it.effect("leaves a refresh of the credential to its own budget", () =>
    Effect.gen(function*() {
      const cause = new OAuthError({ reason: "Transport", detail: "down" })
      const error = new ModelError({ reason: { _tag: "Transport" }, detail: cause.message, cause })
      const { failure, sent } = yield* run([Stream.fail(error), Stream.make(completed)])
      assert.strictEqual(failure, error)
      assert.strictEqual(sent.length, 1)
    }))

  it.effect("waits as long as the server asks for", () =>
    Effect.gen(function*() {
      for (const _tag of ["RateLimited", "Overloaded"] as const) {
        const { sent } = yield* run([Stream.fail(failing({ _tag, retryAfter: 20_000 })), Stream.make(completed)])
        assert.deepStrictEqual(sent.map(({ at }) => at - (sent[0]?.at ?? 0)), [0, 20_000])
      }
    }))

  it.effect("does not wait for a server that asks for more than the budget has", () =>
    Effect.gen(function*() {
      const { events, failure, sent } = yield* run([Stream.fail(failing({ _tag: "RateLimited", retryAfter: 60_001 }))])
      assert.strictEqual(failure?.retryAfter, 60_001)
      assert.strictEqual(sent.length, 1)
      assert.deepStrictEqual(events, [])
    }))

  it.effect("counts the time from the first failure, and with it the attempts that take long", () =>
    Effect.gen(function*() {
      const slow = Stream.concat(Stream.drain(Stream.fromEffect(Effect.sleep("40 seconds"))), Stream.fail(overloaded))
      const { sent } = yield* run([slow])
      const [first, ...rest] = sent.map(({ at }) => at)
      assert.strictEqual(rest.length, 2)
      for (const at of rest) assert.isAtMost(at - (first ?? 0) - 40_000, Duration.toMillis("1 minute"))
    }))

  it.effect("leaves out what the server cannot read any more, once and at once", () =>
    Effect.gen(function*() {
      const unreadable = failing({ _tag: "InvalidRequest" }, "invalid_encrypted_content")
      const mended = yield* run([Stream.fail(unreadable), Stream.make(completed)])
      assert.strictEqual(mended.failure, undefined)
      assert.deepStrictEqual(mended.sent.map(({ request }) => request.input), [request.input, [Item.userMessage("Hi")]])
      assert.deepStrictEqual(mended.sent.map(({ at }) => at), [0, 0])
      assert.deepStrictEqual(mended.retries.map((retry) => [retry.attempt, retry.isWithoutEncrypted]), [[2, true]])

      const hopeless = yield* run([Stream.fail(unreadable)])
      assert.strictEqual(hopeless.failure, unreadable)
      assert.strictEqual(hopeless.sent.length, 2)
    }))

  const shown: Item.Item = {
    type: "function_call_output",
    call_id: "call_1",
    output: [{ type: "input_text", text: "logo.png" }, { type: "input_image", image_url: "data:," }]
  }
  const told = {
    ...shown,
    output: [{ type: "input_text", text: "logo.png" }, { type: "input_text", text: imageNotTaken }]
  }

  it.effect.each(
    [
      ["InvalidRequest", "Output of tool call should be 'Input text'"],
      ["Overloaded", "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"],
      ["InvalidRequest", "Invalid 'input[2].output': Input should be a valid string"],
      ["InvalidRequest", "The image data you provided does not represent a valid image."]
    ] as const
  )(
    "puts words in the place of images from tools that are refused, once and at once: %s, %s",
    ([_tag, detail]) =>
      Effect.gen(function*() {
        const refused = new ModelError({ reason: { _tag }, detail })
        const asking = { ...request, input: [Item.userMessage("Hi"), shown] }
        const mended = yield* run([Stream.fail(refused), Stream.make(completed)], undefined, asking)
        assert.strictEqual(mended.failure, undefined)
        assert.deepStrictEqual(mended.sent.map(({ request }) => request.input[1]), [shown, told])
        assert.deepStrictEqual(mended.sent.map(({ at }) => at), [0, 0])
        assert.deepStrictEqual(mended.retries.map(({ isWithoutImages }) => isWithoutImages), [true])
        const hopeless = yield* run([Stream.fail(refused)], { attempts: 2, elapsed: "1 minute" }, asking)
        assert.deepStrictEqual([hopeless.failure, hopeless.sent.length], [refused, 2])
      })
  )

  const ofPerson: Item.Item = {
    type: "message",
    role: "user",
    content: [{ type: "input_text", text: "This?" }, { type: "input_image", image_url: "data:," }]
  }

  it.effect.each(
    [
      { reason: { _tag: "InvalidRequest" }, detail: "The image data you provided does not represent a valid image" },
      { reason: { _tag: "ContextOverflow" }, detail: "Request Entity Too Large", status: 413 }
    ] as const
  )("puts words in the place of all images when those of tools were not it: %j", (failure) =>
    Effect.gen(function*() {
      const refused = new ModelError(failure)
      const asking = { ...request, input: [ofPerson, shown] }
      const mended = yield* run([Stream.fail(refused), Stream.fail(refused), Stream.make(completed)], undefined, asking)
      assert.strictEqual(mended.failure, undefined)
      const words = {
        ...ofPerson,
        content: [{ type: "input_text", text: "This?" }, { type: "input_text", text: imageRefused }]
      }
      assert.deepStrictEqual(mended.sent.map(({ request }) => request.input), [
        [ofPerson, shown],
        [ofPerson, told],
        [words, told]
      ])
      assert.deepStrictEqual(mended.retries.map((retry) => [retry.isWithoutImages, retry.isWithoutAnyImages]), [
        [true, undefined],
        [undefined, true]
      ])
      assert.match(mended.retries[1]?.message ?? "", /; words stand in the place of the images so far$/)
      const hopeless = yield* run([Stream.fail(refused)], undefined, asking)
      assert.deepStrictEqual([hopeless.failure, hopeless.sent.length], [refused, 3])
    }))

  it.effect("leaves what the server has compacted to whoever knows what it stands for", () =>
    Effect.gen(function*() {
      const unreadable = failing({ _tag: "InvalidRequest" }, "invalid_encrypted_content")
      const asking = { ...request, input: [{ type: "compaction", encrypted_content: "gAAAA" }, thought] }
      const { failure, sent } = yield* run([Stream.fail(unreadable)], undefined, asking)
      assert.deepStrictEqual([failure, sent.length], [unreadable, 1])
    }))

  it.effect("sends nothing again for other faults", () =>
    Effect.gen(function*() {
      const strange = new ModelError({
        reason: { _tag: "InvalidRequest" },
        detail: "Input should be a valid string: output"
      })
      assert.strictEqual(
        (yield* run([Stream.fail(strange)], undefined, { ...request, input: [ofPerson] })).sent.length,
        1
      )
      const asking = { ...request, input: [shown] }
      for (const detail of ["Unknown parameter: store", "No tool output found for tool call call_1."]) {
        const other = new ModelError({ reason: { _tag: "InvalidRequest" }, detail })
        assert.strictEqual((yield* run([Stream.fail(other)], undefined, asking)).sent.length, 1)
      }
    }))

  it.effect("keeps thoughts that nobody has encrypted", () =>
    Effect.gen(function*() {
      const unreadable = failing({ _tag: "InvalidRequest" }, "invalid_encrypted_content")
      const plain = { type: "reasoning", summary: [], content: [{ type: "reasoning_text", text: "Hm." }] }
      const asking = { ...request, input: [plain, ...request.input] }
      const { sent } = yield* run([Stream.fail(unreadable), Stream.make(completed)], undefined, asking)
      assert.deepStrictEqual(sent[1]?.request.input, [plain, Item.userMessage("Hi")])
    }))

  it.effect("keeps leaving it out when it tries again for another reason", () =>
    Effect.gen(function*() {
      const unreadable = failing({ _tag: "InvalidRequest" }, "invalid_encrypted_content")
      const { failure, sent } = yield* run([Stream.fail(unreadable), Stream.fail(overloaded), Stream.make(completed)])
      assert.strictEqual(failure, undefined)
      assert.deepStrictEqual(sent.map(({ request }) => request.input.length), [3, 1, 1])
    }))

  it.effect("spends what it is given", () =>
    Effect.gen(function*() {
      const none = yield* run([Stream.fail(overloaded)], { attempts: 1 })
      assert.strictEqual(none.sent.length, 1)
      const many = yield* run([Stream.fail(overloaded)], { attempts: 20, elapsed: "10 seconds" })
      assert.isAtMost((many.sent.at(-1)?.at ?? 0) - (many.sent[0]?.at ?? 0), 10_000)
      assert.isAbove(many.sent.length, 5)
    }))

  const loading = failing({ _tag: "Overloaded", isLoading: true })
  const times = (sent: ReadonlyArray<{ readonly at: number }>) => sent.map(({ at }) => at - (sent[0]?.at ?? 0))

  it.effect("waits for a server that is loading its model, a minute longer than for others", () =>
    Effect.gen(function*() {
      const ready = yield* run([...Array.from({ length: 9 }, () => Stream.fail(loading)), Stream.make(completed)])
      assert.strictEqual(ready.failure, undefined)
      assert.deepStrictEqual(times(ready.sent), [0, 1, 3, 7, 12, 17, 22, 27, 32, 37].map((second) => second * 1000))
      assert.isTrue(ready.retries.every(({ isLoading }) => isLoading))
      for (const { attempt, maxAttempts } of ready.retries) assert.isAtMost(attempt, maxAttempts)

      const never = yield* run([Stream.fail(loading)])
      assert.strictEqual(never.failure, loading)
      assert.strictEqual(times(never.sent).at(-1), 117_000)
      const brief = yield* run([Stream.fail(loading)], { elapsed: "10 seconds", loading: "5 seconds" })
      assert.strictEqual(times(brief.sent).at(-1), 12_000)
    }))

  it.effect("waits as long as a server asks for that is loading its model", () =>
    Effect.gen(function*() {
      const patient = failing({ _tag: "Overloaded", isLoading: true, retryAfter: 20_000 })
      const { sent } = yield* run([Stream.fail(patient)])
      assert.deepStrictEqual(times(sent), [0, 20, 40, 60, 80, 100, 120].map((second) => second * 1000))
    }))

  it.effect("has its whole budget for a server that has loaded its model", () =>
    Effect.gen(function*() {
      const { failure, retries, sent } = yield* run([
        ...Array.from({ length: 6 }, () => Stream.fail(loading)),
        Stream.fail(overloaded)
      ])
      assert.strictEqual(failure, overloaded)
      assert.strictEqual(sent.length, 6 + 5)
      assert.deepStrictEqual(retries.map(({ isLoading }) => isLoading), [
        ...Array.from({ length: 6 }, () => true),
        ...Array.from({ length: 4 }, () => false)
      ])
    }))

  it.effect("waits for no server if it is to send once", () =>
    Effect.gen(function*() {
      const { events, sent } = yield* run([Stream.fail(loading)], { attempts: 1 })
      assert.strictEqual(sent.length, 1)
      assert.deepStrictEqual(events, [])
    }))

  it.effect("starts each call with a whole budget", () =>
    Effect.gen(function*() {
      const count = yield* Ref.make(0)
      const attempt: Attempt = () => Stream.unwrap(Effect.as(Ref.update(count, (n) => n + 1), Stream.fail(overloaded)))
      const stream = Retry.make(Retry.defaults)(attempt)(request)
      for (const expected of [5, 10]) {
        const fiber = yield* Effect.fork(Effect.flip(Stream.runDrain(stream)))
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(fiber)
        assert.strictEqual(yield* Ref.get(count), expected)
      }
    }))
})
