/**
 * Chat Completions as one more dialect, for servers that have nothing else: Ollama, vLLM, LM Studio, llama.cpp,
 * OpenRouter, … All code above the `Responses` tag still uses items and events of the Responses API.
 *
 * A tool that takes free text is declared as one with a single argument, and its calls are turned back into calls with
 * free text. What this API cannot express is lost: encrypted reasoning, the tools of the server, files, the phase of a
 * message.
 *
 * @since 0.1.0
 */
import type * as Layer from "effect/Layer"
import type { AuthClient } from "../../auth/AuthClient.ts"
import { ofOthers } from "../../auth/Host.ts"
import type { Dialect } from "../Dialect.ts"
import * as Responses from "../Responses.ts"
import * as Sse from "../transport/Sse.ts"
import * as ChatRequest from "./ChatRequest.ts"
import * as ChatStream from "./ChatStream.ts"

/** @since 0.1.0 @category dialects */
export const dialect: Dialect = {
  path: "/chat/completions",
  encode: ChatRequest.encode,
  decoder: ({ tools }, { hasThinkTags } = ofOthers) => Sse.decoderOf(ChatStream.reader({ tools, hasThinkTags }))
}

/**
 * Needs an `AuthClient` whose base URL is the server's (`OPENAI_BASE_URL`, such as `http://localhost:11434/v1`). The
 * ChatGPT host does not speak this dialect.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Responses.Responses, never, AuthClient> = Responses.layerWith({ dialect })
