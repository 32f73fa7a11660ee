import * as OpenAiClient from "@effect/ai-openai/OpenAiClient"
import * as OpenAiLanguageModel from "@effect/ai-openai/OpenAiLanguageModel"
import * as Chat from "@effect/ai/Chat"
import * as LanguageModel from "@effect/ai/LanguageModel"
import * as Prompt from "@effect/ai/Prompt"
import * as AiTool from "@effect/ai/Tool"
import * as AiToolkit from "@effect/ai/Toolkit"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Ai from "../../src/ai/index.ts"
import * as AuthClient from "../../src/auth/AuthClient.ts"
import * as ChatGptOAuth from "../../src/auth/chatgpt/ChatGptOAuth.ts"
import * as Credentials from "../../src/auth/Credentials.ts"
import * as CredentialStore from "../../src/auth/CredentialStore.ts"
import * as OAuth from "../../src/auth/OAuth.ts"
import { isFunctionCall, isFunctionCallOutput, isReasoning, type Item } from "../../src/responses/Item.ts"
import * as Responses from "../../src/responses/Responses.ts"
import * as OpenAiSimulator from "../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"

const Weather = AiToolkit.make(
  AiTool.make("weather", {
    description: "The weather in a city",
    parameters: { city: Schema.String, days: Schema.optional(Schema.Number) },
    success: Schema.Struct({ degrees: Schema.Number })
  })
)

const WeatherLive = Weather.toLayer({ weather: ({ city }) => Effect.succeed({ degrees: city.length }) })

const scripted = (...turns: ReadonlyArray<Script.Turn>) =>
  Layer.provideMerge(Ai.layer({ model: "gpt-6.2-sol" }), ScriptedResponses.layer(Script.fromTurns(turns)))

const requests = Effect.flatMap(ScriptedResponses.ScriptedResponses, ({ requests }) => requests)

const inputs = Effect.map(requests, (all) => all.map(({ input }) => input))

const outputsIn = (input: ReadonlyArray<Item> = []) => input.filter(isFunctionCallOutput).map(({ output }) => output)

/** Arguments as a model writes them, which nobody who decodes them would write again. */
const odd = "{ \"city\" :\t\"Oslo\" }"

