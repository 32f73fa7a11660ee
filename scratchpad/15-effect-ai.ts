/**
 * A program of `@effect/ai` on whatever effixir is signed in with. Run it with `npx tsx scratchpad/15-effect-ai.ts`.
 */
import * as Chat from "@effect/ai/Chat"
import * as Tool from "@effect/ai/Tool"
import * as Toolkit from "@effect/ai/Toolkit"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { layer } from "../src/ai/index.ts"
import { Responses } from "../src/index.ts"
import { NodeAgent } from "../src/node/index.ts"

const Weather = Toolkit.make(
  Tool.make("temperature", {
    description: "The temperature in a city, in degrees Celsius",
    parameters: { city: Schema.String },
    success: Schema.Number
  })
)

const WeatherLive = Weather.toLayer({ temperature: ({ city }) => Effect.succeed(city.length) })

const program = Effect.gen(function*() {
  const chat = yield* Chat.fromPrompt([{ role: "system", content: "Answer in a word." }])
  yield* chat.generateText({ prompt: "How warm is it in Oslo?", toolkit: Weather })
  const { text } = yield* chat.generateText({ prompt: [], toolkit: Weather })
  yield* Console.log(text)
})

const Live = layer({ model: "gpt-6.2-sol" }).pipe(
  Layer.provide(Responses.layer),
  Layer.provide(NodeAgent.layerHome)
)

await Effect.runPromise(program.pipe(Effect.provide([Live, WeatherLive])))
