/**
 * Decides which calls of a response run: calls that have already run cost nothing, new ones count towards the limits.
 *
 * @internal
 */
import * as Refusals from "../prompts/Refusals.ts"
import type { Limit } from "../session/SessionEvent.ts"
import * as Limits from "./Limits.ts"
import * as Repeats from "./Repeats.ts"

/**
 * What a run has used of its limits so far, and the call it makes again and again.
 *
 * @since 0.1.0
 * @category models
 */
export interface Counters {
  readonly spent: Limits.Spent
  readonly repeats: Repeats.Repeats
}

/** @since 0.1.0 @category constructors */
export const empty: Counters = { spent: Limits.nothing, repeats: Repeats.none }

/** @since 0.1.0 @category combining */
export const addStep = (self: Counters): Counters => ({ ...self, spent: Limits.addStep(self.spent) })

/**
 * The calls that have, or will have, an output, and the limit that stops the others. Those are not started, so that the
 * turn can resume with them. `refusal` is what the model is told where a call is not run; `isExcess` where that is
 * because there are too many.
 *
 * @since 0.1.0
 * @category models
 */
export interface Admitted<Call> {
  readonly counters: Counters
  readonly calls: ReadonlyArray<Call & { readonly refusal: string | undefined; readonly isExcess?: boolean }>
  readonly limit: Limit | undefined
}

/** @since 0.1.0 @category admitting */
export const admit = <Call extends { readonly call: Repeats.Call; readonly isDone: boolean }>(
  counters: Counters,
  limits: Limits.Limits,
  calls: ReadonlyArray<Call>
): Admitted<Call> => {
  let { repeats, spent } = counters
  let limit: Limit | undefined
  const admitted: Array<Admitted<Call>["calls"][number]> = []

  const most = Limits.callsPerResponse(limits)
  for (const [index, call] of calls.entries()) {
    if (call.isDone) {
      admitted.push({ ...call, refusal: undefined })
      continue
    }
    if (index >= most) {
      admitted.push({ ...call, refusal: Refusals.tooManyCalls(most), isExcess: true })
      continue
    }
    if (limit !== undefined) continue
    const next = Repeats.add(repeats, call.call)
    const verdict = Repeats.verdict(next)
    if (verdict === "run") {
      limit = Limits.beforeToolCall(limits, spent)
      if (limit !== undefined) continue
      spent = Limits.addToolCall(spent)
    }
    repeats = next
    admitted.push({ ...call, refusal: verdict === "run" ? undefined : Refusals.repeatedCall(next) })
    if (verdict === "stop") limit = "repeats"
  }
  return { counters: { spent, repeats }, calls: admitted, limit }
}