describe("A language model over Responses", () => {
  it.effect("sends back in a chat what the model has thought, and its arguments to the letter", () =>
    Effect.gen(function*() {
      const chat = yield* Chat.fromPrompt([{ role: "system", content: "Be brief." }])
      const first = yield* chat.generateText({ prompt: "How warm is Oslo?", toolkit: Weather })
      assert.deepStrictEqual(first.toolResults.map(({ result }) => result), [{ degrees: 4 }])
      const second = yield* chat.generateText({ prompt: [] })
      assert.strictEqual(second.text, "Four degrees.")
      yield* chat.generateText({ prompt: "Thanks." })
      const [one = [], two = [], three = []] = yield* inputs
      assert.deepStrictEqual(two.slice(0, one.length), one)
      assert.deepStrictEqual(three.slice(0, two.length), two)
      assert.deepStrictEqual(two.filter(isFunctionCall).map((call) => call.arguments), [odd])
      assert.strictEqual(three.filter(isReasoning).length, 2)
      assert.deepStrictEqual(three.map(({ type }) => type), [
        "message",
        "reasoning",
        "function_call",
        "function_call_output",
        "reasoning",
        "message",
        "odd_item",
        "message"
      ])
      const all = yield* requests
      assert.strictEqual(new Set(all.map((request) => request.prompt_cache_key)).size, 1)
      assert.deepStrictEqual([...new Set(all.map(({ instructions }) => instructions))], ["Be brief."])
    }).pipe(
      Effect.provide(scripted(
        Script.answer(Script.think("Oslo is a city."), Script.call("weather", odd, "call_1")),
        Script.answer(Script.think("It has four letters."), Script.say("Four degrees."), { type: "odd_item" } as never),
        Script.answer(Script.say("You are welcome."))
      )),
      Effect.provide(WeatherLive)
    ))

  it.effect("streams texts while they come, and calls when the answer is whole", () =>
    Effect.gen(function*() {
      const chat = yield* Chat.empty
      const parts = yield* Stream.runCollect(chat.streamText({ prompt: "How warm is Oslo?", toolkit: Weather }))
      const types = Array.from(parts, ({ type }) => type)
      assert.deepStrictEqual(types.filter((type, n) => type !== types[n - 1]), [
        "reasoning-start",
        "reasoning-delta",
        "text-start",
        "text-delta",
        "reasoning-end",
        "text-end",
        "tool-call",
        "response-metadata",
        "finish",
        "tool-result"
      ])
      yield* Stream.runDrain(chat.streamText({ prompt: [], toolkit: Weather }))
      const [one = [], two = []] = yield* inputs
      assert.deepStrictEqual(two.slice(0, one.length), one)
      assert.strictEqual(two.filter(isReasoning).length, 1)
    }).pipe(
      Effect.provide(scripted(
        Script.answer(Script.think("A city."), Script.say("Let me look it up."), Script.call("weather", odd)),
        Script.answer(Script.say("Four."))
      )),
      Effect.provide(WeatherLive)
    ))

  it.effect("lets the model mend arguments that no tool takes, and goes on", () =>
    Effect.gen(function*() {
      const { text, toolResults } = yield* LanguageModel.generateText({ prompt: "How warm?", toolkit: Weather })
      assert.strictEqual(text, "I look it up. Again.")
      assert.strictEqual(toolResults.length, 1)
      const [, second, third] = yield* inputs
      assert.include(String(outputsIn(second)[0]), "Invalid arguments for weather: city")
      assert.include(String(outputsIn(third)[1]), "There is no tool named wether")
    }).pipe(
      Effect.provide(scripted(
        Script.answer(Script.say("I look it up."), Script.call("weather", { town: "Oslo" })),
        Script.answer(Script.say(" Again."), Script.call("wether", { city: "Oslo" })),
        Script.answer(Script.call("weather", { city: "Oslo", days: "3" }))
      )),
      Effect.provide(WeatherLive)
    ))

  it.effect("tells the model of a bad call beside one that ran", () =>
    Effect.gen(function*() {
      const chat = yield* Chat.empty
      const { toolResults } = yield* chat.generateText({ prompt: "How warm?", toolkit: Weather })
      assert.strictEqual(toolResults.length, 1)
      yield* chat.generateText({ prompt: [], toolkit: Weather })
      const [, second] = yield* inputs
      assert.deepStrictEqual(outputsIn(second).map(String).map((output) => output.slice(0, 13)), [
        "The arguments",
        "{\"degrees\":4}"
      ])
    }).pipe(
      Effect.provide(scripted(
        Script.answer(Script.call("weather", "{", "call_1"), Script.call("weather", { city: "Oslo" }, "call_2")),
        Script.answer(Script.say("Four."))
      )),
      Effect.provide(WeatherLive)
    ))

  it.effect("gives objects, with a repair where the server does not enforce the schema", () =>
    Effect.gen(function*() {
      const schema = Schema.Struct({ city: Schema.String, degrees: Schema.Number })
      const { value } = yield* LanguageModel.generateObject({ prompt: "How warm is Oslo?", schema })
      assert.deepStrictEqual(value, { city: "Oslo", degrees: 4 })
      const [first, second] = yield* requests
      assert.strictEqual(first?.text?.format?.type, "json_schema")
      assert.strictEqual(second?.input.length, 3)
    }).pipe(Effect.provide(scripted(
      Script.answer(Script.say("It is warm.")),
      Script.answer(Script.say("Here you are: {\"city\":\"Oslo\",\"degrees\":4}"))
    ))))

  it.effect("mends what a prompt has lost: calls without an output, outputs without their call", () =>
    Effect.gen(function*() {
      yield* LanguageModel.generateText({
        prompt: Prompt.make([
          {
            role: "tool",
            content: [Prompt.makePart("tool-result", {
              id: "call_0",
              name: "weather",
              isFailure: false,
              result: { degrees: 3 },
              providerExecuted: false
            })]
          },
          {
            role: "assistant",
            content: [Prompt.makePart("tool-call", {
              id: "call_1",
              name: "weather",
              params: { city: "Oslo" },
              providerExecuted: false
            })]
          },
          { role: "user", content: [Prompt.makePart("file", { mediaType: "image/png", data: new Uint8Array([1, 2]) })] }
        ])
      })
      const [input = []] = yield* inputs
      assert.deepStrictEqual(input.map(({ type }) => type), [
        "message",
        "function_call",
        "function_call_output",
        "message"
      ])
      assert.include(JSON.stringify(input[3]), "data:image/png;base64,AQI=")
    }).pipe(Effect.provide(scripted(Script.answer(Script.say("Yes."))))))

  it.effect("ends a model that goes on calling what no tool takes", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(LanguageModel.generateText({ prompt: "How warm?", toolkit: Weather }))
      assert.strictEqual(error._tag, "MalformedOutput")
      assert.include(error.message, "There is no tool named wether")
      assert.strictEqual((yield* requests).length, 4)
    }).pipe(
      Effect.provide(scripted(...Array.from({ length: 4 }, () => Script.answer(Script.call("wether", {}))))),
      Effect.provide(WeatherLive)
    ))

  it.effect("leaves what a chat has sent as it was, whatever another one with the same words has got", () =>
    Effect.gen(function*() {
      const [a, b] = [yield* Chat.empty, yield* Chat.empty]
      yield* a.generateText({ prompt: "Hi" })
      yield* a.generateText({ prompt: "More" })
      yield* b.generateText({ prompt: "Hi" })
      yield* a.generateText({ prompt: "Again" })
      yield* b.generateText({ prompt: "Again" })
      const [, two = [], , four = [], five = []] = yield* inputs
      assert.deepStrictEqual(four.slice(0, two.length), two)
      assert.strictEqual(five.filter(isReasoning).length, 1)
    }).pipe(
      Effect.provide(scripted(
        ...Array.from({ length: 5 }, (_, n) => Script.answer(Script.think(`Thought ${n}`), Script.say("Ok.")))
      ))
    ))

  it.effect("takes no call of another conversation for one with the same id", () =>
    Effect.gen(function*() {
      yield* LanguageModel.generateText({ prompt: "How warm is Oslo?", toolkit: Weather })
      const call = (name: string, params: unknown) =>
        LanguageModel.generateText({
          prompt: Prompt.make([
            { role: "user", content: "Another conversation" },
            {
              role: "assistant",
              content: [Prompt.makePart("tool-call", {
                id: "call_0",
                name,
                params,
                providerExecuted: false
              })]
            }
          ])
        })
      yield* call("weather", { city: "Rome" })
      yield* call("forecast", { city: "Oslo" })
      yield* call("weather", { city: "Oslo" })
      const sent = (yield* inputs).slice(1).map((input) =>
        input.filter(isFunctionCall).map(({ arguments: args, name }) => [name, args])
      )
      assert.deepStrictEqual(sent, [
        [["weather", "{\"city\":\"Rome\"}"]],
        [["forecast", "{\"city\":\"Oslo\"}"]],
        [["weather", odd]]
      ])
    }).pipe(
      Effect.provide(scripted(
        Script.answer(Script.call("weather", odd, "call_0")),
        ...Array.from({ length: 3 }, () => Script.answer(Script.say("Yes.")))
      )),
      Effect.provide(WeatherLive)
    ))

  it.effect("says what went wrong, with the model's own error as its cause", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(LanguageModel.generateText({ prompt: "Hello" }))
      assert.strictEqual(error._tag, "UnknownError")
      assert.propertyVal(error.cause, "_tag", "ModelError")
    }).pipe(Effect.provide(scripted(Script.refuse(400, { error: { message: "No.", code: "invalid_request" } })))))
})

