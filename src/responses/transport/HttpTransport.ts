/**
 * One attempt of a model call over HTTP, in any dialect.
 *
 * @since 0.1.0
 */
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { AuthClient, type AuthError } from "../../auth/AuthClient.ts"
import { EncodingError } from "../../internal/EncodingError.ts"
import { defined } from "../../internal/json.ts"
import { networkProblem } from "../../internal/networkProblem.ts"
import { redactedSpan } from "../../internal/redactedSpan.ts"
import { counting } from "../../internal/sends.ts"
import { fromPull, type Pull } from "../../internal/stream.ts"
import * as ModelProfile from "../account/ModelProfile.ts"
import * as RateLimits from "../account/RateLimits.ts"
import { advised, type Dialect } from "../Dialect.ts"
import { ModelError } from "../ModelError.ts"
import type { Request } from "../Request.ts"
import type { StreamEvent } from "../StreamEvent.ts"
import { type Attempt, Recoverable, renewing, unusable } from "./Attempt.ts"
import * as ReceiveBuffer from "./ReceiveBuffer.ts"
import * as ServerFailure from "./ServerFailure.ts"
import type { Decoder } from "./Sse.ts"
import * as Timeouts from "./Timeouts.ts"

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*(
  dialect: Dialect,
  timeouts: Timeouts.Timeouts,
  knowledge: ModelProfile.Knowledge = {}
) {
  const auth = yield* AuthClient
  const observe = yield* RateLimits.observer

  const open = Effect.fnUntraced(function*(request: Request) {
    yield* Effect.annotateCurrentSpan({ model: request.model, items: request.input.length })
    const wire = yield* Effect.mapError(auth.wire, unusable)
    const body = dialect.encode(request, ModelProfile.profileOf(request.model, knowledge), wire)
    const sends = yield* Ref.make(0)
    const withSends = (error: ModelError) =>
      Effect.map(Ref.get(sends), (sends) => sends > 1 ? new ModelError({ ...error, sends }) : error)
    const response = yield* auth.client.execute(post(dialect, request, body)).pipe(
      counting(sends),
      Effect.mapError(unreachable),
      Timeouts.connecting(timeouts),
      Effect.catchAll((error) => Effect.flip(withSends(error)))
    )
    yield* observe.headers(response.headers)
    if (response.status < 200 || response.status > 299) {
      return yield* Effect.catchAll(refused(response), (error) => Effect.flip(withSends(advised(dialect)(error))))
    }
    return { response, wire }
  }, redactedSpan("Responses.open"))

  /** Receives the answer piece by piece as it arrives. */
  const receive = Effect.fnUntraced(function*<E>(
    response: HttpClientResponse.HttpClientResponse,
    decoder: Decoder,
    failing: (error: ModelError) => E
  ) {
    const buffer = yield* ReceiveBuffer.make<Uint8Array, HttpClientError.ResponseError>(timeouts)
    if (ReceiveBuffer.isSource(response)) {
      const release = response[ReceiveBuffer.SourceTypeId](buffer)
      yield* Effect.addFinalizer(() => Effect.sync(() => release(decoder.outcome() !== undefined)))
    } else yield* ReceiveBuffer.pump(buffer, response.stream)

    const failed = (cause: Cause.Cause<HttpClientError.ResponseError | ModelError>) =>
      Effect.failCause(Cause.map(cause, (error) => Option.some(failing(cutOff(error)))))

    const next = (): Pull<StreamEvent, E> => {
      buffer.drain(decoder.write)
      const events = decoder.take()
      if (Chunk.isNonEmpty(events)) {
        const told = Effect.succeed(events)
        const observed = observe.events(events)
        return observed === undefined ? told : Effect.zipRight(observed, told)
      }
      const outcome = decoder.outcome()
      if (outcome !== undefined) return Effect.matchCauseEffect(outcome, { onFailure: failed, onSuccess: () => end })
      const exit = buffer.exit()
      if (exit === undefined) return decoder.hasFinished() ? waitingForRest : waiting
      if (Exit.isFailure(exit)) return failed(exit.cause)
      decoder.end()
      return next()
    }
    const waiting = Effect.flatMap(buffer.wait, next)
    /** Some servers say how the answer has ended, and then neither say more nor close. */
    let deadline: number | undefined
    const waitingForRest = Effect.flatMap(Effect.clock, (clock) => {
      const now = clock.unsafeCurrentTimeMillis()
      deadline ??= now + trailingWait
      if (now < deadline) {
        return Effect.zipRight(Effect.timeoutOption(buffer.wait, deadline - now), Effect.suspend(next))
      }
      decoder.end()
      return next()
    })
    return Effect.suspend(next)
  })

  const attempt = (isRefreshed: boolean): Attempt => (request) =>
    fromPull(
      Effect.flatMap(open(request), ({ response, wire }) =>
        receive(response, dialect.decoder(request, wire), (failure) => {
          const error = withRequestId(response.headers)(failure)
          const again = renewing(auth, error, response.request, isRefreshed, attempt)
          return again === undefined ? error : new Recoverable({ error, again })
        }))
    )
  return attempt(false)
})

