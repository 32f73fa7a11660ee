import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as AuthClient from "../../src/auth/AuthClient.ts"
import * as ChatGptOAuth from "../../src/auth/chatgpt/ChatGptOAuth.ts"
import { apiKey, type Credential } from "../../src/auth/Credential.ts"
import * as Credentials from "../../src/auth/Credentials.ts"
import * as CredentialStore from "../../src/auth/CredentialStore.ts"
import * as OAuth from "../../src/auth/OAuth.ts"
import * as Item from "../../src/responses/Item.ts"
import * as Request from "../../src/responses/Request.ts"
import * as Response from "../../src/responses/Response.ts"
import * as Responses from "../../src/responses/Responses.ts"
import type { StreamEvent } from "../../src/responses/StreamEvent.ts"
import * as OpenAiSimulator from "../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../src/testing/Script.ts"
import { transports } from "./transports.ts"

const hello = Script.answer(Script.say("Hello"))

/** The ways in which a server tells inside of an answer that a token is not good. */
const refusals: Readonly<Record<string, Script.Turn>> = {
  "an error event with the status of HTTP": Script.fail(
    { status: 401, code: "", message: "Unauthorized" },
    "error-nested"
  ),
  "an error event with a word": Script.fail({ code: "token_expired", message: "It has expired." }, "error"),
  "the word that OAuth has": Script.fail({ code: "invalid_token", message: "It is invalid." }, "error-nested"),
  "response.failed": Script.fail({ code: "token_invalidated", message: "It has been invalidated." }, "response.failed")
}

const request = Request.make({
  model: "gpt-5.5",
  instructions: "Be brief.",
  input: [Item.userMessage("Hi")],
  cacheKey: "session-1"
})

for (const { layer, method, name } of transports) {
  /** One call of somebody who is signed in at the simulator, and the requests that it took. */
  const call = (
    turns: ReadonlyArray<Script.Turn>,
    key?: (simulator: OpenAiSimulator.OpenAiSimulator["Type"]) => Credential
  ) =>
    Effect.gen(function*() {
      const simulator = yield* OpenAiSimulator.OpenAiSimulator
      const credential = key === undefined ? yield* simulator.signIn() : key(simulator)
      const client = layer({ retry: { attempts: 4, elapsed: "1 minute" } }).pipe(
        Layer.provide(AuthClient.layer({
          chatgptBaseUrl: simulator.chatgptBaseUrl,
          apiBaseUrl: simulator.apiBaseUrl,
          originator: "effixir",
          organization: Option.none(),
          project: Option.none()
        })),
        Layer.provide(Credentials.layer({ apiKey: Option.none(), choice: "any" })),
        Layer.provide([
          OAuth.layer({ issuer: simulator.issuer, originator: "effixir" }),
          ChatGptOAuth.layer(simulator)
        ]),
        Layer.provide(CredentialStore.layerMemory(credential)),
        Layer.provide(FetchHttpClient.layer)
      )
      const events: Array<StreamEvent> = []
      const end = yield* Effect.flatMap(
        Responses.Responses,
        ({ stream }) => Stream.runForEach(stream(request), (event) => Effect.sync(() => events.push(event)))
      ).pipe(Effect.either, Effect.provide(client))
      const requests = yield* simulator.requests
      return {
        events,
        text: Response.text(events.reduce(Response.add, Response.empty)),
        failure: Option.getOrUndefined(Either.getLeft(end)),
        asked: requests.flatMap((request) =>
          request.method === method && request.path.endsWith("/responses")
            ? ["model"]
            : request.path === "/oauth/token"
            ? ["token"]
            : []
        )
      }
    }).pipe(Effect.provide(OpenAiSimulator.layer({ script: (_, n) => turns[n] ?? turns.at(-1) ?? hello })))

  describe(`A token that is refused inside of an answer over ${name}`, () => {
    it.effect.each(Object.entries(refusals))("is refreshed after %s", ([, refusal]) =>
      Effect.gen(function*() {
        const { asked, events, failure, text } = yield* call([refusal, hello])
        assert.strictEqual(failure, undefined)
        assert.strictEqual(text, "Hello")
        assert.deepStrictEqual(asked, ["model", "token", "model"])
        const retries = events.flatMap((event) => event.type === "effixir.retry" ? [[event.reason, event.delay]] : [])
        assert.deepStrictEqual(retries, [["Unauthorized", 0]])
      }))

    it.effect("is refreshed once, and then the sign-in is over", () =>
      Effect.gen(function*() {
        const { asked, failure } = yield* call(Object.values(refusals))
        assert.deepStrictEqual(asked, ["model", "token", "model"])
        assert.strictEqual(failure?.reason._tag, "Unauthorized")
        assert.include(failure?.message, "Your sign-in was ended at the server")
      }))

    it.effect("is a key that there is no other for", () =>
      Effect.gen(function*() {
        const [refusal = hello] = Object.values(refusals)
        const { asked, failure } = yield* call([refusal, hello], (simulator) => apiKey(simulator.apiKey))
        assert.deepStrictEqual(asked, ["model"])
        assert.strictEqual(failure?.reason._tag, "Unauthorized")
        assert.include(failure?.message, "check OPENAI_API_KEY")
      }))
  })
}
