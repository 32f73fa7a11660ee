import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import * as Timeouts from "../../../src/responses/transport/Timeouts.ts"

describe("Timeouts", () => {
  it.effect("gives up on a server that does not answer at all", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(
        Effect.flip(Timeouts.connecting({ ...Timeouts.defaults, connect: "2 seconds" })(Effect.never))
      )
      yield* TestClock.adjust("2 seconds")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error.reason._tag, "Transport")
      assert.strictEqual(error.detail, "no answer within 2s")
    }))
})
