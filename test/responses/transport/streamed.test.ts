import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as AuthClient from "../../../src/auth/AuthClient.ts"
import { ofOthers } from "../../../src/auth/Host.ts"
import * as ChatCompletions from "../../../src/responses/chat/ChatCompletions.ts"
import * as Dialect from "../../../src/responses/Dialect.ts"
import type { Reason } from "../../../src/responses/ModelError.ts"
import * as Request from "../../../src/responses/Request.ts"
import * as Responses from "../../../src/responses/Responses.ts"

const request = Request.make({ model: "m", instructions: "", input: [], cacheKey: "s" })

/** Both dialects, and how each begins an answer. */
const dialects = {
  "/responses": [Dialect.responses, { type: "response.created", response: { id: "resp_1" } }],
  "/chat/completions": [ChatCompletions.dialect, { id: "c", choices: [{ index: 0, delta: { content: "Hal" } }] }]
} as const

const chunk = (fields: object) => ({ id: "c", object: "chat.completion.chunk", ...fields })
const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`

/** Failures as servers tell them after the status 200. */
const failures: ReadonlyArray<
  readonly [server: string, told: string, kind: Reason["_tag"], isRetryable: boolean, dialect?: keyof typeof dialects]
> = [
  // use-agent-os/agent-os#2214
  [
    "OpenRouter",
    data(chunk({
      error: { code: "server_error", message: "Provider disconnected unexpectedly" },
      choices: [{ index: 0, delta: { content: "" }, finish_reason: "error" }]
    })),
    "Overloaded",
    true,
    "/chat/completions"
  ],
  // dcdpr/jp#978
  [
    "OpenRouter",
    data(chunk({ error: { code: 400, message: "prompt is too long: 1284668 tokens > 1000000 maximum" }, choices: [] })),
    "ContextOverflow",
    false,
    "/chat/completions"
  ],
  [
    "OpenRouter",
    data(chunk({ error: { code: 402, message: "Insufficient credits" }, choices: [] })),
    "QuotaExceeded",
    false
  ],
  // NousResearch/hermes-agent#65738
  [
    "a server without choices",
    data(chunk({
      choices: null,
      error_type: "BadRequestError",
      error_message: "This model's maximum context length is 8192 tokens."
    })),
    "ContextOverflow",
    false
  ],
  [
    "vLLM",
    data({ error: { message: "The model `m` does not exist.", type: "NotFoundError", param: "model", code: 404 } }),
    "ModelUnavailable",
    false
  ],
  [
    "vLLM, an older one",
    data({ object: "error", message: "Bad tool", type: "BadRequestError", param: null, code: 400 }),
    "InvalidRequest",
    false
  ],
  ["Ollama", data({ error: "an error was encountered while running the model" }), "Overloaded", true],
  [
    "llama.cpp",
    `error: ${JSON.stringify({ code: 500, message: "tools param requires --jinja flag", type: "server_error" })}\n\n`,
    "InvalidRequest",
    false
  ],
  [
    "Gemini",
    data([{ error: { code: 503, message: "The model is overloaded.", status: "UNAVAILABLE" } }]),
    "Overloaded",
    true
  ],
  [
    "Gemini",
    data([{ error: { code: 429, message: "Resource has been exhausted", status: "RESOURCE_EXHAUSTED" } }]),
    "RateLimited",
    true
  ],
  [
    "LM Studio",
    `event: error\n${data({ error: { message: "Context size has been exceeded." } })}`,
    "ContextOverflow",
    false
  ],
  [
    "a server with the type of the failure",
    `event: error\n${data({ type: "invalid_request_error", message: "Bad tool" })}`,
    "InvalidRequest",
    false
  ],
  ["Azure", data({ error: { code: "content_filter", message: "Filtered." } }), "ContentFiltered", false],
  [
    "Anthropic",
    data({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } }),
    "Overloaded",
    true
  ],
  ["a server in words", data({ error: { message: "Rate limit reached. Try again in 2s" } }), "RateLimited", true]
]

const failureOf = ([dialect, first]: (typeof dialects)[keyof typeof dialects], body: string) => {
  const bytes = body.replace("FIRST", data(first))
  const auth = Layer.mock(AuthClient.AuthClient, {
    client: HttpClient.make((request) => Effect.sync(() => HttpClientResponse.fromWeb(request, new Response(bytes))))
      .pipe(
        HttpClient.mapRequest(HttpClientRequest.prependUrl("https://host.test"))
      ),
    wire: Effect.succeed(ofOthers)
  })
  const layer = Responses.layerWith({ dialect, retry: { attempts: 1, elapsed: 0 } })
  return Effect.provide(Effect.flip(Responses.complete(request)), Layer.provide(layer, auth))
}

describe("A failure inside of an answer", () => {
  it.effect.each(failures)("of %s: %s", ([, told, kind, isRetryable, only]) =>
    Effect.gen(function*() {
      for (const [path, dialect] of Object.entries(dialects)) {
        if (only !== undefined && path !== only) continue
        // First of all, or after something that came well.
        for (const body of [told, `FIRST${told}`]) {
          const error = yield* failureOf(dialect, body)
          assert.strictEqual(error.reason._tag, kind, path)
          assert.strictEqual(error.isRetryable, isRetryable)
        }
      }
    }))

  it.effect("may be all of the body", () =>
    Effect.gen(function*() {
      const error = { code: 503, message: "The model is overloaded.", status: "UNAVAILABLE" }
      for (const dialect of Object.values(dialects)) {
        for (const body of [JSON.stringify({ error }), JSON.stringify([{ error }], null, 2)]) {
          const failure = yield* failureOf(dialect, body)
          assert.deepInclude({ ...failure }, { reason: { _tag: "Overloaded" }, status: 503 })
        }
      }
    }))
})