const end = Effect.fail(Option.none())

/** How long an answer that is whole waits for what may follow it, in milliseconds. */
const trailingWait = 5000

/**
 * The ids find the machine that has the conversation's prefix in its cache.
 *
 * @since 0.1.0
 * @category encoding
 */
export const headers = (request: Request): Record<string, string> => ({
  "session-id": request.prompt_cache_key,
  "thread-id": request.prompt_cache_key,
  "x-client-request-id": request.prompt_cache_key
})

const post = (dialect: Dialect, request: Request, body: unknown) =>
  HttpClientRequest.post(dialect.path).pipe(
    HttpClientRequest.setHeaders({ accept: "text/event-stream", ...headers(request) }),
    HttpClientRequest.bodyUnsafeJson(body)
  )

/** A body that breaks off, is too long for a refusal, or never ends must not hold up what the status says. */
const refused = (response: HttpClientResponse.HttpClientResponse) =>
  response.stream.pipe(
    Stream.catchAll(() => Stream.empty),
    Stream.decodeText(),
    Stream.interruptAfter("10 seconds"),
    Stream.runFoldWhile("", (body) => body.length < maxRefusalSize, (body, text) => body + text),
    Effect.flatMap((body) => ServerFailure.fail(ServerFailure.fromHttp(response.status, response.headers, body)))
  )

/** In characters. */
const maxRefusalSize = 64 * 1024

/**
 * The error for a request that could not be sent.
 *
 * @since 0.1.0
 * @category conversions
 */
export const unreachable = (cause: HttpClientError.HttpClientError | AuthError): ModelError => {
  switch (cause._tag) {
    case "OAuthError":
    case "SignedOut":
    case "CredentialStoreError":
    case "ConfigError":
      return unusable(cause)
    default:
      return new ModelError({ reason: { _tag: "Transport" }, detail: networkProblem(cause), cause: cause.cause })
  }
}

/**
 * Adds the request id of the headers to an error inside of the stream that follows them.
 *
 * @since 0.1.0
 * @category conversions
 */
export const withRequestId = (headers: ServerFailure.Headers) => (error: ModelError): ModelError => {
  const { cfRay, requestId } = ServerFailure.requestIds(headers)
  return new ModelError({ ...error, ...defined({ requestId: error.requestId ?? requestId, cfRay }) })
}

/** The server was reached, but its answer broke off, or cannot be read. */
const cutOff = (cause: HttpClientError.ResponseError | ModelError): ModelError => {
  if (cause._tag === "ModelError") return cause
  const _tag = cause.cause instanceof EncodingError ? "Transport" : "StreamIncomplete"
  return new ModelError({ reason: { _tag }, detail: networkProblem(cause), cause: cause.cause })
}
