import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { fromWork, runForEach } from "../../src/internal/stream.ts"

/** Both ways to read what work emits. */
const ways: ReadonlyArray<readonly [name: string, typeof runForEach]> = [
  ["by a plain function", runForEach],
  ["as a stream", (self, f) => Stream.runForEach(self, (value) => Effect.sync(() => f(value)))]
]

describe.each(ways)("What work emits, read %s", (_, read) => {
  it.effect("comes in order", () =>
    Effect.gen(function*() {
      const heard: Array<number> = []
      const work = fromWork<number, never>((emit) => Effect.forEach([1, 2, 3, 4, 5], emit, { discard: true }), 2)
      yield* read(work, (value) => heard.push(value))
      assert.deepStrictEqual(heard, [1, 2, 3, 4, 5])
    }))

  it.effect("is followed by its failure, or its defect", () =>
    Effect.gen(function*() {
      for (const cause of [Cause.fail("failed"), Cause.die("a bug")]) {
        const heard: Array<number> = []
        const work = fromWork<number, string>((emit) => Effect.zipRight(emit(1), Effect.failCause(cause)), 2)
        const exit = yield* Effect.exit(read(work, (value) => heard.push(value)))
        assert.deepStrictEqual(heard, [1])
        assert.deepStrictEqual([exit], [Exit.failCause(cause)])
      }
    }))

  it.effect("ends with its reader, who waits until it is tidied up", () =>
    Effect.gen(function*() {
      const [begun, steps] = [yield* Deferred.make<void>(), new Array<string>()]
      const tidy = Effect.zipRight(Effect.yieldNow(), Effect.sync(() => steps.push("tidied up")))
      const work = fromWork<number, never>(
        (emit) => Effect.zipRight(emit(1), Effect.never).pipe(Effect.ensuring(tidy)),
        2
      )
      const reading = yield* Effect.fork(read(work, () => Deferred.unsafeDone(begun, Effect.void)))
      yield* Deferred.await(begun)
      const exit = yield* Fiber.interrupt(reading)
      steps.push("interrupted")
      assert.deepStrictEqual(steps, ["tidied up", "interrupted"])
      assert.isTrue(Exit.isInterrupted(exit))
    }))

  it.effect("fails with the bugs of its reader", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(read(fromWork<number, never>((emit) => emit(1), 2), () => {
        throw new Error("a bug of the reader")
      }))
      assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
    }))
})

describe("Work", () => {
  it.effect("that a plain function reads fails with all that went wrong, where a stream knows the failure alone", () =>
    Effect.gen(function*() {
      const cause = Cause.sequential(Cause.fail("failed"), Cause.die("a bug of a finalizer"))
      const work = fromWork<number, string>(() => Effect.failCause(cause), 2)
      assert.deepStrictEqual([yield* Effect.exit(runForEach(work, () => {}))], [Exit.failCause(cause)])
    }))

  it.effect("does not run ahead of the readers of its stream by more than it may", () =>
    Effect.gen(function*() {
      let emitted = 0
      const work = fromWork<number, never>(
        (emit) => Effect.forever(Effect.flatMap(Effect.sync(() => ++emitted), emit)),
        2
      )
      const some = yield* Stream.runCollect(Stream.take(work, 4))
      assert.deepStrictEqual(Chunk.toReadonlyArray(some), [1, 2, 3, 4])
      assert.isAtMost(emitted, 8)
    }))

  it.effect("runs in the fiber of a plain function that reads it", () =>
    Effect.gen(function*() {
      const ids: Array<unknown> = []
      const work = fromWork<unknown, never>((emit) => Effect.flatMap(Effect.fiberId, emit), 2)
      yield* runForEach(work, (id) => ids.push(id))
      assert.deepStrictEqual(ids, [yield* Effect.fiberId])
    }))
})
