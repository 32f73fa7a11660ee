/**
 * Model calls over WebSockets: one connection per session, over which a request sends only new items.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as HashSet from "effect/HashSet"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { AuthClient } from "../../auth/AuthClient.ts"
import { isDeepText, parse, tooDeep } from "../../internal/json.ts"
import { networkProblem } from "../../internal/networkProblem.ts"
import { redactedSpan } from "../../internal/redactedSpan.ts"
import * as ModelProfile from "../account/ModelProfile.ts"
import * as RateLimits from "../account/RateLimits.ts"
import type { Body } from "../Body.ts"
import * as Dialect from "../Dialect.ts"
import { ModelError } from "../ModelError.ts"
import type { Request } from "../Request.ts"
import * as Response from "../Response.ts"
import { type Options, over, Responses } from "../Responses.ts"
import * as StreamEvent from "../StreamEvent.ts"
import { type Attempt, Recoverable, renewing } from "./Attempt.ts"
import * as Continuation from "./Continuation.ts"
import * as HttpTransport from "./HttpTransport.ts"
import * as ReceiveBuffer from "./ReceiveBuffer.ts"
import * as ServerFailure from "./ServerFailure.ts"
import { SocketClient, type SocketClosed, type SocketRefused } from "./SocketClient.ts"
import * as SocketPool from "./SocketPool.ts"
import * as Timeouts from "./Timeouts.ts"

/**
 * A failed attempt, and what can be done about it.
 *
 * - `isStale` if the fault came from earlier state, so that the request may succeed over another connection or with its
 *   whole input
 * - `isOld` if the server has ended the connection for its age, maybe in the middle of the answer
 * - `again` fixes it, and gives the attempt to make at once
 * - `isAvoidable` by sending the request over HTTP: no event has been emitted yet, and WebSockets may be the cause
 * - `isForGood` if WebSockets are certainly the cause
 */
class Fault extends Data.TaggedError("Fault")<{
  readonly error: ModelError
  readonly isStale?: boolean
  readonly isOld?: boolean
  readonly again?: Effect.Effect<SocketAttempt, ModelError> | undefined
  readonly isAvoidable?: boolean
  readonly isForGood?: boolean
}> {}

type SocketAttempt = (request: Request) => Stream.Stream<StreamEvent.StreamEvent, Fault>

/** The server reads nothing of the conversation before it accepts a connection, so it accepts quickly or never. */
const maxConnect = Duration.seconds(15)

const makeAttempt = Effect.fnUntraced(function*(options: Options) {
  const auth = yield* AuthClient
  const sockets = yield* SocketClient
  const observe = yield* RateLimits.observer
  const pool = yield* SocketPool.make
  const dialect = options.dialect ?? Dialect.responses
  const timeouts = options.timeouts ?? Timeouts.defaults
  const connecting = Timeouts.connecting({ ...timeouts, connect: Duration.min(timeouts.connect, maxConnect) })

  const connect = Effect.fnUntraced(function*(request: Request) {
    const answer = yield* auth.send(
      HttpClientRequest.get(dialect.path, { headers: { ...HttpTransport.headers(request), ...beta } }),
      (sent) =>
        Effect.either(sockets.connect(addressOf(sent), sent.headers)).pipe(
          connecting,
          Effect.mapError((error) => new Fault({ error, isAvoidable: true })),
          Effect.map(Either.map((connection) => ({ connection, sent })))
        ),
      (answer) =>
        Effect.succeed(
          Either.isLeft(answer) && answer.left.status === 401 ? Option.some(answer.left.headers) : Option.none()
        )
    ).pipe(
      Effect.mapError((error) =>
        error._tag === "Fault" ? error : new Fault({ error: HttpTransport.unreachable(error) })
      )
    )
    if (Either.isRight(answer)) {
      yield* observe.headers(answer.right.connection.headers)
      return answer.right
    }
    yield* observe.headers(answer.left.headers)
    return yield* refused(dialect, answer.left)
  }, redactedSpan("Responses.connect"))

  const open = Effect.fnUntraced(function*(request: Request) {
    const [account, wire] = yield* Effect.mapError(
      Effect.all([auth.account, auth.wire]),
      (error) => new Fault({ error: HttpTransport.unreachable(error) })
    )
    const pooled = yield* pool.borrow(request.prompt_cache_key, account, connect(request))
    const body = dialect.encode(request, ModelProfile.profileOf(request.model, options), wire)
    const frame = write(body, pooled.memory)
    yield* Effect.annotateCurrentSpan({
      model: request.model,
      items: frame.items,
      isContinued: frame.isContinued,
      isReused: pooled.isUsed
    })
    return { pooled, frame }
  }, redactedSpan("Responses.open"))

  /** @param isRenewed whether the connection is a new one because the last was too old: that happens once */
  const attempt = (isRefreshed: boolean, isRenewed = false): SocketAttempt => (request) =>
    Stream.unwrapScoped(Effect.map(open(request), ({ frame, pooled }) => {
      const send = Stream.drain(Stream.fromEffect(pooled.connection.send(frame.text)))
      const withRequestId = HttpTransport.withRequestId(pooled.connection.headers)
      const mending = (fault: Fault): Fault => {
        const error = withRequestId(fault.error)
        const isMended = fault.isStale === true || fault.isOld === true && !isRenewed
        const again = isMended
          ? Effect.succeed(attempt(isRefreshed, isRenewed || fault.isOld === true))
          : renewing(auth, error, pooled.sent, isRefreshed, attempt)
        return new Fault({ ...fault, error, again })
      }
      return Stream.concat(send, pooled.connection.messages).pipe(
        ReceiveBuffer.watched(timeouts),
        read(pooled, frame, observe),
        Stream.mapError(mending)
      )
    }))

  return attempt(false)
})