/** Programs as the pages of `@effect/ai` have them, and what they give. */
const programs = {
  text: Effect.map(LanguageModel.generateText({ prompt: "Say hello" }), ({ text }) => text),
  stream: LanguageModel.streamText({ prompt: "Say hello" }).pipe(
    Stream.runFold("", (text, part) => part.type === "text-delta" ? text + part.delta : text)
  ),
  object: Effect.map(
    LanguageModel.generateObject({ prompt: "As an object", schema: Schema.Struct({ hello: Schema.String }) }),
    ({ value }) => value.hello
  ),
  tool: Effect.gen(function*() {
    const chat = yield* Chat.empty
    yield* chat.generateText({ prompt: "Call it", toolkit: Weather })
    return (yield* chat.generateText({ prompt: [], toolkit: Weather })).text
  }).pipe(Effect.provide(WeatherLive))
}

const script: Script.Script = ({ input, text }) => {
  if (text?.format?.type === "json_schema") return Script.answer(Script.say("{\"hello\":\"hello\"}"))
  const asked = JSON.stringify(input)
  return asked.includes("Call it") && !asked.includes("function_call_output")
    ? Script.answer(Script.think("A thought."), Script.call("weather", odd))
    : Script.answer(Script.say("hello"))
}

const server = OpenAiSimulator.layer({ script })

