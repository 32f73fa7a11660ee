import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Deltas from "../../src/agent/Deltas.ts"
import * as StreamEvent from "../../src/responses/StreamEvent.ts"

const shown = (...events: ReadonlyArray<object>) =>
  Effect.map(
    Deltas.make("t", 0),
    (deltas) =>
      [...events.map(StreamEvent.fromJson).flatMap(deltas.of), ...deltas.flush()].map((
        event
      ) => [event._tag, "delta" in event ? event.delta : ""])
  )

const summary = (delta: string, output_index = 0) => ({
  type: "response.reasoning_summary_text.delta",
  delta,
  output_index
})
const full = (delta: string, output_index = 0) => ({ type: "response.reasoning_text.delta", delta, output_index })

describe("Deltas", () => {
  it.effect("show thoughts in full where there is no summary of them", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* shown(full("I "), full("look.")), [
        ["ReasoningDelta", "I "],
        ["ReasoningDelta", "look."]
      ])
      assert.deepStrictEqual(yield* shown(summary("Looks."), full("I look."), summary(" Sees.")), [
        ["ReasoningDelta", "Looks."],
        ["ReasoningDelta", " Sees."]
      ])
      assert.deepStrictEqual(yield* shown(full("I look."), summary("Looks."), summary("Sees.", 1)), [
        ["ReasoningDelta", "I look."],
        ["ReasoningDelta", "Sees."]
      ])
    }))
})
