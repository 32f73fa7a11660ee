/**
 * Refreshes a sign-in some time before its token ends.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as SynchronizedRef from "effect/SynchronizedRef"
import { isSame, type SignIn } from "./Credential.ts"
import type { CredentialStoreError } from "./CredentialStore.ts"
import type { OAuthError } from "./OAuthError.ts"
import type { SignedOut } from "./SignedOut.ts"

/** How long a request that has a good token waits for the next one. */
const maxWait = Duration.seconds(2)

interface Renewed {
  readonly credential: SignIn
}

type Failure = SignedOut | CredentialStoreError | OAuthError

interface Early {
  readonly credential: SignIn
  /** When it began, in milliseconds. */
  readonly at: number
  readonly fiber: Fiber.Fiber<Renewed, Failure>
}

/**
 * One early refresh at a time. It goes on when no request waits for it any more, and pauses for a while after a failure.
 *
 * - `replace` refreshes
 * - `pause` the time between two tries
 */
export const make = Effect.fnUntraced(function*(
  replace: (credential: SignIn) => Effect.Effect<Renewed, Failure>,
  pause: Duration.Duration
) {
  const scope = yield* Effect.scope
  const early = yield* SynchronizedRef.make<Early | undefined>(undefined)

  const begin = (credential: SignIn) =>
    SynchronizedRef.modifyEffect(early, (last): Effect.Effect<readonly [Early, Early]> =>
      Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        if (last !== undefined && isSame(last.credential, credential)) {
          const isRunning = Option.isNone(yield* Fiber.poll(last.fiber))
          if (isRunning || now - last.at < Duration.toMillis(pause)) return [last, last]
        }
        const begun = { credential, at: now, fiber: yield* Effect.forkIn(replace(credential), scope) }
        return [begun, begun]
      }))

  const isTold = yield* Ref.make(false)

  /**
   * Server failures are temporary, so they are only logged. Warns once of an unwritable store, which the person has to
   * fix before the token ends.
   */
  const tell = Effect.fnUntraced(function*(error: CredentialStoreError | OAuthError) {
    if (error._tag === "OAuthError" || (yield* Ref.getAndSet(isTold, true))) {
      return yield* Effect.logDebug("The early refresh failed", error.message)
    }
    yield* Effect.logWarning(`${error.message}. The sign-in is not renewed, and this run goes on with the token it has`)
  })

  /** A request with a good token does not wait for a failing server or disk. */
  return Effect.fnUntraced(function*(credential: SignIn) {
    const { at, fiber } = yield* begin(credential)
    const waited = (yield* Clock.currentTimeMillis) - at
    const renewed = Effect.flatMap(
      Fiber.poll(fiber),
      Option.match({
        onNone: () =>
          Effect.timeoutOption(Fiber.join(fiber), Duration.millis(Math.max(0, Duration.toMillis(maxWait) - waited))),
        onSome: Effect.asSome
      })
    )
    return yield* renewed.pipe(
      Effect.map(Option.getOrElse(() => ({ credential }))),
      Effect.catchIf(
        (error) => error._tag !== "SignedOut",
        (error) => Effect.as(tell(error), { credential })
      )
    )
  })
})
