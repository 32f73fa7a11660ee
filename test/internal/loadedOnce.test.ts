import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { loadedOnce } from "../../src/internal/loadedOnce.ts"

describe("loadedOnce", () => {
  it.effect("loads one time, also where who asked first is interrupted meanwhile", () =>
    Effect.gen(function*() {
      const begun = yield* Deferred.make<void>()
      const arrived = yield* Deferred.make<string>()
      let times = 0
      const loaded = yield* loadedOnce(Effect.suspend(() => {
        times++
        return Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(arrived))
      }))
      const first = yield* Effect.fork(loaded)
      yield* Deferred.await(begun)
      const waiting = yield* Effect.fork(loaded)
      yield* Fiber.interruptFork(first)
      yield* Deferred.succeed(arrived, "a module")
      assert.strictEqual(yield* Fiber.join(waiting), "a module")
      assert.strictEqual(yield* loaded, "a module")
      assert.strictEqual(times, 1)
    }))
})
