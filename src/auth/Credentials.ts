/**
 * Chooses the credential to use now, keeps it fresh, and says why it was chosen.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { choice } from "../internal/choice.ts"
import { redactedSpan } from "../internal/redactedSpan.ts"
import { ChatGptOAuth, checkIssuer } from "./chatgpt/ChatGptOAuth.ts"
import * as ChatGptTokens from "./chatgpt/ChatGptTokens.ts"
import { Choice } from "./Choice.ts"
import * as Credential from "./Credential.ts"
import { CredentialStore, type CredentialStoreError } from "./CredentialStore.ts"
import { DryRun } from "./DryRun.ts"
import * as EarlyRefresh from "./EarlyRefresh.ts"
import { endAtServer } from "./endAtServer.ts"
import * as Host from "./Host.ts"
import { OAuth, type Renewal } from "./OAuth.ts"
import type { OAuthError } from "./OAuthError.ts"
import * as RejectedToken from "./RejectedToken.ts"
import { addCredential } from "./Secrets.ts"
import { type Options, select, type Selected } from "./Selection.ts"
import { SignedOut } from "./SignedOut.ts"
import { discard } from "./SignIn.ts"
import * as Unsaved from "./Unsaved.ts"

/** @since 0.1.0 @category errors */
export type CredentialsError = SignedOut | CredentialStoreError | OAuthError

/**
 * What replaces a credential that the server has refused. `isRefreshed` if it was refreshed just now, and not found in
 * the store.
 *
 * @since 0.1.0
 * @category models
 */
