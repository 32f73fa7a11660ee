/**
 * The one budget of attempts that a model call has. No other layer tries again.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import { identity, pipe } from "effect/Function"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"
import * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { OAuthError } from "../../auth/OAuthError.ts"
import { Secrets } from "../../auth/Secrets.ts"
import { fromPull, type Pull, toPull } from "../../internal/stream.ts"
import { type ModelError, withoutSecrets } from "../ModelError.ts"
import * as Request from "../Request.ts"
import type { Retry, StreamEvent } from "../StreamEvent.ts"
import { type Attempt, Recoverable } from "./Attempt.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Budget {
  /** How often the request is sent at most, the first time included. */
  readonly attempts: number
  /**
   * How long after the first failure an attempt may still begin. If a server asks for a longer wait, the call fails at
   * once.
   */
  readonly elapsed: Duration.DurationInput
  /**
   * How much longer a server is waited for that is loading its model; the attempts until then do not count. A minute if
   * absent.
   */
  readonly loading?: Duration.DurationInput | undefined
}

/** @since 0.1.0 @category models */
export const defaults: Budget = { attempts: 5, elapsed: "1 minute", loading: "1 minute" }

/**
 * What is put around an effect, such as a span.
 *
 * @since 0.1.0
 * @category models
 */
export type Within = <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>

/** How long to wait after an error; ends if the error cannot be retried. */
const schedule: Schedule.Schedule<unknown, ModelError> = pipe(
  Schedule.exponential("200 millis"),
  Schedule.jittered,
  Schedule.zipRight(Schedule.identity<ModelError>()),
  // A refresh of the credential has its own budget.
  Schedule.whileInput((error: ModelError) => error.isRetryable && !(error.cause instanceof OAuthError)),
  // The wait that the server asks for counts, never a shorter one.
  Schedule.modifyDelay((error, delay) => Duration.max(delay, Duration.millis(error.retryAfter ?? 0)))
)

/** How long to wait for a server that is loading its model, in milliseconds: it is ready all of a sudden. */
const loadingDelay = (error: ModelError, times: number): number =>
  Math.max(error.retryAfter ?? 0, Math.min(1000 * 2 ** times, 5000))

/**
 * Makes the call again after a temporary failure, or one that the transport can fix, and reports it with a
 * {@link Retry} event first: earlier events are void then. The stream fails with any other failure, and with the last
 * one.
 *
 * Encrypted reasoning that the server can no longer read is left out, once: the account or its keys have changed. Without
 * what the server has compacted the conversation would lack its beginning; that failure is the caller's. Images that
 * tools gave are replaced by words if the server refuses them, and then all images.
 *
 * `within` is put around what opens an attempt, and not around every chunk: that would cost more than to read it.
 *
 * @since 0.1.0
 * @category combining
 */
