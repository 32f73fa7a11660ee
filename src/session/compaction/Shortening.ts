/**
 * The input of a request made shorter, where even the request for a summary of it would be too long. What goes first is
 * what can be had again: the outputs of tools, the oldest first.
 *
 * @example
 * ```ts
 * import type { Item } from "effixir"
 * import { Shortening } from "effixir/session"
 *
 * // A conversation for a model with a small window.
 * const forSmallModel = (input: ReadonlyArray<Item.Item>) => Shortening.toFit(input, 8000)
 *
 * // One message that somebody has pasted a whole file into.
 * const excerpt = (message: Item.Item) => Shortening.message(message, 500)
 * ```
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import { leftOut, outputLeftOut, pictureLeftOut } from "../../prompts/Compaction.ts"
import { isMessage, type Item, withoutImages } from "../../responses/Item.ts"
import { isToolCall, isToolCallOutput, mapText } from "../../responses/ToolCall.ts"
import * as Estimate from "./Estimate.ts"

/** How much of an output is left at least, and then of a message. In tokens. */
const shortOutput = 500
const shortMessage = 500

/**
 * Items that are about so many tokens. Outputs are cut, the oldest first; then calls and what the model said are left
 * out, the oldest first; then messages are cut. Every call that is left has its output.
 *
 * @since 0.1.0
 * @category combining
 */
export const toFit = (items: ReadonlyArray<Item>, budget: number): ReadonlyArray<Item> => {
  let excess = Estimate.ofItems(items) - budget
  if (excess <= 0) return items
  const shorten = (item: Item, to: (item: Item) => Item): Item => {
    if (excess <= 0) return item
    const shorter = to(item)
    excess -= Estimate.ofItem(item) - Estimate.ofItem(shorter)
    return shorter
  }

  const cut = items.map((item) => isToolCallOutput(item) ? shorten(item, withShortOutput) : item)
  const gone = new Set<string>()
  const left = cut.filter((item) => {
    const call = isToolCall(item) || isToolCallOutput(item) ? item.call_id : undefined
    const isGone = call !== undefined && gone.has(call) ||
      excess > 0 && !isToolCallOutput(item) && (!isMessage(item) || item.role === "assistant")
    if (!isGone) return true
    if (call !== undefined) gone.add(call)
    excess -= Estimate.ofItem(item)
    return false
  })
  return left.map((item) => isMessage(item) ? shorten(item, (item) => message(item, shortMessage) ?? item) : item)
}

const withShortOutput = (item: Item): Item => {
  const bare = withoutImages(item, pictureLeftOut)
  return isToolCallOutput(bare) && Estimate.ofItem(bare) > shortOutput
    ? { ...bare, output: mapText(bare.output, (text) => shorter(text, shortOutput, outputLeftOut)) }
    : bare
}

/**
 * A message cut to about so many tokens; nothing if that is too little to say anything.
 *
 * @since 0.1.0
 * @category combining
 */
export const message = (item: Item, tokens: number): Item | undefined => {
  if (tokens < 50) return undefined
  const bare = withoutImages(item, pictureLeftOut)
  const { content } = bare
  if (!Array.isArray(content)) return undefined
  let left = tokens
  return {
    ...bare,
    content: content.map((part) => {
      if (!Predicate.hasProperty(part, "text") || !Predicate.isString(part.text)) return part
      const text = shorter(part.text, Math.max(left, 0), leftOut)
      left -= Estimate.ofText(text)
      return { ...part, text }
    })
  }
}

/** The beginning and the end of a text, which say most. */
const shorter = (text: string, tokens: number, note: (characters: number) => string): string => {
  const all = Estimate.ofText(text)
  if (all <= tokens) return text
  const room = Math.floor(text.length * tokens / all)
  const head = text.slice(0, Math.floor(room * 2 / 3))
  const tail = room === 0 ? "" : text.slice(text.length - Math.floor(room / 3))
  return `${head}${note(text.length - head.length - tail.length)}${tail}`.toWellFormed()
}
