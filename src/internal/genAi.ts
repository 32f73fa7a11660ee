/**
 * The spans of an agent, named as the semantic conventions of OpenTelemetry for generative AI name them. Their
 * attributes hold names, ids and counts, never what is said, and never a secret.
 */
import type * as Tracer from "effect/Tracer"

type Span = Tracer.SpanOptions & { readonly name: string }

interface Usage {
  readonly inputTokens: number
  readonly cachedInputTokens: number
  readonly outputTokens: number
  readonly reasoningOutputTokens: number
}

/** A turn. Model calls and tool calls happen within it, and so do the turns of its children. */
export const invokeAgent = (
  { model, sessionId, turnId }: { readonly sessionId: string; readonly turnId: string; readonly model: string }
): Span => ({
  name: "invoke_agent",
  kind: "internal",
  attributes: {
    "gen_ai.operation.name": "invoke_agent",
    ...provider,
    "gen_ai.conversation.id": sessionId,
    "gen_ai.request.model": model,
    "effixir.turn.id": turnId
  }
})

/** A model call with its retries; each attempt is a span within it. */
export const chat = ({ conversation, model }: { readonly conversation: string; readonly model: string }): Span => ({
  name: `chat ${model}`,
  kind: "client",
  attributes: {
    "gen_ai.operation.name": "chat",
    ...provider,
    "gen_ai.conversation.id": conversation,
    "gen_ai.request.model": model
  }
})

/** A tool call. Of a tool that does not exist, there is no name but what the model has made up. */
export const executeTool = (
  { callId, sessionId, tool }: {
    readonly callId: string
    readonly sessionId: string
    readonly tool: string | undefined
  }
): Span => ({
  name: tool === undefined ? "execute_tool" : `execute_tool ${tool}`,
  kind: "internal",
  attributes: {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.conversation.id": sessionId,
    "gen_ai.tool.call.id": callId,
    ...tool === undefined ? {} : { "gen_ai.tool.name": tool }
  }
})

/** What is known of a model call once it has ended. */
export const answered = (
  { finishReason, id, model, usage }: {
    readonly id: string | undefined
    readonly model: string | undefined
    readonly finishReason: string | undefined
    readonly usage: Usage
  }
): Record<string, unknown> => ({
  ...id === undefined ? {} : { "gen_ai.response.id": id },
  ...model === undefined ? {} : { "gen_ai.response.model": model },
  ...finishReason === undefined ? {} : { "gen_ai.response.finish_reasons": [finishReason] },
  ...used(usage)
})

/** Cached tokens are part of the input, reasoning tokens of the output. */
export const used = (usage: Usage): Record<string, unknown> => ({
  "gen_ai.usage.input_tokens": usage.inputTokens,
  "gen_ai.usage.cache_read.input_tokens": usage.cachedInputTokens,
  "gen_ai.usage.output_tokens": usage.outputTokens,
  "gen_ai.usage.reasoning.output_tokens": usage.reasoningOutputTokens
})

/** The model did not get what it asked for; the turn goes on. */
export const toolFailed = { "error.type": "ToolFailure" }

/** Whose API is spoken, whoever serves it. */
const provider = { "gen_ai.provider.name": "openai" }
