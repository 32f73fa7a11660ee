/**
 * A model without a network: it follows a script and records its requests.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { ModelError } from "../responses/ModelError.ts"
import type { Request } from "../responses/Request.ts"
import { Responses } from "../responses/Responses.ts"
import type { StreamEvent } from "../responses/StreamEvent.ts"
import * as ServerFailure from "../responses/transport/ServerFailure.ts"
import * as Sse from "../responses/transport/Sse.ts"
import * as ContextWindow from "./ContextWindow.ts"
import type * as Script from "./Script.ts"
import * as ScriptEvents from "./ScriptEvents.ts"

/** @since 0.1.0 @category services */
export class ScriptedResponses extends Context.Tag("effixir/testing/ScriptedResponses")<ScriptedResponses, {
  /** Every request so far, the oldest first. */
  readonly requests: Effect.Effect<ReadonlyArray<Request>>
  /** How often the script was asked for a turn. */
  readonly calls: Effect.Effect<number>
}>() {}

/** @since 0.1.0 @category models */
export interface Options extends ContextWindow.Options {
  /** The account of the calls. */
  readonly account?: string
}

/**
 * @example
 * ```ts
 * import { Script, ScriptedResponses } from "effixir/testing"
 *
 * // Both services in one context, for a layer of your own.
 * const context = ScriptedResponses.make(() => Script.answer(Script.say("Hello!")), { account: "api_key" })
 * ```
 *
 * @since 0.1.0 @category constructors
 */
export const make = Effect.fnUntraced(function*(script: Script.Script, options: Options = {}) {
  const seen = yield* Ref.make<ReadonlyArray<Request>>([])

  const calls = yield* Ref.make(0)

  // A script that throws, because it has run out or because it rejects a request, is a defect of the test.
  const next = Effect.fnUntraced(function*(request: Request) {
    const n = yield* Ref.modify(seen, (requests) => [requests.length, [...requests, request]])
    const turn = ContextWindow.answer(request, options) ??
      ContextWindow.withUsage(script(request, yield* Ref.getAndUpdate(calls, (n) => n + 1)), request, options)
    return play(turn, { model: request.model, responseId: `resp_${n}` })
  })

  return Context.make(ScriptedResponses, { requests: Ref.get(seen), calls: Ref.get(calls) }).pipe(
    Context.add(Responses, {
      stream: (request) => Stream.unwrap(next(request)),
      account: Effect.succeed(options.account ?? "chatgpt:scripted"),
      hasCompaction: Effect.succeed(options.compaction !== undefined)
    })
  )
})

/**
 * Dies when the model is called more often than the script has turns for.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Item, Request, Responses } from "effixir"
 * import { Script, ScriptedResponses } from "effixir/testing"
 *
 * const program = Effect.gen(function*() {
 *   yield* Responses.complete(Request.make({ model: "m", instructions: "", input: [Item.userMessage("Hello?")] }))
 *   const { requests } = yield* ScriptedResponses.ScriptedResponses
 *   return (yield* requests).length // 1
 * }).pipe(Effect.provide(ScriptedResponses.layer(() => Script.answer(Script.say("Hello!")))))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (script: Script.Script, options?: Options): Layer.Layer<Responses | ScriptedResponses> =>
  Layer.effectContext(make(script, options))

/** Decodes the events as the real transport does, so that failures are the same as over a network. */
const play = (turn: Script.Turn, options: ScriptEvents.EventOptions): Stream.Stream<StreamEvent, ModelError> => {
  if (turn._tag === "Refuse") {
    const body = typeof turn.body === "string" ? turn.body : JSON.stringify(turn.body)
    return Stream.fromEffect(ServerFailure.fail(ServerFailure.fromHttp(turn.status, turn.headers ?? {}, body)))
  }
  return Sse.decode(
    Stream.fromIterable(ScriptEvents.events(turn, options)).pipe(Stream.map(ScriptEvents.toSse), Stream.encodeText)
  )
}