/** The same address for WebSockets, with the query that its server asks for. */
const addressOf = ({ url, urlParams }: HttpClientRequest.HttpClientRequest): string => {
  const query = urlParams.length === 0 ? "" : `?${UrlParams.toString(urlParams)}`
  return `${url.replace(/^http/, "ws")}${query}`
}

const beta = { "openai-beta": "responses_websockets=2026-02-06" }

/** One request as it goes over the connection. */
interface Frame {
  readonly text: string
  readonly body: Continuation.Payload
  /** How many items are sent. */
  readonly items: number
  /** Whether the server remembers the other items. */
  readonly isContinued: boolean
}

/** A WebSocket answer is always a stream; only HTTP needs the `stream` field. */
const write = (encoded: unknown, memory: Continuation.Continuation | undefined): Frame => {
  const { input, stream: _, ...fields } = encoded as Body
  const body: Continuation.Payload = { input, fields }
  const newItems = memory === undefined ? undefined : Continuation.newItems(memory, body)
  const previous = newItems === undefined ? {} : { previous_response_id: memory?.responseId }
  const items = newItems ?? input
  return {
    text: JSON.stringify({ type: "response.create", ...fields, ...previous, input: items }),
    body,
    items: items.length,
    isContinued: newItems !== undefined
  }
}

/** Reads one response, and leaves the connection ready for the next request. */
const read = (pooled: SocketPool.PooledConnection, frame: Frame, observe: RateLimits.Observer) => {
  const isReused = pooled.isUsed
  let response = Response.empty
  /**
   * Whether anything has arrived, and whether it was part of the response, so that a silent switch to another transport
   * is no longer possible.
   */
  let isHeard = false
  let isTold = false
  let end: Fault | undefined = new Fault({ error: incomplete("") })

  /** Why nothing more comes. */
  const lost = (cause: SocketClosed | ModelError | Fault): Fault => {
    switch (cause._tag) {
      case "Fault":
        return cause
      case "ModelError":
        return new Fault({ error: cause, isAvoidable: !isTold })
      case "SocketClosed": {
        const isTooBig = cause.code === tooBig && cause.by === "server"
        return new Fault({
          error: broken(cause),
          // A connection that was idle for a while may be gone without a close frame.
          isStale: cause.by === "server" && isReused && !isTold && !isTooBig,
          isAvoidable: !isTold,
          isForGood: isTooBig
        })
      }
    }
  }

  const failed = Effect.fnUntraced(function*(failure: ServerFailure.ServerFailure) {
    const error = ServerFailure.toModelError(failure, yield* Clock.currentTimeMillis)
    switch (failure.code) {
      case "previous_response_not_found":
        pooled.memory = undefined
        pooled.isFree = true
        return new Fault({ error, isStale: frame.isContinued })
      case "websocket_connection_limit_reached":
        return new Fault({ error, isOld: true, isAvoidable: !isTold })
      default:
        return new Fault({ error })
    }
  })

  const take = Effect.fnUntraced(function*(messages: Chunk.Chunk<string>) {
    const events: Array<StreamEvent.StreamEvent> = []
    for (const message of messages) {
      if (message === "") continue
      if (isDeepText(message)) return yield* new Fault({ error: nested })
      const json = parse(message)
      // If the first message is something else, this is no server of this kind, and nothing more can be read.
      if (json === undefined && !isHeard) return yield* new Fault({ error: foreign, isAvoidable: true })
      isHeard = true
      if (json === undefined) continue
      const event = StreamEvent.fromJson(json)
      const failure = ServerFailure.fromEvent(event)
      if (failure !== undefined) {
        end = yield* failed(failure)
      } else if (StreamEvent.isTerminal(event)) {
        pooled.memory = Continuation.make(frame.body, Response.add(response, event))
        pooled.isFree = true
        end = undefined
      }
      events.push(event)
      if (StreamEvent.isTerminal(event)) break
      isTold ||= event.type.startsWith("response.")
      response = Response.add(response, event)
    }
    const told = Chunk.unsafeFromArray(events)
    yield* observe.events(told) ?? Effect.void
    return told
  })

  return (messages: Stream.Stream<string, SocketClosed | ModelError>): ReturnType<SocketAttempt> =>
    Stream.mapChunksEffect(messages, take).pipe(
      // Only here it is known which events had been emitted by then.
      Stream.mapError(lost),
      Stream.takeUntil(StreamEvent.isTerminal),
      Stream.concat(Stream.suspend(() => end === undefined ? Stream.empty : Stream.fail(end)))
    )
}

