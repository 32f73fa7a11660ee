/**
 * What of a conversation is compacted, what stays as it is, and why: decided from the conversation alone.
 *
 * @example
 * ```ts
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 * import { History, SessionStore } from "effixir"
 * import { Plan } from "effixir/session"
 *
 * // What a compaction of a session would replace.
 * const show = (session: string) =>
 *   Effect.gen(function*() {
 *     const store = yield* SessionStore.SessionStore
 *     const plan = Plan.make(History.fromStored(yield* store.read(session)), 272_000)
 *     if (Option.isNone(plan)) return yield* Console.log("There is nothing to compact.")
 *     const { calls, responses } = Plan.counts(plan.value)
 *     yield* Console.log(`${responses} responses with ${calls} calls, up to: ${Plan.lastSaid(plan.value)}`)
 *   })
 * ```
 *
 * @since 0.1.0
 */
import * as List from "effect/List"
import * as Option from "effect/Option"
import { isMessage, type Item, text } from "../../responses/Item.ts"
import { isToolCall } from "../../responses/ToolCall.ts"
import * as History from "../History.ts"
import * as Estimate from "./Estimate.ts"
import * as Shortening from "./Shortening.ts"

/**
 * - `replaced` what goes; what stands for it is `said` and then a summary
 * - `kept` what stays as it is, the oldest first
 * - `said` of what goes, the messages that are sent verbatim: the preamble of the session, and what the user said
 * - `upTo` the number of the last event that goes
 *
 * @since 0.1.0
 * @category models
 */
export interface Plan {
  readonly replaced: History.History
  readonly kept: ReadonlyArray<Kept>
  readonly said: ReadonlyArray<Item>
  readonly upTo: number
}

/**
 * A part that stays: the model has not seen it yet (`unseen`), or calls of it have no output yet (`open`).
 *
 * @since 0.1.0
 * @category models
 */
export interface Kept {
  readonly part: History.Part
  readonly why: "unseen" | "open"
}

/**
 * How many tokens of what the user said are kept verbatim: as many as this, and a quarter of the window at most.
 *
 * @since 0.1.0
 * @category constants
 */
export const saidTokens = 20_000

/**
 * The plan for a conversation; none where there is nothing to compact, as directly after a compaction.
 *
 * @param window how many tokens there is room for, if that is known
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (history: History.History, window = Infinity): Option.Option<Plan> => {
  const kept: Array<Kept> = []
  let replaced = history
  while (List.isCons(replaced) && replaced.head._tag === "Input") {
    kept.unshift({ part: replaced.head, why: "unseen" })
    replaced = replaced.tail
  }
  // After a new input, the calls of an earlier turn are not run any more.
  if (kept.length === 0 && List.isCons(replaced) && replaced.head._tag === "Response") {
    const { head } = replaced
    if (History.hasOpenCalls(head)) {
      kept.unshift({ part: head, why: "open" })
      replaced = replaced.tail
    }
  }
  if (!List.some(replaced, (part) => part._tag === "Response")) return Option.none()
  const [first] = kept
  return Option.some({
    replaced,
    kept,
    said: said(List.toArray(replaced).toReversed(), Math.min(saidTokens, window / 4)),
    upTo: first === undefined ? seqOf(replaced) : first.part.seq - 1
  })
}

const seqOf = (history: History.History): number => List.isCons(history) ? history.head.seq : 0

/** The preamble as a whole, and of what was said since then the latest, up to so many tokens. */
const said = (parts: ReadonlyArray<History.Part>, budget: number): ReadonlyArray<Item> => {
  const all = parts.flatMap(saidIn)
  const first = all.findIndex(({ role }) => role === "user")
  const preamble = all.slice(0, first === -1 ? all.length : first)
  const kept: Array<Item> = []
  let left = budget
  for (const item of all.slice(preamble.length).toReversed()) {
    const whole = Estimate.ofItem(item)
    const fitting = whole <= left ? item : Shortening.message(item, left)
    if (fitting !== undefined) kept.unshift(fitting)
    left -= whole
    if (left <= 0) break
  }
  return [...preamble, ...kept]
}

const saidIn = (part: History.Part): ReadonlyArray<Item> => {
  switch (part._tag) {
    case "Input":
      return part.items.filter(isMessage)
    case "Compacted": {
      const { items, method } = part.event
      // The summary is the last message.
      return (method === "local" ? items.slice(0, -1) : items).filter(isMessage)
    }
    case "Response":
      return []
  }
}

/**
 * How much goes, for a person.
 *
 * @since 0.1.0
 * @category accessors
 */
export const counts = ({ replaced }: Plan): { readonly responses: number; readonly calls: number } => {
  const responses = List.toArray(replaced).flatMap((part) => part._tag === "Response" ? [part.response] : [])
  return {
    responses: responses.length,
    calls: responses.reduce((sum, { items }) => sum + items.filter(isToolCall).length, 0)
  }
}

/**
 * What the user said last of what goes, as a person reads it; empty if nothing.
 *
 * @since 0.1.0
 * @category accessors
 */
export const lastSaid = ({ said }: Plan): string => {
  const last = said.findLast(({ role }) => role === "user")
  return last === undefined ? "" : text(last)
}
