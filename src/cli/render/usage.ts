/**
 * Tokens as programs get them.
 */
import * as Usage from "../../responses/Usage.ts"

export const usageJson = (usage: Usage.Usage) => ({
  input_tokens: usage.inputTokens,
  cached_input_tokens: usage.cachedInputTokens,
  cached_share: Math.round(Usage.cachedShare(usage) * 1000) / 1000,
  output_tokens: usage.outputTokens,
  reasoning_output_tokens: usage.reasoningOutputTokens,
  // Sums of fractions have a tail.
  ...(usage.costUsd === undefined ? {} : { cost_usd: Math.round(usage.costUsd * 1e9) / 1e9 })
})
