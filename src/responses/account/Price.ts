/**
 * What model calls cost, where somebody has said so: a price is never guessed.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Schema from "effect/Schema"
import * as Host from "../../auth/Host.ts"
import type { Usage } from "../Usage.ts"

const Amount = Schema.Number.pipe(Schema.finite(), Schema.nonNegative())

/**
 * In US dollars for a million tokens. What the server had in its cache costs `cachedInput`, or as much as other input
 * where that is not said.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Price = Schema.Struct({
  input: Amount,
  cachedInput: Schema.optional(Amount).pipe(Schema.fromKey("cached_input")),
  output: Amount
})

/** @since 0.1.0 @category models */
export type Price = typeof Price.Type

/**
 * The known prices; without a layer, there are none.
 *
 * @since 0.1.0
 * @category references
 */
export class Prices extends Context.Reference<Prices>()("effixir/responses/account/Price/Prices", {
  defaultValue: (): { readonly of: (model: string) => Price | undefined } => ({ of: () => undefined })
}) {}

/**
 * The usage of a call with its cost, if the price is known and no plan pays for it.
 *
 * @since 0.1.0
 * @category combining
 */
export const withCost = (usage: Usage, price: Price | undefined, account: string): Usage => {
  if (price === undefined || Host.isPlan(account)) return usage
  const { cachedInput = price.input, input, output } = price
  const { cachedInputTokens, inputTokens, outputTokens } = usage
  const cost = (inputTokens - cachedInputTokens) * input + cachedInputTokens * cachedInput + outputTokens * output
  return { ...usage, costUsd: cost / 1_000_000 }
}