export const make =
  (budget: Budget) =>
  (attempt: Attempt) =>
  (request: Request.Request, within: Within = identity): Stream.Stream<StreamEvent, ModelError> => {
    const elapsed = Duration.toMillis(budget.elapsed)
    const whileLoading = elapsed + Duration.toMillis(budget.loading ?? "1 minute")

    const after = Effect.fnUntraced(
      function*(failure: ModelError | Recoverable, request: Request.Request, state: State) {
        const now = yield* Clock.currentTimeMillis
        const error = errorOf(failure)
        const since = state.since ?? now
        // A client that tries again by itself has spent more than one.
        const { sends = 1 } = error
        const spent = state.number + sends - 1
        const next = { ...state, number: spent + 1 }
        const told = (delay: number, change: Partial<Retry> = {}): Retry => ({
          type: "effixir.retry",
          attempt: next.number,
          maxAttempts: Math.max(budget.attempts, next.number),
          delay,
          reason: error.reason._tag,
          message: error.message,
          isWithoutEncrypted: false,
          isLoading: error.isLoading,
          ...change
        })

        if (
          error.code === "invalid_encrypted_content" && request.input.some(Request.isEncrypted) &&
          !request.input.some(Request.isCompaction)
        ) {
          const event = told(0, { isWithoutEncrypted: true })
          return Option.some({ event, request: Request.withoutEncrypted(request), state: next })
        }
        if ((refusesImages(error) || refusesParts(error)) && Request.hasOutputImages(request)) {
          const event = told(0, {
            isWithoutImages: true,
            message: `${error.message}; words stand in the place of the images of tools from here on`
          })
          return Option.some({ event, request: Request.withoutOutputImages(request), state: next })
        }
        if (refusesImages(error) && Request.hasImages(request)) {
          const event = told(0, {
            isWithoutAnyImages: true,
            message: `${error.message}; words stand in the place of the images so far`
          })
          return Option.some({ event, request: Request.withoutAnyImages(request), state: next })
        }
        if (error.isLoading && budget.attempts > 1) {
          const loadingSince = state.loadingSince ?? now
          const delay = loadingDelay(error, state.loads)
          if (now + delay - loadingSince > whileLoading) return Option.none()
          return Option.some({
            event: told(delay),
            request,
            state: { ...next, loads: state.loads + sends, loadingSince }
          })
        }
        if (spent - state.loads >= budget.attempts) return Option.none()
        if (failure._tag === "Recoverable") {
          if (now - since > elapsed) return Option.none()
          const attempt = yield* failure.again
          return Option.some({ event: told(0), request, state: { ...next, attempt, since } })
        }

        const [memory, , decision] = yield* schedule.step(now, error, state.memory)
        if (ScheduleDecision.isDone(decision)) return Option.none()
        const delay = Math.max(0, Math.round(ScheduleIntervals.start(decision.intervals) - now))
        if (now + delay - since > elapsed) return Option.none()
        return Option.some({ event: told(delay), request, state: { ...next, since, memory } })
      }
    )

    return fromPull(Effect.map(Effect.scope, (scope) => {
      /** Continues the current attempt, or begins the next one. */
      let pull: Pull<StreamEvent, ModelError>

      const from = Effect.fnUntraced(function*(request: Request.Request, state: State) {
        const own = yield* Scope.fork(scope, ExecutionStrategy.sequential)
        const recover = Effect.fnUntraced(function*(raw: ModelError | Recoverable) {
          yield* Scope.close(own, Exit.fail(raw))
          const { hide } = yield* Secrets
          const failure = raw._tag === "Recoverable"
            ? new Recoverable({ error: withoutSecrets(raw.error, hide), again: raw.again })
            : withoutSecrets(raw, hide)
          const next = yield* Effect.mapError(after(failure, request, state), Option.some)
          if (Option.isNone(next)) return yield* Effect.fail(Option.some(errorOf(failure)))
          const { event, request: again, state: then } = next.value
          pull = Effect.zipRight(Effect.sleep(event.delay), Effect.suspend(() => from(again, then)))
          return Chunk.of<StreamEvent>(event)
        }, within)
        const opened = yield* Effect.either(Scope.extend(toPull(state.attempt(request)), own))
        if (Either.isLeft(opened)) return yield* recover(opened.left)
        // `catchAll` would make a step of every success as well.
        pull = Effect.catchAllCause(opened.right, (cause) =>
          Either.match(Cause.failureOrCause(cause), {
            onLeft: Option.match({ onNone: () => Effect.fail(Option.none()), onSome: recover }),
            onRight: Effect.failCause
          }))
        return yield* pull
      }, within)

      pull = from(request, {
        attempt,
        number: 1,
        since: undefined,
        loads: 0,
        loadingSince: undefined,
        memory: schedule.initial
      })
      return Effect.suspend(() => pull)
    }))
  }

/**
 * Servers word it differently; where the request holds no image, nothing is concluded from it. Of a body that is too
 * large, images are the largest part.
 */
const refusesImages = (error: ModelError): boolean =>
  error.status === 413 || isOfRequest(error) && /image|multi-?modal|\bvision\b|mmproj/i.test(wordsOf(error))

/** Some take only text of tools, and say so without a word of images. */
const refusesParts = (error: ModelError): boolean =>
  isOfRequest(error) && /tool call should be|\boutput\b.{0,100}\bstring\b/i.test(wordsOf(error))

const isOfRequest = ({ reason }: ModelError): boolean =>
  reason._tag === "InvalidRequest" || reason._tag === "Overloaded"

const wordsOf = ({ code = "", detail, param = "" }: ModelError): string => `${code} ${param} ${detail}`

const errorOf = (failure: ModelError | Recoverable): ModelError =>
  failure._tag === "Recoverable" ? failure.error : failure

interface State {
  /** What the next attempt is made by. */
  readonly attempt: Attempt
  readonly number: number
  /** The time of the first failure. */
  readonly since: number | undefined
  /** How many attempts have found the server loading its model, and the time of the first. */
  readonly loads: number
  readonly loadingSince: number | undefined
  /** Belongs to the schedule. */
  readonly memory: unknown
}
