/**
 * The tokens one model call, or a whole turn, has used.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * Counts of tokens. Cached tokens are part of the input, reasoning tokens are part of the output. `costUsd` is what they
 * cost in US dollars, where the price is known.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Usage = Schema.Struct({
  inputTokens: Schema.Number,
  cachedInputTokens: Schema.Number,
  outputTokens: Schema.Number,
  reasoningOutputTokens: Schema.Number,
  costUsd: Schema.optional(Schema.Number)
})

/** @since 0.1.0 @category models */
export type Usage = typeof Usage.Type

/** @since 0.1.0 @category constructors */
export const zero: Usage = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, reasoningOutputTokens: 0 }

/**
 * The sum. It has a cost only where the cost of both is known: half of it would be taken for the whole.
 *
 * @example
 * ```ts
 * import { Usage } from "effixir"
 *
 * const first = Usage.fromJson({ input_tokens: 1200, output_tokens: 80, input_tokens_details: { cached_tokens: 900 } })
 * const both = Usage.add(first, Usage.fromJson({ input_tokens: 1300, output_tokens: 20 }))
 * Usage.cachedShare(first) // 0.75
 * ```
 *
 * @since 0.1.0
 * @category combining
 */
export const add = (self: Usage, that: Usage): Usage => {
  const cost = costOf(self) + costOf(that)
  return {
    inputTokens: self.inputTokens + that.inputTokens,
    cachedInputTokens: self.cachedInputTokens + that.cachedInputTokens,
    outputTokens: self.outputTokens + that.outputTokens,
    reasoningOutputTokens: self.reasoningOutputTokens + that.reasoningOutputTokens,
    ...(Number.isNaN(cost) || self.costUsd === undefined && that.costUsd === undefined ? {} : { costUsd: cost })
  }
}

/** Nothing costs nothing, whatever the price. */
const costOf = ({ costUsd, inputTokens, outputTokens }: Usage): number =>
  costUsd ?? (inputTokens + outputTokens === 0 ? 0 : NaN)

/**
 * How much of the input the server had in its cache, from 0 to 1.
 *
 * @since 0.1.0
 * @category accessors
 */
export const cachedShare = (self: Usage): number =>
  self.inputTokens === 0 ? 0 : self.cachedInputTokens / self.inputTokens

const Count = Schema.optionalWith(Schema.Number, { nullable: true, default: () => 0 })

const Wire = Schema.Struct({
  input_tokens: Count,
  output_tokens: Count,
  input_tokens_details: Schema.optionalWith(Schema.Struct({ cached_tokens: Count }), {
    nullable: true,
    default: () => ({ cached_tokens: 0 })
  }),
  output_tokens_details: Schema.optionalWith(Schema.Struct({ reasoning_tokens: Count }), {
    nullable: true,
    default: () => ({ reasoning_tokens: 0 })
  })
})

const decodeWire = Schema.decodeUnknownOption(Wire)

/**
 * Reads the `usage` of a response; if a server sends none, or something else, all counts are zero.
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromJson = (json: unknown): Usage =>
  Option.match(decodeWire(json), {
    onNone: () => zero,
    onSome: (wire) => ({
      inputTokens: wire.input_tokens,
      cachedInputTokens: wire.input_tokens_details.cached_tokens,
      outputTokens: wire.output_tokens,
      reasoningOutputTokens: wire.output_tokens_details.reasoning_tokens
    })
  })
