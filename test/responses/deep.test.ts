import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as OAuth from "../../src/auth/OAuth.ts"
import * as ChatCompletions from "../../src/responses/chat/ChatCompletions.ts"
import * as ModelResponse from "../../src/responses/Response.ts"
import * as ToolCall from "../../src/responses/ToolCall.ts"
import { bytes, read } from "./sse.ts"

const deep = `${"[".repeat(5000)}${"]".repeat(5000)}`

describe("JSON that is nested without end", () => {
  it.effect("is an answer that cannot be understood over Chat Completions, but in arguments, which are the tool's", () =>
    Effect.gen(function*() {
      const tell = (delta: string) =>
        read(
          Stream.make(bytes(
            `data: {"id":"c","model":"m","choices":[{"index":0,"delta":${delta},"finish_reason":"tool_calls"}]}\n\n` +
              "data: [DONE]\n\n"
          )),
          ChatCompletions.dialect.decoder
        )
      const unknown = yield* tell(`{"content":"Hi","unknown":${deep}}`)
      assert.strictEqual(unknown.failure?.reason._tag, "MalformedOutput")
      const call = { index: 0, id: "c1", type: "function", function: { name: "ls", arguments: deep } }
      const { events, failure } = yield* tell(JSON.stringify({ tool_calls: [call] }))
      assert.isUndefined(failure)
      const calls = ModelResponse.calls(events.reduce(ModelResponse.add, ModelResponse.empty))
      assert.deepStrictEqual(calls.map(ToolCall.argument), [deep])
    }))

  const secret = Redacted.make("s3cret")
  const device = { deviceAuthId: secret, userCode: "A", verificationUri: "", interval: Duration.seconds(5) }
  const grant = { code: secret, verifier: secret, redirectUri: "http://localhost:1455" }
  const calls: ReadonlyArray<
    readonly [string, (oauth: typeof OAuth.OAuth.Service) => Effect.Effect<unknown, unknown>]
  > = [
    ["startDevice", (oauth) => oauth.startDevice],
    ["pollDevice", (oauth) => oauth.pollDevice(device)],
    ["exchange", (oauth) => oauth.exchange(grant)],
    ["refresh", (oauth) => oauth.refresh(secret)]
  ]
  for (const [name, call] of calls) {
    it.effect(`is a failure of the sign-in and no defect: ${name}`, () =>
      Effect.gen(function*() {
        for (const status of [200, 400]) {
          for (const body of [deep, `{"error":${deep},"access_token":${deep},"interval":${deep}}`]) {
            const network = HttpClient.make((request) =>
              Effect.succeed(HttpClientResponse.fromWeb(request, new Response(body, { status })))
            )
            const error = yield* Effect.flip(
              Effect.flatMap(OAuth.OAuth, call).pipe(
                Effect.provide(OAuth.layer({ issuer: "https://auth.test/", originator: "effixir" })),
                Effect.provide(Layer.succeed(HttpClient.HttpClient, network))
              )
            )
            assert.deepNestedInclude(error, { _tag: "OAuthError" })
          }
        }
      }))
  }
})
