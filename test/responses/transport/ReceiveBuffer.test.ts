import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { ModelError } from "../../../src/responses/ModelError.ts"
import * as ReceiveBuffer from "../../../src/responses/transport/ReceiveBuffer.ts"
import type * as Timeouts from "../../../src/responses/transport/Timeouts.ts"

const timeouts: Timeouts.Timeouts = { connect: "2 seconds", firstByte: "10 seconds", idle: "30 seconds" }

/** A stream that says its numbers after these pauses, and then stays silent for ever. */
const speaking = (...pauses: ReadonlyArray<`${number} seconds`>) =>
  Stream.concat(
    Stream.mapEffect(Stream.fromIterable(pauses.entries()), ([index, pause]) => Effect.as(Effect.sleep(pause), index)),
    Stream.never
  )

/** What has come until the end, when that was, and what it was. */
const watch = (stream: Stream.Stream<number>, limits = timeouts) =>
  Effect.gen(function*() {
    const seen: Array<number> = []
    const start = yield* Clock.currentTimeMillis
    const fiber = yield* Effect.fork(
      Stream.runForEach(ReceiveBuffer.watched(limits)(stream), (n) => Effect.sync(() => seen.push(n))).pipe(
        Effect.either,
        Effect.zip(Clock.currentTimeMillis)
      )
    )
    yield* TestClock.adjust("1 hour")
    const [end, at] = yield* Fiber.join(fiber)
    return { seen, after: at - start, error: Either.isLeft(end) ? end.left : undefined }
  })

const silentFor = (error: ModelError | undefined, detail: string) => {
  assert.strictEqual(error?.reason._tag, "IdleTimeout")
  assert.strictEqual(error?.detail, detail)
  assert.isTrue(error?.isRetryable)
}

describe("ReceiveBuffer", () => {
  it.effect("gives a server so long to begin", () =>
    Effect.gen(function*() {
      const { after, error, seen } = yield* watch(speaking())
      silentFor(error, "nothing came for 10s")
      assert.strictEqual(after, 10_000)
      assert.deepStrictEqual(seen, [])
    }))

  it.effect("and so long between two pieces", () =>
    Effect.gen(function*() {
      const { after, error, seen } = yield* watch(speaking("9 seconds", "29 seconds", "0 seconds", "20 seconds"))
      silentFor(error, "nothing came for 30s")
      assert.strictEqual(after, 58_000 + 30_000)
      assert.deepStrictEqual(seen, [0, 1, 2, 3])
    }))

  it.effect("leaves a stream alone that ends in time", () =>
    Effect.gen(function*() {
      const { error, seen } = yield* watch(Stream.take(speaking("9 seconds", "29 seconds", "29 seconds"), 3))
      assert.strictEqual(error, undefined)
      assert.deepStrictEqual(seen, [0, 1, 2])
    }))

  it.effect("passes on a failure, and what came before it", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make<ReadonlyArray<number>>([])
      const error = yield* ReceiveBuffer.watched(timeouts)(Stream.concat(Stream.make(1, 2), Stream.fail("cut"))).pipe(
        Stream.runForEach((n) => Ref.update(seen, (all) => [...all, n])),
        Effect.flip
      )
      assert.strictEqual(error, "cut")
      assert.deepStrictEqual(yield* Ref.get(seen), [1, 2])
    }))

  it.effect("does not blame the server for a reader that takes its time", () =>
    Effect.gen(function*() {
      const slow = ReceiveBuffer.watched(timeouts)(Stream.rechunk(Stream.range(1, 40), 1)).pipe(
        Stream.rechunk(1),
        Stream.mapEffect((n) => Effect.as(Effect.sleep("20 seconds"), n)),
        Stream.runCollect
      )
      const fiber = yield* Effect.fork(slow)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(Chunk.size(yield* Fiber.join(fiber)), 40)
    }))

  it.effect("reads ahead a little, and no more", () =>
    Effect.gen(function*() {
      const taken = yield* Ref.make(0)
      const source = Stream.tap(Stream.rechunk(Stream.range(1, 1000), 1), () => Ref.update(taken, (n) => n + 1))
      yield* Effect.scoped(Effect.gen(function*() {
        const queue = yield* Stream.toQueue(ReceiveBuffer.watched(timeouts)(source), { capacity: 1 })
        yield* Queue.take(queue)
        yield* TestClock.adjust("1 second")
        assert.isAtMost(yield* Ref.get(taken), 100)
      }))
    }))

  it.effect("stops reading when nobody listens any more", () =>
    Effect.gen(function*() {
      const closed = yield* Ref.make(false)
      const source = Stream.ensuring(Stream.concat(Stream.make(1), Stream.never), Ref.set(closed, true))
      yield* Stream.runDrain(Stream.take(ReceiveBuffer.watched(timeouts)(source), 1))
      assert.isTrue(yield* Ref.get(closed))
    }))

  it.effect("gives less time between two pieces than before the first", () =>
    Effect.gen(function*() {
      const { after, error } = yield* watch(speaking("1 seconds"), { ...timeouts, firstByte: "10 minutes" })
      silentFor(error, "nothing came for 30s")
      assert.strictEqual(after, 31_000)
    }))
})
