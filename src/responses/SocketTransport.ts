/**
 * Model calls over WebSockets: one connection per session, over which a request says only what is new.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as HashSet from "effect/HashSet"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { AuthClient } from "../auth/AuthClient.ts"
import { defined, parse } from "../internal/json.ts"
import { story } from "../internal/story.ts"
import * as Continuation from "./Continuation.ts"
import * as Dialect from "./Dialect.ts"
import * as HttpTransport from "./HttpTransport.ts"
import * as Inbound from "./Inbound.ts"
import { ModelError } from "./ModelError.ts"
import * as RateLimits from "./RateLimits.ts"
import type { Request } from "./Request.ts"
import * as Response from "./Response.ts"
import { type Options, over, Responses } from "./Responses.ts"
import * as ServerFailure from "./ServerFailure.ts"
import { SocketClient, type SocketClosed, type SocketRefused } from "./SocketClient.ts"
import * as SocketPool from "./SocketPool.ts"
import * as StreamEvent from "./StreamEvent.ts"
import * as Timeouts from "./Timeouts.ts"

/**
 * An attempt that has failed, and what may be done about it before it counts as one.
 *
 * - `again` over another connection, or with the whole input: the fault was with what had gone before
 * - `isAvoidable` by sending the request over HTTP: nothing has been told yet, and WebSockets may be the fault
 * - `isForGood` if the server itself says that they are
 */
class Setback extends Data.TaggedError("Setback")<{
  readonly error: ModelError
  readonly again?: boolean
  readonly isAvoidable?: boolean
  readonly isForGood?: boolean
}> {}

type SocketAttempt = (request: Request) => Stream.Stream<StreamEvent.StreamEvent, Setback>

/** Nothing of the conversation is read before a connection stands, so it stands at once or never. */
const maxConnect = Duration.seconds(15)

/** How often an attempt begins anew at most: once without the memory of the server, once over a new connection. */
const maxAgain = 2

const makeAttempt = Effect.fnUntraced(function*(options: Options) {
  const auth = yield* AuthClient
  const sockets = yield* SocketClient
  const observe = yield* RateLimits.observer
  const pool = yield* SocketPool.make
  const dialect = options.dialect ?? Dialect.responses
  const timeouts = options.timeouts ?? Timeouts.defaults
  const connecting = Timeouts.connecting({ ...timeouts, connect: Duration.min(timeouts.connect, maxConnect) })

  const connect = Effect.fn("Responses.connect")(function*(request: Request) {
    const answer = yield* auth.send(
      HttpClientRequest.get(dialect.path, { headers: { ...HttpTransport.headers(request), ...beta } }),
      ({ headers, url }) =>
        Effect.either(sockets.connect(url.replace(/^http/, "ws"), headers)).pipe(
          connecting,
          Effect.mapError((error) => new Setback({ error, isAvoidable: true }))
        ),
      (answer) => Effect.succeed(Either.isLeft(answer) && answer.left.status === 401)
    ).pipe(
      Effect.mapError((error) =>
        error._tag === "Setback" ? error : new Setback({ error: HttpTransport.unreachable(error) })
      )
    )
    if (Either.isRight(answer)) return answer.right
    yield* observe.headers(answer.left.headers)
    return yield* refused(answer.left)
  })

  const open = Effect.fn("Responses.open")(function*(request: Request) {
    const account = yield* Effect.mapError(
      auth.account,
      (error) => new Setback({ error: HttpTransport.unreachable(error) })
    )
    const line = yield* pool.borrow(request.prompt_cache_key, account, connect(request))
    const frame = write(dialect.encode(request), line.memory)
    yield* Effect.annotateCurrentSpan({
      model: request.model,
      items: frame.items,
      isContinued: frame.isContinued,
      isReused: line.isUsed
    })
    return { line, frame }
  })

  const exchange: SocketAttempt = (request) =>
    Stream.unwrapScoped(Effect.map(open(request), ({ frame, line }) => {
      const send = Stream.drain(Stream.fromEffect(line.connection.send(frame.text)))
      return Stream.concat(send, line.connection.messages).pipe(
        Inbound.watched(timeouts),
        read(line, frame, observe)
      )
    }))

  const attempt = (times: number): SocketAttempt => (request) =>
    Stream.catchAll(
      exchange(request),
      (setback) => setback.again === true && times > 0 ? attempt(times - 1)(request) : Stream.fail(setback)
    )

  return attempt(maxAgain)
})