const nested = new ModelError({ reason: { _tag: "MalformedOutput" }, detail: tooDeep })

const foreign = new ModelError({
  reason: { _tag: "MalformedOutput" },
  detail: "what came over the WebSocket is no JSON; set the transport to `sse` or `auto`"
})

/** Statuses that refuse the caller, so that a plain HTTP request would get the same answer. */
const isAboutCaller = (status: number): boolean => status === 401 || status === 402 || status === 429

const refused = Effect.fnUntraced(function*(
  dialect: Dialect.Dialect,
  { body, cause, headers, status }: SocketRefused
) {
  if (status === undefined) {
    const error = new ModelError({ reason: { _tag: "Transport" }, detail: networkProblem(cause), cause })
    return yield* new Fault({ error, isAvoidable: true })
  }
  if (status === 426) {
    const detail = "it takes no WebSockets; set the transport to `sse` or `auto`"
    const error = new ModelError({ reason: { _tag: "InvalidRequest" }, detail, status })
    return yield* new Fault({ error, isAvoidable: true, isForGood: true })
  }
  const now = yield* Clock.currentTimeMillis
  const error = ServerFailure.toModelError(ServerFailure.fromHttp(status, headers, body), now)
  return yield* new Fault({ error: Dialect.advised(dialect)(error), isAvoidable: !isAboutCaller(status) })
})

/** The code of a connection that is closed because a message is larger than the other side takes. */
const tooBig = 1009

/** The code of a connection that was never closed. */
const unclosed = 1006

/** The codes that say only that the connection is over. */
const orderly: ReadonlySet<number> = new Set([1000, 1005])

const broken = ({ by, code, reason }: SocketClosed): ModelError => {
  if (by === "client") return new ModelError({ reason: { _tag: "MalformedOutput" }, detail: reason })
  if (code === tooBig) {
    return new ModelError({
      reason: { _tag: "InvalidRequest" },
      detail: "it is larger than a WebSocket message may be; shorten the conversation, or set the transport to `sse`"
    })
  }
  if (reason !== "") return incomplete(reason)
  if (code === unclosed) return incomplete("the connection broke off")
  return incomplete(orderly.has(code) ? "" : `the server closed the connection with the code ${code}`)
}

const incomplete = (detail: string): ModelError => new ModelError({ reason: { _tag: "StreamIncomplete" }, detail })

/** The attempt as callers see it, who do not know of a fallback. */
const plain = (sockets: SocketAttempt): Attempt => (request) => Stream.mapError(sockets(request), told(plain))

const told = (attempt: (sockets: SocketAttempt) => Attempt) => ({ again, error }: Fault): ModelError | Recoverable =>
  again === undefined ? error : new Recoverable({ error, again: Effect.map(again, attempt) })

/** Uses HTTP for sessions in which WebSockets have failed before the first event, or cannot carry the messages. */
const makeAuto = Effect.fnUntraced(function*(options: Options) {
  const { dialect = Dialect.responses, timeouts = Timeouts.defaults } = options
  const http = yield* HttpTransport.make(dialect, timeouts, options)
  const avoiding = yield* Ref.make(HashSet.empty<string>())

  const auto = (sockets: SocketAttempt): Attempt => (request) => {
    const avoid = Ref.update(avoiding, HashSet.add(request.prompt_cache_key))

    const instead = Effect.fnUntraced(function*(fault: Fault) {
      const isTheirs = fault.isAvoidable === true || fault.isForGood === true
      if (!isTheirs || fault.again !== undefined) return Stream.fail(told(auto)(fault))
      yield* Effect.logDebug(`WebSockets have failed; going on over HTTP. ${fault.error.message}`)
      if (fault.isForGood === true) yield* avoid
      // The emitted events are void then, and a `Retry` event has to say so.
      if (fault.isAvoidable !== true) {
        return Stream.fail(new Recoverable({ error: fault.error, again: Effect.succeed(http) }))
      }
      // Only an answer over HTTP shows that the network was not the cause.
      return Stream.mapChunksEffect(http(request), (events) => Effect.as(avoid, events))
    })

    return Stream.unwrap(Effect.map(Ref.get(avoiding), (sessions) =>
      HashSet.has(sessions, request.prompt_cache_key)
        ? http(request)
        : Stream.catchAll(sockets(request), (fault) => Stream.unwrap(instead(fault)))))
  }
  return auto(yield* makeAttempt(options))
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
      (attempt) => over(plain(attempt), options)
    )
  )

/**
 * WebSockets, and HTTP for the rest of a session in which they have failed before the first event: a server, or a
 * machine between us and it, may not take them. Later failures count against the retry budget, as usual.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAuto = (options: Options = {}): Layer.Layer<Responses, never, AuthClient | SocketClient> =>
  Layer.scoped(Responses, Effect.flatMap(makeAuto(options), (attempt) => over(attempt, options)))
