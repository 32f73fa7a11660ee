/**
 * The texts of a response as the parts of `@effect/ai`: pieces while they come, and their ends when the response is whole.
 * Until then a retry would make all of them void, and a text that has no end is left out of a conversation.
 *
 * @internal
 */
import type * as AiResponse from "@effect/ai/Response"
import { isMessage, isReasoning, type Item, text } from "../responses/Item.ts"
import type { StreamEvent } from "../responses/StreamEvent.ts"

type Part = AiResponse.StreamPartEncoded

type Kind = "text" | "reasoning"

interface Block {
  readonly kind: Kind
  readonly id: string
  readonly item: unknown
  /** Thoughts are told once: in a summary, or in full where that comes first. */
  readonly type: string
  readonly part: unknown
  readonly said: string
}

export interface Blocks {
  readonly open: ReadonlyArray<Block>
  /** How many there have been: each has an id of its own, also after a retry. */
  readonly count: number
}

export const none: Blocks = { open: [], count: 0 }

/** The parts for an event. */
export const add = (self: Blocks, event: StreamEvent): readonly [Blocks, ReadonlyArray<Part>] => {
  switch (event.type) {
    case "response.output_text.delta":
    case "response.refusal.delta":
      return piece(self, "text", event)
    case "response.reasoning_summary_text.delta":
    case "response.reasoning_text.delta":
      return piece(self, "reasoning", event)
    case "effixir.retry":
      return [{ ...self, open: [] }, []]
    default:
      return [self, []]
  }
}

interface Delta {
  readonly type: string
  readonly delta: string
  readonly item_id?: string | null | undefined
  readonly output_index?: number | undefined
  readonly summary_index?: unknown
}

const piece = (self: Blocks, kind: Kind, event: Delta): readonly [Blocks, ReadonlyArray<Part>] => {
  const item = event.output_index ?? event.item_id ?? 0
  const part = event.summary_index
  const last = self.open.findLast((block) => block.kind === kind && block.item === item)
  if (last === undefined) {
    const begun = { kind, id: String(self.count), item, type: event.type, part, said: event.delta }
    return [{ open: [...self.open, begun], count: self.count + 1 }, [start(begun), delta(begun, event.delta)]]
  }
  if (kind === "reasoning" && last.type !== event.type) return [self, []]
  const more = kind === "reasoning" && last.part !== part ? `\n\n${event.delta}` : event.delta
  const grown = { ...last, part, said: last.said + more }
  return [{ ...self, open: self.open.map((block) => block === last ? grown : block) }, [delta(grown, more)]]
}

/** The ends of the texts of a whole response, in their order, with what was not told in pieces. */
export const finish = (self: Blocks, items: ReadonlyArray<Item>): readonly [Blocks, ReadonlyArray<Part>] => {
  let { count, open } = self
  const parts = items.flatMap((item): ReadonlyArray<Part> => {
    const kind = isMessage(item) ? "text" : isReasoning(item) ? "reasoning" : undefined
    const whole = text(item)
    if (kind === undefined || whole === "") return []
    const told = open.find((block) => block.kind === kind)
    open = open.filter((block) => block !== told)
    if (told !== undefined && whole.startsWith(told.said)) {
      const rest = whole.slice(told.said.length)
      return [...rest === "" ? [] : [delta(told, rest)], end(told)]
    }
    const block = { kind, id: String(count) } as const
    count += 1
    return [start(block), delta(block, whole), end(block)]
  })
  return [{ count, open: [] }, parts]
}

type Named = Pick<Block, "kind" | "id">

const start = ({ id, kind }: Named): Part => ({ type: `${kind}-start`, id })

const delta = ({ id, kind }: Named, delta: string): Part => ({ type: `${kind}-delta`, id, delta })

const end = ({ id, kind }: Named): Part => ({ type: `${kind}-end`, id })
