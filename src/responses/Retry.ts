/**
 * The one budget of attempts that a model call has. Nobody above or below it tries again.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { pipe } from "effect/Function"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"
import * as Stream from "effect/Stream"
import { OAuthError } from "../auth/OAuthError.ts"
import { unwrap } from "../internal/stream.ts"
import type { Attempt } from "./HttpTransport.ts"
import type { ModelError } from "./ModelError.ts"
import * as Request from "./Request.ts"
import type { Retry } from "./StreamEvent.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Budget {
  /** How often the request is sent at most, the first time included. */
  readonly attempts: number
  /** How long after the first failure an attempt may still begin. A server that asks for more patience is not waited for. */
  readonly elapsed: Duration.DurationInput
}

/** @since 0.1.0 @category models */
export const defaults: Budget = { attempts: 5, elapsed: "1 minute" }

/** How long it is waited, by the error; done when the error, or the number of attempts, says so. */
const schedule = (budget: Budget): Schedule.Schedule<unknown, ModelError> =>
  pipe(
    Schedule.exponential("200 millis"),
    Schedule.jittered,
    Schedule.intersect(Schedule.recurs(budget.attempts - 1)),
    Schedule.zipRight(Schedule.identity<ModelError>()),
    // A refresh of the credential has had a budget of its own.
    Schedule.whileInput((error: ModelError) => error.isRetryable && !(error.cause instanceof OAuthError)),
    // What the server asks for counts, and nothing shorter.
    Schedule.modifyDelay((error, delay) => Duration.max(delay, Duration.millis(error.retryAfter ?? 0)))
  )

/**
 * Makes the call again after a failure that may pass, and tells of it with a {@link Retry} event first: what was told
 * before is void then. Failures that do not pass, and the last one, are the stream's own.
 *
 * What the server had encrypted and cannot read any more is left out, once: the account or its keys have changed.
 *
 * @since 0.1.0
 * @category combining
 */
export const make = (budget: Budget): (attempt: Attempt) => Attempt => planned(budget, schedule(budget))

/** The plan is the same for every call, and a dozen objects. */
const planned = (budget: Budget, plan: ReturnType<typeof schedule>) => (attempt: Attempt): Attempt => (request) => {
  const from = (request: Request.Request, state: State): ReturnType<Attempt> =>
    Stream.catchAll(attempt(request), (error) =>
      unwrap(Effect.gen(function*() {
        const next = yield* after(error, request, state)
        if (Option.isNone(next)) return Stream.fail(error)
        const { event, request: again, state: then } = next.value
        return Stream.concat(
          Stream.make(event),
          unwrap(Effect.as(Effect.sleep(event.delay), from(again, then)))
        )
      })))

  const after = Effect.fnUntraced(function*(error: ModelError, request: Request.Request, state: State) {
    const now = yield* Clock.currentTimeMillis
    const told = (delay: number, isWithoutEncrypted: boolean): Retry => ({
      type: "effixir.retry",
      attempt: state.attempt + 1,
      maxAttempts: Math.max(budget.attempts, state.attempt + 1),
      delay,
      reason: error.reason._tag,
      message: error.message,
      isWithoutEncrypted
    })

    if (error.code === "invalid_encrypted_content" && request.input.some(Request.isEncrypted)) {
      return Option.some({
        event: told(0, true),
        request: Request.withoutEncrypted(request),
        state: { ...state, attempt: state.attempt + 1 }
      })
    }

    const since = state.since ?? now
    const [memory, , decision] = yield* plan.step(now, error, state.memory)
    if (ScheduleDecision.isDone(decision)) return Option.none()
    const delay = Math.max(0, Math.round(ScheduleIntervals.start(decision.intervals) - now))
    if (now + delay - since > Duration.toMillis(budget.elapsed)) return Option.none()
    return Option.some({
      event: told(delay, false),
      request,
      state: { attempt: state.attempt + 1, since, memory }
    })
  })

  return from(request, { attempt: 1, since: undefined, memory: plan.initial })
}

/** `since` is the time of the first failure; `memory` belongs to the schedule. */
interface State {
  readonly attempt: number
  readonly since: number | undefined
  readonly memory: unknown
}
