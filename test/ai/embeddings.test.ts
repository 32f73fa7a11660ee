import * as OpenAiClient from "@effect/ai-openai/OpenAiClient"
import * as OpenAiEmbeddingModel from "@effect/ai-openai/OpenAiEmbeddingModel"
import * as EmbeddingModel from "@effect/ai/EmbeddingModel"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Embeddings from "../../src/ai/Embeddings.ts"
import * as AuthClient from "../../src/auth/AuthClient.ts"
import { apiKey, type Credential } from "../../src/auth/Credential.ts"
import * as Credentials from "../../src/auth/Credentials.ts"
import { ModelError } from "../../src/responses/ModelError.ts"
import * as OpenAiSimulator from "../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../src/testing/Script.ts"

const model = "text-embedding-3-small"

type Server = typeof OpenAiSimulator.OpenAiSimulator.Service

/** The model of an account. */
const over = (credential: (server: Server) => Effect.Effect<Credential>) =>
  Layer.unwrapEffect(Effect.gen(function*() {
    const server = yield* OpenAiSimulator.OpenAiSimulator
    const current = { credential: yield* credential(server), source: "store" as const, reason: "" }
    return Embeddings.layer({ model }).pipe(
      Layer.provide(AuthClient.layer({
        chatgptBaseUrl: server.chatgptBaseUrl,
        apiBaseUrl: server.apiBaseUrl,
        originator: "effixir",
        organization: Option.none(),
        project: Option.none()
      })),
      Layer.provide(Layer.mock(Credentials.Credentials, { current: Effect.succeed(current) }))
    )
  }))

const withKey = over((server) => Effect.succeed(apiKey(server.apiKey)))

const theirs = Layer.unwrapEffect(
  Effect.map(
    OpenAiSimulator.OpenAiSimulator,
    ({ apiBaseUrl, apiKey }) =>
      OpenAiEmbeddingModel.layerBatched({ model }).pipe(
        Layer.provide(OpenAiClient.layer({ apiKey, apiUrl: apiBaseUrl }))
      )
  )
)

const server = OpenAiSimulator.layer({ script: Script.fromTurns([]) })

const on = (
  layer: Layer.Layer<EmbeddingModel.EmbeddingModel, never, OpenAiSimulator.OpenAiSimulator | HttpClient.HttpClient>
) => Layer.provideMerge(layer, server).pipe(Layer.provide(FetchHttpClient.layer))

const sent = Effect.flatMap(
  OpenAiSimulator.OpenAiSimulator,
  ({ requests }) => Effect.map(requests, (all) => all.filter(({ path }) => path === "/v1/embeddings"))
)

describe("An embedding model", () => {
  for (const [name, layer] of [["effixir/ai", on(withKey)], ["@effect/ai-openai", on(theirs)]] as const) {
    it.live(`embeds many texts in one request: ${name}`, () =>
      Effect.gen(function*() {
        const { embed, embedMany } = yield* EmbeddingModel.EmbeddingModel
        assert.deepStrictEqual(yield* embedMany(["a", "two words", "and three words"]), [[1, 1], [9, 2], [15, 3]])
        assert.deepStrictEqual(yield* embed("one"), [3, 1])
        const [first, second] = yield* sent
        assert.deepInclude(first?.body, { model, input: ["a", "two words", "and three words"] })
        assert.deepInclude(second?.body, { input: ["one"] })
      }).pipe(Effect.provide(layer)))
  }

  it.live("fails with why the server has refused a text", () =>
    Effect.gen(function*() {
      const { embed } = yield* EmbeddingModel.EmbeddingModel
      const error = yield* Effect.flip(embed(""))
      assert.instanceOf(error.cause, ModelError)
      assert.include(error.message, "'$.input' is invalid")
    }).pipe(Effect.provide(on(withKey))))

  it.live.each(
    [
      ["ChatGPT sign-in", (server: Server) => server.signIn()],
      ["sign-in with ChatGPT", (server: Server) => server.signInWithChatGpt()]
    ] as const
  )("does not ask with a %s, which has none", ([, credential]) =>
    Effect.gen(function*() {
      const { embed } = yield* EmbeddingModel.EmbeddingModel
      const error = yield* Effect.flip(embed("one"))
      assert.strictEqual(error._tag, "UnknownError")
      assert.include(error.message, "A ChatGPT plan has no embeddings. Set OPENAI_API_KEY")
      assert.deepStrictEqual(yield* sent, [])
    }).pipe(Effect.provide(on(over(credential)))))
})