export interface Replacement {
  readonly credential: Credential.SignIn
  readonly isRefreshed: boolean
}

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Credential, Credentials } from "effixir"
 *
 * const usesPlan = Effect.gen(function*() {
 *   const credentials = yield* Credentials.Credentials
 *   const { credential } = yield* credentials.current // renewed, if it was about to expire
 *   return credential.kind !== "api_key" && Credential.usesPlan(credential)
 * })
 * ```
 *
 * @since 0.1.0 @category services
 */
export class Credentials extends Context.Tag("effixir/auth/Credentials")<Credentials, {
  /**
   * The credential to use for the next request, refreshed if it is about to expire. Callers ask again each time and
   * never keep it.
   */
  readonly current: Effect.Effect<Selected, CredentialsError>
  /** The credential that would be used, as it is stored. Asks no server. */
  readonly selected: Effect.Effect<Selected, SignedOut | CredentialStoreError>
  /**
   * The replacement for a sign-in that the server has refused: one that was stored meanwhile for the same account, else
   * a refreshed one.
   */
  readonly replace: (refused: Credential.SignIn) => Effect.Effect<Replacement, CredentialsError>
}>() {}

export { Choice } from "./Choice.ts"
export { type Options, select, type Selected } from "./Selection.ts"

/** How often, at least, a long-running program checks its credential. */
const watchInterval = Duration.minutes(1)

/** Network and server failures are temporary. Each try decides anew whether to use the refresh token. */
const refreshSchedule = Schedule.exponential("500 millis").pipe(
  Schedule.jittered,
  Schedule.intersect(Schedule.recurs(3))
)

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*(options: Options) {
  const store = yield* CredentialStore
  const oauth = yield* OAuth
  const chatGpt = yield* ChatGptOAuth
  const scope = yield* Effect.scope
  const lock = yield* Effect.makeSemaphore(1)
  const over = yield* Ref.make(
    Option.none<{ readonly credential: Credential.SignIn; readonly error: SignedOut }>()
  )

  const services = yield* Effect.context<OAuth | ChatGptOAuth>()
  const unsaved = yield* Unsaved.make(store, (credential) => Effect.provide(endAtServer(credential), services))
  // The key is hidden in all output, even if it is not used.
  if (Option.isSome(options.apiKey)) yield* addCredential(Credential.apiKey(options.apiKey.value))

  const selected = Effect.flatMap(
    store.load,
    (stored) => Effect.flatMap(unsaved.latest(stored), (latest) => select(latest, options))
  )

  /** The known refusal of a refresh token, if there is one: a refusal is final, so the server is asked only once. */
  const known = Effect.fnUntraced(function*(credential: Credential.SignIn) {
    const told = Option.filter(yield* Ref.get(over), (told) => Credential.isSame(told.credential, credential))
    if (Option.isSome(told)) return Option.some(told.value.error)
    return credential.kind === "subscription" ? yield* RejectedToken.of(credential) : Option.none<SignedOut>()
  })

  /** What the store holds after a refusal that is final. */
  const end = (credential: Credential.SignIn, error: SignedOut): Effect.Effect<Credential.Stored> =>
    credential.kind === "subscription"
      ? RejectedToken.mark(credential, error)
      : Effect.map(DateTime.now, (now) => ChatGptTokens.end(credential, error, now))

  /** Tokens of another account are not kept, so nobody else would end them. */
  const discardRenewal = ({ refresh_token: token }: Renewal): Effect.Effect<void> =>
    token == null ? Effect.void : discard(oauth.revoke(token))

  const refresh = (credential: Credential.SignIn): Effect.Effect<Credential.SignIn, OAuthError | SignedOut> => {
    const spend = <A>(call: Effect.Effect<A, OAuthError | SignedOut>) =>
      Effect.tapErrorTag(call, "SignedOut", (error) => Ref.set(over, Option.some({ credential, error })))
    return credential.kind === "subscription"
      ? Effect.flatMap(
        spend(oauth.refresh(credential.refresh_token)),
        (renewal) => Effect.tapError(renew(credential, renewal), () => discardRenewal(renewal))
      )
      : Effect.zipWith(
        spend(chatGpt.refresh(credential)),
        DateTime.now,
        (renewal, now) => ChatGptTokens.renew(credential, renewal, now)
      )
  }

  /**
   * Verifies the identity behind new tokens after they are stored, because it may take long if the keys for it cannot
   * be fetched. The tokens are used only after that.
   */
  const confirmed = Effect.fnUntraced(function*(credential: Credential.SignIn) {
    if (credential.kind !== "chatgpt" || credential.unverified === undefined) return credential
    const before = yield* known(credential)
    if (Option.isSome(before)) return yield* before.value
    yield* checkIssuer(credential, chatGpt.issuer)
    const { client_id, subject, unverified } = credential
    const identity = yield* Effect.either(
      chatGpt.identify(unverified.id_token, { clientId: client_id, at: unverified.at })
    )
    if (Either.isLeft(identity) && identity.left.isTransient) return yield* identity.left
    const isProven = Either.isRight(identity) && identity.right.subject === subject
    const error = new SignedOut({ reason: "IdentityRefused" })
    const confirmed = isProven ? ChatGptTokens.confirm(credential, identity.right) : undefined
    if (confirmed === undefined) yield* Ref.set(over, Option.some({ credential, error }))
    const next = confirmed ?? (yield* end(credential, error))
    // If the result cannot be saved, the next run verifies again.
    yield* Effect.ignore(unsaved.modify((stored) =>
      Effect.succeed(
        Option.exists(stored, (now) => Credential.isSignIn(now) && Credential.isSame(now, credential))
          ? Option.some(next)
          : stored
      )
    ))
    if (confirmed !== undefined) return confirmed
    yield* discard(chatGpt.revoke(credential))
    return yield* error
  })

  const whileTransient = <A>(effect: Effect.Effect<A, CredentialsError>) =>
    Effect.retry(effect, {
      while: (error) => error._tag === "OAuthError" && error.isTransient,
      schedule: refreshSchedule
    })

  /** Runs under the lock of the store, so that a second caller finds the tokens of the first. */
  const replace = (refused: Credential.SignIn) =>
    Effect.gen(function*() {
      let isRefreshed = false
      let refusal: SignedOut | undefined
      const next = yield* unsaved.modify((stored) =>
        Effect.gen(function*() {
          const credential = yield* sameAccount(stored, refused)
          if (!Credential.isSame(credential, refused)) return stored
          const before = yield* known(credential)
          if (Option.isSome(before)) return yield* before.value
          if (!Credential.isRefreshable(credential, yield* DateTime.now)) {
            return yield* new SignedOut({ reason: "AccessTokenRefused" })
          }
          isRefreshed = true
          return yield* Effect.asSome(Effect.catchIf(
            refresh(credential),
            isNamed,
            Effect.fnUntraced(function*(error) {
              // A program that does not respect the lock may have used the token, and stored the next one.
              const now = yield* Effect.orElseSucceed(Effect.flatMap(store.load, unsaved.latest), Option.none)
              const other = Option.filter(now, (stored) => isNewer(stored, credential))
              isRefreshed = Option.isNone(other)
              if (Option.isSome(other)) return other.value
              refusal = error
              return yield* end(credential, error)
            })
          ))
        })
      ).pipe(
        // If the refusal could not be saved, the refusal itself is the more important error.
        Effect.catchTag("CredentialStoreError", (error) => Effect.fail(refusal ?? error))
      )
      if (refusal !== undefined) return yield* refusal
      return { credential: yield* confirmed(yield* sameAccount(next, refused)), isRefreshed }
    }).pipe(whileTransient, lock.withPermits(1))

  const renewEarly = yield* EarlyRefresh.make(replace, watchInterval)

  const verified: Effect.Effect<Selected, CredentialsError> = Effect.gen(function*() {
    const winner = yield* selected
    const { credential } = winner
    return Credential.isSignIn(credential) ? { ...winner, credential: yield* confirmed(credential) } : winner
  })

  const fresh = Effect.gen(function*() {
    const winner = yield* Effect.flatMap(
      selected,
      (winner) => isVerified(winner.credential) ? Effect.succeed(winner) : lock.withPermits(1)(whileTransient(verified))
    )
    const { credential } = winner
    if (!Credential.isSignIn(credential)) return winner
    if (Duration.greaterThan(yield* timeUntil(Credential.dueAt(credential)), Duration.zero)) return winner
    const left = yield* timeUntil(Credential.expiresAt(credential))
    const renewed = Duration.greaterThan(left, Duration.zero) ? renewEarly(credential) : replace(credential)
    return { ...winner, credential: (yield* renewed).credential }
  }).pipe(redactedSpan("Credentials.current"))

  /**
   * Refreshes in the background, so that a program that runs for days does not meet an expired token at its next
   * request.
   */
  const watch = yield* Effect.once(Effect.forkIn(
    selected.pipe(
      Effect.flatMap(({ credential }) =>
        Credential.isSignIn(credential)
          ? timeUntil(Credential.dueAt(credential))
          : Effect.succeed(Duration.infinity)
      ),
      Effect.map((left) => Duration.clamp(left, { minimum: watchInterval, maximum: "1 day" })),
      Effect.orElseSucceed(() => watchInterval),
      Effect.flatMap(Effect.sleep),
      Effect.zipRight(Effect.ignore(fresh)),
      Effect.forever
    ),
    scope
  ))

  const current = Effect.flatMap(
    DryRun,
    ({ take }): Effect.Effect<Selected, CredentialsError> =>
      take === undefined ? Effect.zipRight(watch, fresh) : selected
  )
  return Credentials.of({ current, selected, replace })
})

/**
 * Refreshes in the background, from the first use until the layer is closed.
 *
 * @example
 * ```ts
 * import * as Option from "effect/Option"
 * import * as Redacted from "effect/Redacted"
 * import { Credentials } from "effixir"
 *
 * const options: Credentials.Options = {
 *   apiKey: Option.some(Redacted.make("sk-proj-1234567890abcdef")),
 *   choice: "any"
 * }
 *
 * const FromAKey = Credentials.layer(options)
 * const sameAsAnEffect = Credentials.make(options)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<Credentials, never, CredentialStore | OAuth | ChatGptOAuth> =>
  Layer.scoped(Credentials, make(options))