/** The first on a ChatGPT sign-in, which the second does not know. */
const providers = {
  effixir: Layer.unwrapEffect(Effect.gen(function*() {
    const simulator = yield* OpenAiSimulator.OpenAiSimulator
    return Ai.layer({ model: "gpt-5.5" }).pipe(
      Layer.provide(Responses.layer),
      Layer.provide(AuthClient.layer({
        chatgptBaseUrl: simulator.chatgptBaseUrl,
        apiBaseUrl: simulator.apiBaseUrl,
        originator: "effixir",
        organization: Option.none(),
        project: Option.none()
      })),
      Layer.provide(Credentials.layer({ apiKey: Option.none(), choice: "any" })),
      Layer.provide([OAuth.layer({ issuer: simulator.issuer, originator: "effixir" }), ChatGptOAuth.layer(simulator)]),
      Layer.provide(CredentialStore.layerMemory(yield* simulator.signIn()))
    )
  })),
  "@effect/ai-openai": Layer.unwrapEffect(
    Effect.map(
      OpenAiSimulator.OpenAiSimulator,
      ({ apiBaseUrl, apiKey }) =>
        OpenAiLanguageModel.layer({ model: "gpt-5.5" }).pipe(
          Layer.provide(OpenAiClient.layer({ apiKey, apiUrl: apiBaseUrl }))
        )
    )
  )
}

describe("The same programs", () => {
  for (const [name, provider] of Object.entries(providers)) {
    const live = Layer.provideMerge(provider, server).pipe(Layer.provide(FetchHttpClient.layer))
    for (const [what, program] of Object.entries(programs)) {
      it.live(`run over ${name}: ${what}`, () =>
        Effect.gen(function*() {
          assert.strictEqual(yield* program, "hello")
        }).pipe(Effect.provide(live)))
    }
    it.live(`keep over ${name} ${name === "effixir" ? "what" : "nothing of what"} the model has thought and written`, () =>
      Effect.gen(function*() {
        yield* programs.tool
        const { requests } = yield* OpenAiSimulator.OpenAiSimulator
        const second = JSON.stringify((yield* requests).map(({ body }) => body).at(-1))
        assert.strictEqual(second.includes("encrypted_content\":"), name === "effixir")
        assert.strictEqual(second.includes(JSON.stringify(odd)), name === "effixir")
      }).pipe(Effect.provide(live)))
  }
})