const beta = { "openai-beta": "responses_websockets=2026-02-06" }

/** One request as it goes over the connection. */
interface Frame {
  readonly text: string
  readonly body: Continuation.Body
  /** How many items are sent. */
  readonly items: number
  /** Whether the rest is what the server remembers. */
  readonly isContinued: boolean
}

/** What comes over a connection is a stream in any case, and only HTTP has to be told so. */
const write = (encoded: unknown, memory: Continuation.Continuation | undefined): Frame => {
  const { input, stream: _, ...fields } = encoded as Request
  const body: Continuation.Body = { input, fields }
  const news = memory === undefined ? undefined : Continuation.news(memory, body)
  const previous = news === undefined ? {} : { previous_response_id: memory?.responseId }
  const items = news ?? input
  return {
    text: JSON.stringify({ type: "response.create", ...fields, ...previous, input: items }),
    body,
    items: items.length,
    isContinued: news !== undefined
  }
}

/** Reads one response, and leaves the line as the next request may find it. */
const read = (line: SocketPool.Line, frame: Frame, observe: RateLimits.Observer) => {
  const isReused = line.isUsed
  let response = Response.empty
  /** Whether the server has told of the response, so that it cannot begin again unseen. */
  let isTold = false
  let end: Setback | undefined = new Setback({ error: incomplete("") })

  /** Why nothing more comes. */
  const lost = (cause: SocketClosed | ModelError | Setback): Setback => {
    switch (cause._tag) {
      case "Setback":
        return cause
      case "ModelError":
        return new Setback({ error: cause, isAvoidable: !isTold })
      case "SocketClosed": {
        const isTheirs = cause.by === "server" && !isTold
        return new Setback({
          error: broken(cause),
          // A connection that stood still for a while may be gone without a word.
          again: isTheirs && isReused && cause.code !== tooBig,
          isAvoidable: isTheirs
        })
      }
    }
  }

  const failed = Effect.fnUntraced(function*(failure: ServerFailure.ServerFailure) {
    const error = ServerFailure.toModelError(failure, yield* Clock.currentTimeMillis)
    switch (failure.code) {
      case "previous_response_not_found":
        line.memory = undefined
        line.isFree = true
        return new Setback({ error, again: frame.isContinued && !isTold })
      case "websocket_connection_limit_reached":
        return new Setback({ error: expired(error), again: !isTold })
      default:
        return new Setback({ error, again: isReused && !isTold && failure.status === 401 })
    }
  })

  const take = Effect.fnUntraced(function*(messages: Chunk.Chunk<string>) {
    const events: Array<StreamEvent.StreamEvent> = []
    for (const message of messages) {
      const json = parse(message)
      if (json === undefined) continue
      const event = StreamEvent.fromJson(json)
      const failure = ServerFailure.fromEvent(event)
      if (failure !== undefined) {
        end = yield* failed(failure)
        if (end.again === true) return yield* end
      } else if (StreamEvent.isTerminal(event)) {
        line.memory = Continuation.make(frame.body, Response.add(response, event))
        line.isFree = true
        end = undefined
      }
      events.push(event)
      if (StreamEvent.isTerminal(event)) break
      isTold ||= event.type.startsWith("response.")
      response = Response.add(response, event)
    }
    yield* observe.events(events) ?? Effect.void
    return Chunk.unsafeFromArray(events)
  })

  return (messages: Stream.Stream<string, SocketClosed | ModelError>): ReturnType<SocketAttempt> =>
    Stream.mapChunksEffect(messages, take).pipe(
      // Only here is it known what had been told by then.
      Stream.mapError(lost),
      Stream.takeUntil(StreamEvent.isTerminal),
      Stream.concat(Stream.suspend(() => end === undefined ? Stream.empty : Stream.fail(end)))
    )
}

/** The answers to an upgrade that would be the same to a request: they are about who asks. */
const isAboutCaller = (status: number): boolean => status === 401 || status === 402 || status === 429

