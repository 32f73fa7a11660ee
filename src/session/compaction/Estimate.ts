/**
 * How many tokens something is, without the tokenizer of the model: an estimate, for what no usage tells yet.
 *
 * @example
 * ```ts
 * import { Item } from "effixir"
 * import { Estimate } from "effixir/session"
 *
 * const question = Item.userMessage("What does this project do?")
 *
 * const ofItsText = Estimate.ofText(Item.text(question))
 * const asItIsSent = Estimate.ofItem(question)
 *
 * // Whether a conversation with its tools still fits.
 * const fits = (input: ReadonlyArray<Item.Item>, tools: ReadonlyArray<unknown>) =>
 *   Estimate.ofItems(input) + Estimate.ofValue(tools) < 100_000
 * ```
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import { isItem, type Item } from "../../responses/Item.ts"

/**
 * What a picture costs, whatever its size: about what the largest one does that a model looks at.
 *
 * @since 0.1.0
 * @category constants
 */
export const imageTokens = 1600

/**
 * Four characters of ASCII are about a token; any other character is about one by itself.
 *
 * @since 0.1.0
 * @category estimating
 */
export const ofText = (text: string): number => {
  let others = 0
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) others++
  return Math.ceil((text.length - others) / 4 + others)
}

/** @since 0.1.0 @category estimating */
export const ofItem = (item: Item): number => {
  const known = estimates.get(item)
  if (known !== undefined) return known
  const tokens = ofValue(item)
  estimates.set(item, tokens)
  return tokens
}

/** The items of a conversation stay the same objects from one request to the next. */
const estimates = new WeakMap<Item, number>()

/** @since 0.1.0 @category estimating */
export const ofItems = (items: ReadonlyArray<Item>): number => items.reduce((sum, item) => sum + ofItem(item), 0)

/** @since 0.1.0 @category estimating */
export const ofValue = (value: unknown): number => {
  if (Predicate.isString(value)) return ofText(value)
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + ofValue(one), 0)
  if (!Predicate.isReadonlyRecord(value)) return 1
  if (isItem(value) && value.type === "input_image") return imageTokens
  let tokens = 0
  for (const [name, field] of Object.entries(value)) {
    // Encrypted content is longer than the text in it.
    tokens += name === "encrypted_content" && Predicate.isString(field)
      ? Math.ceil(field.length * 3 / 16)
      : ofText(name) + ofValue(field)
  }
  return tokens
}
