/**
 * The usage of a Chat Completions stream, in the words of the Responses API.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import { field, number } from "../../internal/json.ts"

/**
 * Reads it from where a server puts it: the chunk, its choice (Moonshot), or a field of its own (Groq).
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromChunk = (chunk: unknown, choices: ReadonlyArray<unknown>): object | undefined =>
  fromJson(
    field(chunk, "usage") ?? choices.map((choice) => field(choice, "usage")).find((usage) => usage !== undefined) ??
      field(field(chunk, "x_groq"), "usage")
  )

const fromJson = (usage: unknown): object | undefined => {
  if (!Predicate.isRecord(usage)) return undefined
  const count = (...names: ReadonlyArray<string>) =>
    names.map((name) => number(usage[name])).find((value) => value !== undefined) ?? 0
  const detail = (names: ReadonlyArray<string>, name: string) =>
    names.map((details) => number(field(usage[details], name))).find((value) => value !== undefined)
  return {
    input_tokens: count("prompt_tokens", "input_tokens"),
    input_tokens_details: {
      cached_tokens: detail(["prompt_tokens_details", "input_tokens_details"], "cached_tokens") ??
        // The words of DeepSeek and of Moonshot.
        count("prompt_cache_hit_tokens", "cached_tokens")
    },
    output_tokens: count("completion_tokens", "output_tokens"),
    output_tokens_details: {
      reasoning_tokens: detail(["completion_tokens_details", "output_tokens_details"], "reasoning_tokens") ?? 0
    },
    total_tokens: count("total_tokens")
  }
}
