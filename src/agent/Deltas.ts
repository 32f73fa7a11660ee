/**
 * What is shown of a model call while it runs: its texts piece by piece, with secrets removed even where one spans
 * several pieces, its searches and its retries.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { Secrets } from "../auth/Secrets.ts"
import type { Retry, StreamEvent } from "../responses/StreamEvent.ts"
import { itemId } from "../session/SessionEvent.ts"
import type { Delta, Ephemeral } from "./AgentEvent.ts"

/** @since 0.1.0 @category models */
export interface Deltas {
  /** What to show for an event. */
  readonly of: (event: StreamEvent) => ReadonlyArray<Ephemeral>
  /** At the end: the text that was held back because a secret could have begun in it. */
  readonly flush: () => ReadonlyArray<Ephemeral>
}

/**
 * What is shown of a retry.
 *
 * @since 0.1.0
 * @category constructors
 */
export const retrying = (
  turnId: string,
  { attempt, delay, isLoading, maxAttempts, message, reason }: Retry
): Ephemeral => ({ _tag: "Retrying", turnId, attempt, maxAttempts, delay, reason, message, isLoading })

/**
 * For call `step` of a turn.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (turnId: string, step: number): Effect.Effect<Deltas> =>
  Effect.map(Secrets, ({ hider }) => {
    let current: { readonly of: Omit<Delta, "delta">; readonly hider: ReturnType<typeof hider> } | undefined

    /** The type of event by which the reasoning of each item is shown. */
    const shownBy = new Map<number, string>()

    const flush = (): ReadonlyArray<Ephemeral> => {
      if (current === undefined) return []
      const { hider, of } = current
      current = undefined
      return piece(of, hider.rest())
    }

    const delta = (_tag: Delta["_tag"], event: DeltaEvent): ReadonlyArray<Ephemeral> => {
      const of = { _tag, turnId, itemId: itemId(turnId, step, event.output_index ?? 0) }
      const before = current?.of._tag === _tag && current.of.itemId === of.itemId ? [] : flush()
      current ??= { of, hider: hider() }
      return [...before, ...piece(of, current.hider.push(event.delta))]
    }

    /** Thoughts are shown once: in a summary, or in full where that comes first. */
    const thought = (event: DeltaEvent & { readonly type: string }): ReadonlyArray<Ephemeral> => {
      const item = event.output_index ?? 0
      const type = shownBy.get(item) ?? event.type
      shownBy.set(item, type)
      return type === event.type ? delta("ReasoningDelta", event) : []
    }

    return {
      of: (event) => {
        switch (event.type) {
          case "response.output_text.delta":
          case "response.refusal.delta":
            return delta("TextDelta", event)
          case "response.reasoning_summary_text.delta":
          case "response.reasoning_text.delta":
            return thought(event)
          case "response.output_text.done":
          case "response.refusal.done":
          case "response.reasoning_summary_text.done":
          case "response.reasoning_text.done":
            return flush()
          case "response.output_item.done":
            return event.item.type === "web_search_call"
              ? [...flush(), {
                _tag: "WebSearched",
                turnId,
                itemId: itemId(turnId, step, event.output_index ?? 0),
                item: event.item
              }]
              : flush()
          case "effixir.retry": {
            shownBy.clear()
            return [...flush(), retrying(turnId, event)]
          }
          default:
            return []
        }
      },
      flush
    }
  })

interface DeltaEvent {
  readonly delta: string
  readonly output_index?: number | undefined
}

const piece = (of: Omit<Delta, "delta">, delta: string): ReadonlyArray<Delta> => delta === "" ? [] : [{ ...of, delta }]
