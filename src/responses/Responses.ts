/**
 * The Provider seam: one model call as a stream of events, and what programs make of such a stream.
 *
 * The layer here speaks the Responses API over server-sent events; another transport or dialect is another layer for the
 * same tag.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { AuthClient, type AuthError } from "../auth/AuthClient.ts"
import { runForEachChunk } from "../internal/stream.ts"
import * as ModelProfile from "./account/ModelProfile.ts"
import * as CallSpan from "./CallSpan.ts"
import * as Dialect from "./Dialect.ts"
import { isMessage, type Item, withoutId } from "./Item.ts"
import { ModelError } from "./ModelError.ts"
import type * as Request from "./Request.ts"
import * as Response from "./Response.ts"
import type { StreamEvent } from "./StreamEvent.ts"
import * as StructuredOutput from "./StructuredOutput.ts"
import type { Attempt } from "./transport/Attempt.ts"
import * as HttpTransport from "./transport/HttpTransport.ts"
import * as Retry from "./transport/Retry.ts"
import * as Timeouts from "./transport/Timeouts.ts"

/**
 * @example
 * ```ts
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 * import { Responses } from "effixir"
 * import type { Request } from "effixir"
 *
 * const print = (request: Request.Request) =>
 *   Effect.flatMap(Responses.Responses, (responses) =>
 *     Stream.runForEach(responses.stream(request), ({ type }) => Console.log(type)))
 * ```
 *
 * @since 0.1.0 @category services
 */
export class Responses extends Context.Tag("effixir/responses/Responses")<Responses, {
  /**
   * Makes one call and streams its events. The stream ends after `response.completed` or `response.incomplete`;
   * everything else that ends it is a {@link ModelError}. Calls with temporary failures are tried again, within one
   * budget, and each retry is reported as `effixir.retry`. Closing the stream closes the connection.
   */
  readonly stream: (request: Request.Request) => Stream.Stream<StreamEvent, ModelError>
  /**
   * The account of the next call, and its server if that is not OpenAI's: what they have made for themselves alone, such
   * as encrypted reasoning, is replayed to no other.
   */
  readonly account: Effect.Effect<string, AuthError>
  /**
   * Whether the server of the next call compacts a conversation that ends with {@link Request.compactionTrigger}; absent
   * where none does.
   */
  readonly hasCompaction?: Effect.Effect<boolean, AuthError>
}>() {}

/**
 * Absent options take the defaults of `Dialect`, `Retry`, `Timeouts` and `ModelProfile`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends ModelProfile.Knowledge {
  readonly dialect?: Dialect.Dialect | undefined
  readonly retry?: Retry.Budget | undefined
  readonly timeouts?: Timeouts.Timeouts | undefined
  /** The models to name when a model is refused; none if they are not known. */
  readonly available?: Effect.Effect<ReadonlyArray<string>> | undefined
}

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*(options: Options = {}) {
  const attempt = yield* HttpTransport.make(
    options.dialect ?? Dialect.responses,
    options.timeouts ?? Timeouts.defaults,
    options
  )
  return yield* over(attempt, options)
})

/**
 * The service over any transport. It sends only what the model takes, and tries again within one budget.
 *
 * @example
 * ```ts
 * import * as Stream from "effect/Stream"
 * import { Responses } from "effixir"
 *
 * // A transport of your own, with the retries of every other one.
 * const responses = Responses.over(() => Stream.empty)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const over = Effect.fnUntraced(function*(attempt: Attempt, options: Options = {}) {
  const { account, wire } = yield* AuthClient
  const retrying = Retry.make(options.retry ?? Retry.defaults)(attempt)
  return Responses.of({
    stream: (request) => {
      const fit = ModelProfile.fit(request, ModelProfile.profileOf(request.model, options))
      const events = CallSpan.traced(fit, (within) => retrying(fit, within))
      return options.available === undefined ? events : Stream.catchAll(events, naming(options.available))
    },
    account: Effect.zipWith(
      account,
      wire,
      (account, { server }) => server === undefined ? account : `${account}@${server}`
    ),
    hasCompaction: options.dialect === undefined || options.dialect.path === Dialect.responses.path
      ? Effect.map(wire, ({ hasCompaction }) => hasCompaction)
      : Effect.succeed(false)
  })
})

/** Adds the available models to the refusal of a model. */
const naming = (available: Effect.Effect<ReadonlyArray<string>>) => (error: ModelError) =>
  error.reason._tag !== "ModelUnavailable" ? Stream.fail(error) : Stream.fromEffect(
    Effect.flatMap(available, (models) => new ModelError({ ...error, reason: { _tag: "ModelUnavailable", models } }))
  )

