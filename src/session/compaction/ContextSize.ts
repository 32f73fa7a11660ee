/**
 * How many tokens the conversation fills of a model's window: what the last call used, and an estimate of what has come
 * since.
 *
 * @example
 * ```ts
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import { type History, SessionStore } from "effixir"
 * import { ContextSize } from "effixir/session"
 *
 * // How full the window of a session's model is.
 * const show = (session: string) =>
 *   Effect.gen(function*() {
 *     const store = yield* SessionStore.SessionStore
 *     const { tokens, window } = yield* ContextSize.ofLog(yield* store.read(session), () => Effect.succeed(272_000))
 *     yield* Console.log(`${tokens} of ${window ?? "nobody knows how many"} tokens`)
 *   })
 *
 * // The same of a conversation in memory, and whether it was compacted.
 * const tokens = (history: History.History) => ContextSize.of(history)
 * const isCompacted = (history: History.History) => ContextSize.lastCompaction(history) !== undefined
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as List from "effect/List"
import * as Option from "effect/Option"
import * as History from "../History.ts"
import type { Context, Stored } from "../SessionEvent.ts"
import * as Estimate from "./Estimate.ts"

/**
 * @param fixed what every request holds besides, instructions and tools; it counts where no call has told its usage
 *
 * @since 0.1.0
 * @category accessors
 */
export const of = (history: History.History, fixed = 0): number => {
  const compaction = lastCompaction(history)
  let since = 0
  for (let rest = history; List.isCons(rest); rest = rest.tail) {
    const part = rest.head
    switch (part._tag) {
      case "Input":
        if (!isKept(part, compaction)) since += Estimate.ofItems(part.items)
        break
      case "Response": {
        const { items, usage } = part.response
        since += ofOutputs(part)
        // What the call had used before it was compacted says nothing of what is left.
        if (isKept(part, compaction)) break
        if (usage.inputTokens > 0) return usage.inputTokens + usage.outputTokens + since
        since += Estimate.ofItems(items)
        break
      }
      case "Compacted":
        return part.event.afterTokens + since
    }
  }
  return fixed + since
}

/**
 * How full the window is of the model that was asked last, by the log of a session.
 *
 * @param windowOf how many tokens a model takes, if that is known
 *
 * @since 0.1.0
 * @category accessors
 */
export const ofLog = Effect.fnUntraced(function*<E, R>(
  events: ReadonlyArray<Stored>,
  windowOf: (model: string) => Effect.Effect<number | undefined, E, R>
): Effect.fn.Return<Context, E, R> {
  const last = events.findLast(({ event }) => event._tag === "ModelResponded")?.event
  return last?._tag === "ModelResponded"
    ? { tokens: of(History.forRecipient(events, last)), window: (yield* windowOf(last.model)) ?? null }
    : { tokens: 0, window: null }
})

/** Whether a part was kept by the compaction, which counts it in `afterTokens`. */
const isKept = (part: History.Part, compaction: History.CompactedPart | undefined): boolean =>
  compaction !== undefined && part.seq < compaction.at

/**
 * What stands for the beginning of the conversation, if it was compacted.
 *
 * @since 0.1.0
 * @category accessors
 */
export const lastCompaction = (history: History.History): History.CompactedPart | undefined => {
  const first = Option.getOrUndefined(List.last(history))
  return first?._tag === "Compacted" ? first : undefined
}

const ofOutputs = ({ outputs }: History.ResponsePart): number => {
  let tokens = 0
  for (const { output } of outputs.values()) tokens += Estimate.ofValue(output)
  return tokens
}
