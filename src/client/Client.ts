/**
 * Asks a server of sessions (`effixir serve`), from Node or from a browser.
 *
 * ```ts
 * const program = Effect.gen(function*() {
 *   const client = yield* Client.make({ baseUrl: "http://127.0.0.1:8000", token })
 *   const { session_id: session } = yield* client.sessions.create({ payload: {} })
 *   yield* client.turns.start({ path: { session }, payload: { input: "Say hello" } })
 *   yield* client.follow(session).pipe(
 *     Stream.takeUntil(({ line }) => line.type === "turn.completed"),
 *     Stream.runForEach(({ line }) => Effect.log(line))
 *   )
 * }).pipe(Effect.provide(FetchHttpClient.layer))
 * ```
 *
 * @since 0.1.0
 */
import * as HttpApiClient from "@effect/platform/HttpApiClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { JsonLine } from "../agent/JsonLine.ts"
import { Api } from "../server/Api.ts"
import { ApiError, Body } from "../server/ApiError.ts"
import { createParser } from "../vendor/eventsource.ts"

/** @since 0.1.0 @category models */
export interface Options {
  readonly baseUrl: string
  /** What the server's token file holds. */
  readonly token: Redacted.Redacted
}

/**
 * One event of a session. `id` is its number in the log; what is in no log, such as a piece of a text, has none.
 *
 * @since 0.1.0
 * @category models
 */
export interface Event {
  readonly id: number | undefined
  readonly line: JsonLine
}

/**
 * @example
 * ```ts
 * import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Redacted from "effect/Redacted"
 * import * as Stream from "effect/Stream"
 * import { Client } from "effixir/client"
 *
 * const program = Effect.gen(function*() {
 *   const client = yield* Client.make({ baseUrl: "http://127.0.0.1:4096", token: Redacted.make("what serve prints") })
 *   const { session_id: session } = yield* client.sessions.create({ payload: {} })
 *   yield* client.turns.start({ path: { session }, payload: { input: "Say hello" } })
 *   yield* Stream.runForEach(client.follow(session), ({ line }) => Console.log(line))
 * }).pipe(Effect.provide(FetchHttpClient.layer))
 * ```
 *
 * @since 0.1.0 @category constructors
 */
export const make = Effect.fnUntraced(function*({ baseUrl, token }: Options) {
  const transformClient = HttpClient.mapRequest(HttpClientRequest.bearerToken(token))
  const http = Effect.map(HttpClient.HttpClient, transformClient)
  const client = yield* HttpApiClient.make(Api, { baseUrl, transformClient })
  const { execute } = yield* http
  const address = (session: string) => `${baseUrl.replace(/\/$/, "")}/v1/sessions/${encodeURIComponent(session)}/events`

  const open = (session: string, last: number) =>
    HttpClientRequest.get(address(session)).pipe(
      HttpClientRequest.accept("text/event-stream"),
      HttpClientRequest.setHeader("last-event-id", String(last)),
      execute,
      Effect.flatMap((response) => response.status === 200 ? Effect.succeed(response) : refused(response)),
      HttpClientResponse.stream
    )

  /**
   * The events of a session after a number, by default all, and then each as it happens. Where the connection is cut off,
   * the stream goes on where it was; it fails if the server cannot be reached several times in a row, or refuses.
   */
  const follow = (
    session: string,
    after = 0
  ): Stream.Stream<Event, ApiError | HttpClientError | ParseResult.ParseError> =>
    Stream.suspend(() => {
      let last = after
      const once = Stream.suspend(() => decoded(open(session, last))).pipe(
        Stream.tap(({ id }) =>
          Effect.sync(() => {
            if (id !== undefined) last = id
          })
        )
      )
      // A stream that has told something starts the count anew.
      return Stream.retry(once, Schedule.whileInput(patience, isPassing)).pipe(
        Stream.concat(Stream.drain(Stream.fromEffect(Effect.sleep(pause)))),
        Stream.forever
      )
    })

  return { ...client, follow }
})

/** @since 0.1.0 @category models */
export type Client = Effect.Effect.Success<ReturnType<typeof make>>

const pause = Duration.millis(200)

const patience = Schedule.intersect(Schedule.exponential(pause), Schedule.recurs(6))

const isPassing = (error: ApiError | HttpClientError | ParseResult.ParseError): boolean =>
  error._tag === "RequestError" || error._tag === "ResponseError" || error._tag === "ApiError" && error.status === 503

const refused = (response: HttpClientResponse.HttpClientResponse) =>
  Effect.flatMap(HttpClientResponse.schemaBodyJson(Body)(response), ({ error }) =>
    Effect.flatMap(
      Schema.decodeUnknown(ApiError.fields.status)(response.status),
      (status) => new ApiError({ status, ...error })
    ))

const decodeLine = Schema.decodeUnknownOption(Schema.parseJson(JsonLine))

/** What is not known of a later server is passed over. */
const decoded = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Event, E, R> =>
  Stream.suspend(() => {
    const found: Array<{ readonly id: string | undefined; readonly data: string }> = []
    const parser = createParser({ onEvent: ({ data, id }) => void found.push({ data, id }) })
    return bytes.pipe(
      Stream.decodeText(),
      Stream.mapConcat((text) => {
        parser.feed(text)
        return found.splice(0)
      }),
      Stream.filterMap(({ data, id }) =>
        Option.map(decodeLine(data), (line): Event => ({ id: id === undefined ? undefined : Number(id), line }))
      )
    )
  })
