/**
 * Signing in with a code that a person enters in a browser on any machine.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { type DeviceCode, type Grant, OAuth } from "./OAuth.ts"
import { OAuthError } from "./OAuthError.ts"
import { persistently, redeem, type SignedIn } from "./SignIn.ts"

/**
 * The person has to act now: enter `userCode` at `verificationUri` before `expiresAt`.
 *
 * @since 0.1.0
 * @category models
 */
export interface CodeShown {
  readonly _tag: "CodeShown"
  readonly userCode: string
  readonly verificationUri: string
  readonly expiresAt: DateTime.Utc
}

/** @since 0.1.0 @category models */
export type DeviceState = CodeShown | SignedIn

/** How long a code is good. The server gives the same answer for an expired code and for one that still waits. */
const lifetime = Duration.minutes(15)

/** Added to the polling interval each time the server asks to slow down. */
const slowDown = Duration.seconds(5)

/**
 * After how many web pages in a row, in place of answers, polling stops. A single one may be a glitch; a network that
 * blocks us keeps doing so, and the waiting person should be told.
 */
const maxPages = 3

/**
 * Shows a code, waits until it is entered, and signs in. Saves nothing.
 *
 * @example
 * ```ts
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 * import { DeviceLogin } from "effixir"
 *
 * const signIn = Stream.runForEach(DeviceLogin.login, (state) =>
 *   state._tag === "CodeShown" ? Console.log(`Enter ${state.userCode} at ${state.verificationUri}`) : Effect.void)
 * ```
 *
 * @since 0.1.0
 * @category signing in
 */
export const login: Stream.Stream<DeviceState, OAuthError, OAuth> = Stream.unwrap(Effect.gen(function*() {
  const oauth = yield* OAuth
  const device = yield* persistently(oauth.startDevice)
  const shown: CodeShown = {
    _tag: "CodeShown",
    userCode: device.userCode,
    verificationUri: device.verificationUri,
    expiresAt: DateTime.addDuration(yield* DateTime.now, lifetime)
  }
  const grant = awaitGrant(device, shown.expiresAt)
  return Stream.concat(Stream.make(shown), Stream.fromEffect(Effect.flatMap(grant, redeem)))
}))

type Answer = { readonly _tag: "Approved"; readonly grant: Grant } | {
  readonly _tag: "Waiting"
  /** When to ask again. */
  readonly delay: Duration.Duration
}

/** Asks until the person has agreed. Temporary failures do not stop it, because the code stays good. */
const awaitGrant = Effect.fnUntraced(function*(device: DeviceCode, expiresAt: DateTime.Utc) {
  const oauth = yield* OAuth
  const interval = yield* Ref.make(device.interval)
  const pages = yield* Ref.make(0)
  const trouble = yield* Ref.make<string | undefined>("its server has not answered")
  const waiting = (atLeast: Duration.DurationInput = 0) =>
    Effect.map(Ref.get(interval), (delay): Answer => ({ _tag: "Waiting", delay: Duration.max(delay, atLeast) }))

  const ask = oauth.pollDevice(device).pipe(
    Effect.tap(() => Effect.zipRight(Ref.set(pages, 0), Ref.set(trouble, undefined))),
    Effect.tapError((error) => Ref.set(trouble, `the last word from its server was trouble (${error.detail})`)),
    Effect.flatMap((poll) => {
      switch (poll._tag) {
        case "Approved":
          return Effect.succeed<Answer>(poll)
        case "SlowDown":
          return Effect.zipRight(Ref.update(interval, Duration.sum(slowDown)), waiting())
        case "Pending":
          return waiting()
      }
    }),
    Effect.catchIf(
      (error) => error.isTransient,
      (error) =>
        Effect.gen(function*() {
          const seen = yield* Ref.updateAndGet(pages, (count) => error.reason === "Blocked" ? count + 1 : 0)
          return seen < maxPages ? yield* waiting(error.retryAfter) : yield* error
        })
    )
  )
  const untilApproved = Schedule.identity<Answer>().pipe(
    Schedule.whileInput((answer: Answer) => answer._tag === "Waiting"),
    Schedule.addDelay((answer) => answer._tag === "Waiting" ? answer.delay : Duration.zero)
  )
  const answer = yield* Effect.repeat(ask, untilApproved).pipe(
    Effect.timeoutOption(DateTime.distanceDuration(yield* DateTime.now, expiresAt))
  )
  if (Option.isSome(answer) && answer.value._tag === "Approved") return answer.value.grant
  const lately = yield* Ref.get(trouble)
  const detail = lately === undefined
    ? "nobody entered the code within 15 minutes"
    : `the 15 minutes of the code are over, and ${lately}`
  return yield* new OAuthError({ reason: "Expired", detail })
})
