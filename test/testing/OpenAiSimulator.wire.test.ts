import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as AuthClient from "../../src/auth/AuthClient.ts"
import * as ChatGptOAuth from "../../src/auth/chatgpt/ChatGptOAuth.ts"
import { apiKey, type Credential } from "../../src/auth/Credential.ts"
import * as Credentials from "../../src/auth/Credentials.ts"
import * as CredentialStore from "../../src/auth/CredentialStore.ts"
import * as OAuth from "../../src/auth/OAuth.ts"
import * as Item from "../../src/responses/Item.ts"
import type { ModelError } from "../../src/responses/ModelError.ts"
import * as Request from "../../src/responses/Request.ts"
import * as Response from "../../src/responses/Response.ts"
import * as Responses from "../../src/responses/Responses.ts"
import * as OpenAiSimulator from "../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
import { type Transport, transports } from "../responses/transports.ts"

/** The real client, pointed at the simulator. */
const client = (
  transport: Transport,
  credential: (simulator: typeof OpenAiSimulator.OpenAiSimulator.Service) => Effect.Effect<Credential>
): Layer.Layer<Responses.Responses, never, OpenAiSimulator.OpenAiSimulator> =>
  Layer.unwrapEffect(Effect.gen(function*() {
    const simulator = yield* OpenAiSimulator.OpenAiSimulator
    return transport.layer({ retry: { attempts: 1, elapsed: 0 } }).pipe(
      Layer.provide(AuthClient.layer({
        chatgptBaseUrl: simulator.chatgptBaseUrl,
        apiBaseUrl: simulator.apiBaseUrl,
        originator: "effixir",
        organization: Option.none(),
        project: Option.none()
      })),
      Layer.provide(Credentials.layer({ apiKey: Option.none(), choice: "any" })),
      Layer.provide([OAuth.layer({ issuer: simulator.issuer, originator: "effixir" }), ChatGptOAuth.layer(simulator)]),
      Layer.provide(CredentialStore.layerMemory(yield* credential(simulator))),
      Layer.provide(FetchHttpClient.layer)
    )
  }))

const subscriber = (transport: Transport) => client(transport, (simulator) => simulator.signIn())
const apiUser = (transport: Transport) => client(transport, (simulator) => Effect.succeed(apiKey(simulator.apiKey)))
const hosts = [["ChatGPT", subscriber], ["API", apiUser]] as const

const ask = (...input: ReadonlyArray<Item.Item>) =>
  Effect.flatMap(Responses.Responses, (responses) =>
    Stream.runFold(
      responses.stream(Request.make({ model: "gpt-5.5", instructions: "Be brief.", input, cacheKey: "session-1" })),
      Response.empty,
      Response.add
    ))

const withoutId = (item: Item.Item): Item.Item => ({ ...item, id: undefined })

const said = [Script.think("Hm."), Script.call("ls", { path: "." }, "call_1")]
const answer = [Script.say("One file.", { phase: "final_answer" })]

const cases = hosts.flatMap(([host, user]) =>
  transports.map((transport) => ({ host, transport, layer: user(transport) }))
)