/**
 * @example
 * ```ts
 * import { Responses } from "effixir"
 *
 * const options: Responses.Options = { models: { "gpt-6.2-sol": { contextWindow: 400_000 } } }
 *
 * const Patient = Responses.layerWith(options)
 * const sameAsAnEffect = Responses.make(options)
 * ```
 *
 * @since 0.1.0 @category layers
 */
export const layerWith = (options: Options): Layer.Layer<Responses, never, AuthClient> =>
  Layer.effect(Responses, make(options))

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { Item, Request, Responses } from "effixir"
 * import { NodeAgent } from "effixir/node"
 *
 * const hello = Request.make({ model: "gpt-6.2-sol", instructions: "", input: [Item.userMessage("Hello!")] })
 *
 * const program = Effect.provide(Responses.complete(hello), Layer.provide(Responses.layer, NodeAgent.layerHome))
 * ```
 *
 * @since 0.1.0 @category layers
 */
export const layer: Layer.Layer<Responses, never, AuthClient> = layerWith({})

/**
 * One call as one value: items, text, calls, usage and why it ended.
 *
 * @since 0.1.0
 * @category accessors
 */
export const complete = (request: Request.Request): Effect.Effect<Response.Response, ModelError, Responses> =>
  Effect.gen(function*() {
    const { stream } = yield* Responses
    let response = Response.empty
    yield* runForEachChunk(stream(request), (events) =>
      Effect.sync(() => {
        response = Chunk.reduce(events, response, Response.add)
      }))
    return response
  })

/**
 * The finished items of one call, without partial ones. They come when the response has ended, because until then a
 * retry would make them void.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 * import { Item, Responses } from "effixir"
 * import type { Request } from "effixir"
 *
 * // Each item as soon as it is whole.
 * const print = (request: Request.Request) =>
 *   Stream.runForEach(Responses.items(request), (item) => Effect.log(Item.text(item)))
 * ```
 *
 * @since 0.1.0
 * @category accessors
 */
export const items = (request: Request.Request): Stream.Stream<Item, ModelError, Responses> =>
  Stream.unwrap(Effect.map(complete(request), (response) => Stream.fromIterable(Response.items(response))))

/**
 * The answer of one call as a value of `schema`. The model gets the schema; an answer that does not fit it is sent back
 * once, with what is wrong and with the schema in words, since not every server takes it from the request. Fails with
 * `MalformedOutput` if that does not help, or if the answer was cut short, and with `ContentFiltered` if the model
 * declines.
 *
 * @example
 * ```ts
 * import * as Schema from "effect/Schema"
 * import { Item, Request, Responses } from "effixir"
 *
 * const Review = Schema.Struct({ verdict: Schema.Literal("good", "bad"), remarks: Schema.Array(Schema.String) })
 *
 * const review = (text: string) =>
 *   Responses.object(
 *     Review,
 *     Request.make({ model: "gpt-6.2-sol", instructions: "Review what you get.", input: [Item.userMessage(text)] })
 *   )
 * ```
 *
 * @since 0.1.0
 * @category accessors
 */
export const object = <A, I>(
  schema: Schema.Schema<A, I>,
  request: Request.Request
): Effect.Effect<A, ModelError, Responses> => {
  const format = StructuredOutput.make(schema)
  const asking: Request.Request = { ...request, text: { ...request.text, format: format.declaration } }
  return Effect.gen(function*() {
    const first = answerOf(yield* complete(asking))
    const read = yield* Effect.either(format.decode(first))
    if (Either.isRight(read)) return read.right
    const hopeless = StructuredOutput.whyHopeless(first)
    if (hopeless !== undefined) return yield* hopeless
    const repair = [...first.items.filter(isMessage).map(withoutId), StructuredOutput.repair(format, read.left)]
    const second = yield* complete({ ...asking, input: [...asking.input, ...repair] })
    return yield* Effect.mapError(format.decode(answerOf(second)), StructuredOutput.unfit)
  })
}

const answerOf = (response: Response.Response): StructuredOutput.Answer => ({
  items: Response.items(response),
  finishReason: response.finishReason
})
