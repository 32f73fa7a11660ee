/**
 * How a response ended, from the finish reasons of many APIs.
 *
 * @internal
 */

/**
 * - `Whole` it is complete
 * - `Incomplete` it was cut short; `reason` is that of the Responses API, or else the server's own word
 * - `Failed` it is no answer; `code` is the error code that means the same
 *
 * @since 0.1.0
 * @category models
 */
export type FinishReason =
  | { readonly _tag: "Whole" }
  | { readonly _tag: "Incomplete"; readonly reason: string }
  | { readonly _tag: "Failed"; readonly code: string }

/**
 * Reads a server's word. One that is not known is handed on: it may mean that the answer was cut off.
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromWord = (word: string): FinishReason =>
  words.get(word.toLowerCase()) ?? { _tag: "Incomplete", reason: word }

const table = (reason: FinishReason, ...words: ReadonlyArray<string>) => words.map((word) => [word, reason] as const)

const words: ReadonlyMap<string, FinishReason> = new Map([
  ...table(
    { _tag: "Whole" },
    "stop",
    "stop_sequence",
    "eos",
    "eos_token",
    "end_turn",
    "complete",
    "completed",
    "tool_calls",
    "tool_call",
    "tool_use",
    "function_call"
  ),
  ...table(
    { _tag: "Incomplete", reason: "max_output_tokens" },
    "length",
    "max_tokens",
    "max_output_tokens",
    "max_completion_tokens",
    "model_length"
  ),
  // GLM, Gemini, Anthropic and Bedrock have words of their own for it.
  ...table(
    { _tag: "Incomplete", reason: "content_filter" },
    "content_filter",
    "content_filtered",
    "sensitive",
    "safety",
    "refusal",
    "recitation",
    "blocklist",
    "prohibited_content",
    "spii",
    "image_safety",
    "guardrail_intervened"
  ),
  ...table(
    { _tag: "Failed", code: "server_error" },
    "error",
    "abort",
    "aborted",
    "network_error",
    "insufficient_system_resource",
    "server_error",
    "timeout"
  ),
  ...table(
    { _tag: "Failed", code: "malformed_function_call" },
    "malformed_function_call",
    "malformed_response",
    "unexpected_tool_call"
  ),
  ...table(
    { _tag: "Failed", code: "context_length_exceeded" },
    "model_context_window_exceeded",
    "context_window_exceeded",
    "context_length_exceeded"
  )
])