for (const { host, layer, transport } of cases) {
  describe(`The real client on the ${host} host, over ${transport.name}`, () => {
    it.effect("gets the items, and can replay them", () =>
      Effect.gen(function*() {
        const first = yield* ask(Item.userMessage("What is here?"))
        assert.deepStrictEqual(Response.items(first), said)
        assert.deepStrictEqual(first.usage, Script.defaultUsage)

        const second = yield* ask(
          Item.userMessage("What is here?"),
          ...said.map(withoutId),
          Item.functionCallOutput("call_1", "a.txt")
        )
        assert.deepStrictEqual(Response.items(second), answer)

        const simulator = yield* OpenAiSimulator.OpenAiSimulator
        const received = (yield* simulator.requests).find(({ method }) => method === transport.method)
        assert.strictEqual(
          received?.path,
          host === "API" ? "/v1/responses" : "/backend-api/codex/responses"
        )
        assert.strictEqual(received?.headers["session-id"], "session-1")
        assert.strictEqual(received?.headers["originator"], "effixir")
        assert.deepPropertyVal(received?.body, "input", [
          ...host === "API" ? [] : [Item.developerMessage("Be brief.")],
          Item.userMessage("What is here?")
        ])
        assert.strictEqual(Predicate.hasProperty(received?.body, "instructions"), host === "API")
      }).pipe(Effect.provide(Layer.provideMerge(
        layer,
        OpenAiSimulator.layer({ script: Script.fromTurns([Script.answer(...said), Script.answer(...answer)]) })
      ))))

    const turns: Readonly<Record<string, Script.Turn>> = {
      // Over a connection that stands there are only events.
      ...transport.name === "WebSocket" ? {} : { "a web page": Script.refuse(403, "<html>Blocked</html>") },
      "a used-up plan": Script.refuse(429, {
        error: { type: "usage_limit_reached", message: "Used up.", plan_type: "plus", resets_at: 1_777_936_568 }
      }),
      "response.failed": Script.fail({ code: "context_length_exceeded", message: "Too long." }),
      "an error event": Script.fail({ code: "server_error", message: "Oops." }, "error"),
      "a nested error event": Script.fail(
        { code: "rate_limit_exceeded", message: "Wait.", status: 429 },
        "error-nested"
      ),
      "a cut": Script.cut(4, Script.say("never ends"))
    }
    it.effect.each(Object.entries(turns))("fails like the scripted model: %s", ([, turn]) =>
      Effect.gen(function*() {
        const failure = Effect.map(Effect.flip(ask(Item.userMessage("hi"))), (error: ModelError) => ({
          // How far the plan is used is told by headers, which the script does not write.
          reason: { ...error.reason, windows: undefined },
          detail: error.detail,
          status: error.status
        }))
        const overTheWire = yield* failure.pipe(
          Effect.provide(Layer.provideMerge(layer, OpenAiSimulator.layer({ script: () => turn })))
        )
        const scripted = yield* Effect.provide(failure, ScriptedResponses.layer(() => turn))
        assert.deepStrictEqual(overTheWire, scripted)
      }))
  })
}

for (const transport of transports) {
  describe(`OpenAiSimulator over ${transport.name}`, () => {
    it.effect("speaks at its pace", () =>
      Effect.gen(function*() {
        const responses = yield* Responses.Responses
        const request = Request.make({ model: "gpt-5.5", instructions: "Be brief.", input: [], cacheKey: "k" })
        const fiber = yield* Effect.fork(Stream.runCollect(Stream.take(responses.stream(request), 3)))
        const simulator = yield* OpenAiSimulator.OpenAiSimulator
        yield* Effect.repeat(Effect.yieldNow(), {
          until: () => Effect.map(simulator.requests, (all) => all.some(({ method }) => method === transport.method))
        })
        assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
        const events = yield* Effect.race(
          Fiber.join(fiber),
          Effect.forever(Effect.zipRight(TestClock.adjust("1 second"), Effect.yieldNow()))
        )
        assert.deepStrictEqual([...events].map(({ type }) => type), [
          "response.created",
          "response.in_progress",
          "response.output_item.added"
        ])
      }).pipe(Effect.provide(Layer.provideMerge(
        subscriber(transport),
        OpenAiSimulator.layer({ script: () => Script.answer(Script.say("slow and steady")), pace: "1 second" })
      ))))

    it.effect("takes its connections with it when its scope is closed", () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const simulator = yield* Scope.extend(
          OpenAiSimulator.make({ script: () => Script.answer(Script.say("never ends")), pace: "1 hour" }),
          scope
        )
        const failure = ask(Item.userMessage("hi")).pipe(
          Effect.flip,
          Effect.provide(subscriber(transport)),
          Effect.provideService(OpenAiSimulator.OpenAiSimulator, simulator)
        )
        const open = yield* Effect.fork(failure)
        yield* Effect.repeat(Effect.yieldNow(), {
          until: () => Effect.map(simulator.requests, (all) => all.some(({ method }) => method === transport.method))
        })
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual((yield* Fiber.join(open)).reason._tag, "StreamIncomplete")
        assert.strictEqual((yield* failure).reason._tag, "Transport")
      }))
  })
}