const environmentKey = Config.mapOrFail(
  Config.string("OPENAI_API_KEY"),
  (text) => Either.mapLeft(Credential.readKey(text), (problem) => ConfigError.InvalidData(["OPENAI_API_KEY"], problem))
)

/**
 * @example
 * ```ts
 * import * as Layer from "effect/Layer"
 * import { Credentials, CredentialStore } from "effixir"
 *
 * // OPENAI_API_KEY, or else what the store keeps.
 * const FromTheEnvironment = Credentials.layerConfig().pipe(Layer.provide(CredentialStore.layerMemory()))
 * ```
 *
 * @since 0.1.0 @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options> = {
    apiKey: Config.option(environmentKey),
    choice: Config.map(choice("EFFIXIR_AUTH", Choice), Option.getOrElse((): Choice => "any"))
  }
): Layer.Layer<Credentials, ConfigError.ConfigError, CredentialStore | OAuth | ChatGptOAuth> =>
  Layer.scoped(Credentials, Effect.flatMap(Config.unwrap(options), make))

const isVerified = (credential: Credential.Credential): boolean =>
  credential.kind !== "chatgpt" || credential.unverified === undefined

/** The new tokens have to be for the account that was signed in. */
const renew = Effect.fnUntraced(function*(credential: Credential.Subscription, renewal: Renewal) {
  const renewed = Credential.renew(credential, renewal, yield* DateTime.now)
  const { accountId } = Credential.claims({ ...renewed, account_id: null })
  return accountId === undefined || accountId === Credential.claims(credential).accountId
    ? renewed
    : yield* new SignedOut({ reason: "AccountChanged" })
})

/** Whether the server itself named the reason why the sign-in is over. */
const isNamed = (error: SignedOut | OAuthError): error is SignedOut =>
  error._tag === "SignedOut" && error.code !== undefined

/** Whether it has other tokens of the same account. */
const isNewer = (stored: Credential.Stored, credential: Credential.SignIn): boolean =>
  Credential.isSignIn(stored) && Host.of(stored).account === Host.of(credential).account &&
  !Credential.isSame(stored, credential)

/** A token that does not say when it ends is good until the server refuses it. */
const timeUntil = (end: Option.Option<DateTime.Utc>): Effect.Effect<Duration.Duration> =>
  Effect.map(DateTime.now, (now) =>
    Option.match(end, {
      onNone: () => Duration.infinity,
      onSome: (end) => Duration.millis(Math.max(0, DateTime.toEpochMillis(end) - DateTime.toEpochMillis(now)))
    }))

const sameAccount = (
  stored: Option.Option<Credential.Stored>,
  before: Credential.SignIn
): Effect.Effect<Credential.SignIn, SignedOut> => {
  if (Option.isSome(stored) && stored.value.kind === "chatgpt_ended") {
    return new SignedOut({ reason: stored.value.reason })
  }
  if (Option.isNone(stored) || !Credential.isSignIn(stored.value)) {
    return new SignedOut({ reason: "NeverSignedIn" })
  }
  return Host.of(stored.value).account === Host.of(before).account
    ? Effect.succeed(stored.value)
    : new SignedOut({ reason: "AccountChanged" })
}
