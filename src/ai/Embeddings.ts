/**
 * The `EmbeddingModel` of `@effect/ai` over the account that is in use, where its host has embeddings: an API key, or
 * another server with `/v1/embeddings`. A ChatGPT plan has none.
 *
 * @since 0.1.0
 */
import * as AiError from "@effect/ai/AiError"
import * as EmbeddingModel from "@effect/ai/EmbeddingModel"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { AuthClient } from "../auth/AuthClient.ts"
import { isPlan } from "../auth/Host.ts"
import { decoding } from "../internal/decoding.ts"
import { defined } from "../internal/json.ts"
import { networkProblem } from "../internal/networkProblem.ts"
import * as ServerFailure from "../responses/transport/ServerFailure.ts"

/** @since 0.1.0 @category models */
export interface Options {
  readonly model: string
  /** The length of each vector, for models that can shorten it. */
  readonly dimensions?: number | undefined
  /** How many texts go into one request; 2048 by default, which is what the API takes. */
  readonly maxBatchSize?: number | undefined
  /** Keeps this many vectors for this long, by their text; none by default. */
  readonly cache?: { readonly capacity: number; readonly timeToLive: Duration.DurationInput } | undefined
}

/**
 * Texts that are asked for together go in one request. Requests are not repeated: a failure is an `AiError.UnknownError`
 * whose `cause` is the `ModelError` with its reason, or `MalformedOutput`. On a ChatGPT plan each one fails before it is
 * sent, and says what to do.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Embeddings } from "effixir/ai"
 *
 * const vectors = (texts: ReadonlyArray<string>) =>
 *   Effect.flatMap(Embeddings.make({ model: "text-embedding-3-small", dimensions: 256 }), (model) =>
 *     model.embedMany(texts))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*({ cache, dimensions, maxBatchSize = 2048, model }: Options) {
  const { account, client } = yield* AuthClient

  const embedMany = Effect.fnUntraced(function*(input: ReadonlyArray<string>) {
    if (isPlan(yield* Effect.mapError(account, failed))) return yield* failed({ message: noEmbeddings })
    const response = yield* client.execute(
      HttpClientRequest.post("/embeddings").pipe(
        HttpClientRequest.acceptJson,
        HttpClientRequest.bodyUnsafeJson({ model, input, encoding_format: "float", ...defined({ dimensions }) })
      )
    ).pipe(Effect.mapError((cause) => failed({ message: networkProblem(cause), cause })))
    const body = yield* Effect.mapError(response.text, (cause) => failed({ message: networkProblem(cause), cause }))
    if (response.status !== 200) {
      return yield* Effect.mapError(
        ServerFailure.fail(ServerFailure.fromHttp(response.status, response.headers, body)),
        (cause) => failed({ message: cause.message, cause })
      )
    }
    const { data } = yield* Effect.mapError(decodeAnswer(body), malformed)
    if (data.length !== input.length || data.some(({ index }) => index < 0 || index >= input.length)) {
      return yield* malformed({ message: `${input.length} texts were sent, and ${data.length} vectors came back` })
    }
    return data.map(({ embedding, index }) => ({ index, embeddings: [...embedding] }))
  })

  return yield* EmbeddingModel.make({ embedMany, maxBatchSize, ...(cache === undefined ? {} : { cache }) })
})

/**
 * An embedding model for the programs of `@effect/ai`.
 *
 * @example
 * ```ts
 * import * as EmbeddingModel from "@effect/ai/EmbeddingModel"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { Embeddings } from "effixir/ai"
 * import { NodeAgent } from "effixir/node"
 *
 * const Model = Embeddings.layer({ model: "text-embedding-3-small", cache: { capacity: 1000, timeToLive: "1 hour" } })
 *
 * const vector = Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) => model.embed("Effects are values.")).pipe(
 *   Effect.provide(Layer.provide(Model, NodeAgent.layerHome))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<EmbeddingModel.EmbeddingModel, never, AuthClient> =>
  Layer.effect(EmbeddingModel.EmbeddingModel, make(options))

const noEmbeddings =
  "A ChatGPT plan has no embeddings. Set OPENAI_API_KEY, or OPENAI_BASE_URL to a server that has them, and EFFIXIR_AUTH=api-key"

const Answer = Schema.parseJson(Schema.Struct({
  data: Schema.Array(Schema.Struct({ index: Schema.Int, embedding: Schema.Array(Schema.Number) }))
}))

const decodeAnswer = decoding(Answer)

const failed = ({ cause, message }: { readonly message: string; readonly cause?: unknown }) =>
  new AiError.UnknownError({ module: "effixir/ai", method: "embedMany", description: message, cause })

const malformed = ({ message }: { readonly message: string }) =>
  new AiError.MalformedOutput({ module: "effixir/ai", method: "embedMany", description: message })