const refused = Effect.fnUntraced(function*({ body, cause, headers, status }: SocketRefused) {
  if (status === undefined) {
    const error = new ModelError({ reason: { _tag: "Transport" }, detail: story(cause), cause })
    return yield* new Setback({ error, isAvoidable: true })
  }
  if (status === 426) {
    const detail = "it takes no WebSockets; set the transport to `sse` or `auto`"
    const error = new ModelError({ reason: { _tag: "InvalidRequest" }, detail, status })
    return yield* new Setback({ error, isAvoidable: true, isForGood: true })
  }
  const now = yield* Clock.currentTimeMillis
  const error = ServerFailure.toModelError(ServerFailure.fromHttp(status, headers, body), now)
  return yield* new Setback({ error, isAvoidable: !isAboutCaller(status) })
})

/** The code of a connection that is closed because a message is larger than the other side takes. */
const tooBig = 1009

/** The codes that say nothing but that it is over. */
const orderly: ReadonlySet<number> = new Set([1000, 1005])

const broken = ({ by, code, reason }: SocketClosed): ModelError => {
  if (by === "client") return new ModelError({ reason: { _tag: "MalformedOutput" }, detail: reason })
  if (code === tooBig) {
    return new ModelError({
      reason: { _tag: "InvalidRequest" },
      detail: "it is larger than a WebSocket message may be; shorten the conversation, or set the transport to `sse`"
    })
  }
  if (code === 1006) {
    return new ModelError({ reason: { _tag: "Transport" }, detail: reason === "" ? "the connection broke" : reason })
  }
  return incomplete(
    reason !== "" ? reason : orderly.has(code) ? "" : `the server closed the connection with the code ${code}`
  )
}

const incomplete = (detail: string): ModelError => new ModelError({ reason: { _tag: "StreamIncomplete" }, detail })

/** The server calls this a bad request, but the same request will do over another connection. */
const expired = ({ code, detail, status }: ModelError): ModelError =>
  new ModelError({ reason: { _tag: "Transport" }, detail, ...defined({ code, status }) })

/** HTTP for the sessions in which WebSockets have failed before anything was told. */
const makeAuto = Effect.fnUntraced(function*(options: Options) {
  const sockets = yield* makeAttempt(options)
  const http = yield* HttpTransport.make(options.dialect ?? Dialect.responses, options.timeouts ?? Timeouts.defaults)
  const avoiding = yield* Ref.make(HashSet.empty<string>())

  const instead = Effect.fnUntraced(function*(request: Request, setback: Setback) {
    if (setback.isAvoidable !== true) return Stream.fail(setback.error)
    const avoid = Ref.update(avoiding, HashSet.add(request.prompt_cache_key))
    yield* Effect.logDebug(`WebSockets have failed; going on over HTTP. ${setback.error.message}`)
    if (setback.isForGood === true) yield* avoid
    // Only an answer over HTTP tells that it was not the network.
    return Stream.mapChunksEffect(http(request), (events) => Effect.as(avoid, events))
  })

  const attempt: HttpTransport.Attempt = (request) =>
    Stream.unwrap(Effect.map(Ref.get(avoiding), (sessions) =>
      HashSet.has(sessions, request.prompt_cache_key)
        ? http(request)
        : Stream.catchAll(sockets(request), (setback) => Stream.unwrap(instead(request, setback)))))
  return attempt
})

/**
 * WebSockets and nothing else. `options.dialect` has to be one of the Responses API: no other is spoken over WebSockets.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWebSocket = (options: Options = {}): Layer.Layer<Responses, never, AuthClient | SocketClient> =>
  Layer.scoped(
    Responses,
    Effect.flatMap(
      makeAttempt(options),
      (attempt) => over((request) => Stream.mapError(attempt(request), ({ error }) => error), options)
    )
  )

/**
 * WebSockets, and HTTP for the rest of a session in which they have failed before the first event: a server, or something
 * between us and it, may not take them. What fails later is a matter of the budget, as ever.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAuto = (options: Options = {}): Layer.Layer<Responses, never, AuthClient | SocketClient> =>
  Layer.scoped(Responses, Effect.flatMap(makeAuto(options), (attempt) => over(attempt, options)))
