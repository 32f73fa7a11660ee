/**
 * Holds a renewed sign-in that could not be saved. The refresh token in the store is already used up, so this process
 * goes on with the renewed one, and tries to save it until the process ends. Then it ends the sign-in at the server,
 * where nobody could do that any more.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { isSame, isSignIn, type SignIn, type Stored as Held } from "./Credential.ts"
import { type CredentialStore, CredentialStoreError } from "./CredentialStore.ts"
import { unconfirmed } from "./endAtServer.ts"

type Stored = Option.Option<Held>

export interface Unsaved {
  /** The credential to use, given what the store holds: the unsaved one if it is newer. */
  readonly latest: (stored: Stored) => Effect.Effect<Stored>
  /** Changes the credential in use. The result is used even if it cannot be saved. */
  readonly modify: <E, R>(
    change: (latest: Stored) => Effect.Effect<Stored, E, R>
  ) => Effect.Effect<Stored, E | CredentialStoreError, R>
}

/** The unsaved credential `next`, and what the store holds in its place. */
interface Kept {
  readonly stored: Stored
  readonly next: SignIn
}

/** `endAtServer` tells whether the server has confirmed the end of a sign-in. */
export const make = Effect.fnUntraced(function*(
  store: typeof CredentialStore.Service,
  endAtServer: (credential: SignIn) => Effect.Effect<boolean>
) {
  const scope = yield* Effect.scope
  const unsaved = yield* Ref.make(Option.none<Kept>())

  const latest: Unsaved["latest"] = (stored) =>
    Effect.map(Ref.get(unsaved), (kept) =>
      // If the store holds anything else, such as another sign-in, that is newer.
      Option.isSome(kept) && hasSameTokens(kept.value.stored, stored) ? Option.some(kept.value.next) : stored)

  const keep: (kept: Kept, error: CredentialStoreError) => Effect.Effect<Stored> = Effect.fnUntraced(
    function*(kept, error) {
      const before = yield* Ref.getAndSet(unsaved, Option.some(kept))
      if (Option.isNone(before)) {
        yield* Effect.logWarning(`${error.message}. ${advice}`)
        yield* Effect.forkIn(tryUntilSaved, scope)
      }
      return Option.some(kept.next)
    }
  )

  const modify = <E, R>(change: (latest: Stored) => Effect.Effect<Stored, E, R>) =>
    Effect.suspend(() => {
      let kept: Kept | undefined
      return store.modify((stored) =>
        Effect.tap(Effect.flatMap(latest(stored), change), (next) =>
          Effect.sync(() => {
            // Only tokens can be lost.
            kept = Option.isNone(next) || !isSignIn(next.value) || hasSameTokens(stored, next)
              ? undefined
              : { stored, next: next.value }
          }))
      ).pipe(
        Effect.tap(Ref.set(unsaved, Option.none())),
        Effect.catchAll((error): Effect.Effect<Stored, E | CredentialStoreError> =>
          kept !== undefined && error instanceof CredentialStoreError ? keep(kept, error) : Effect.fail(error)
        )
      )
    })

  const isSaved = Effect.map(Ref.get(unsaved), Option.isNone)
  const tryAgain = Effect.zipRight(Effect.ignore(modify(Effect.succeed)), isSaved)
  const tryUntilSaved = Effect.repeat(Effect.delay(tryAgain, "1 minute"), { until: (isSaved) => isSaved })

  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      if (yield* isSaved) return
      yield* Effect.timeoutOption(Effect.interruptible(tryAgain), "5 seconds")
      const kept = yield* Ref.get(unsaved)
      if (Option.isNone(kept)) return
      const { next } = kept.value
      const isEnded = yield* endAtServer(next)
      yield* Effect.logWarning(`${lost} ${isEnded ? ended : unconfirmed[next.kind]} ${goOn}`)
    })
  )

  const made: Unsaved = { latest, modify }
  return made
})

const hasSameTokens = (self: Stored, that: Stored): boolean =>
  Option.isSome(self) && Option.isSome(that) && isSignIn(self.value) && isSignIn(that.value) &&
  isSame(self.value, that.value)

const advice =
  "This run goes on with the renewed sign-in and tries again to save it; if that fails until its end, the " +
  "sign-in is lost"

const lost = "The renewed sign-in could not be saved, and the old one is used up."
const ended = "The sign-in has been ended at the server, as nobody could use it any more."
const goOn = "Run `effixir login` again"
