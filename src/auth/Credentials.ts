/**
 * The credential that is good now, and why that one won.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Credential from "./Credential.ts"
import { CredentialStore, type CredentialStoreError } from "./CredentialStore.ts"

/**
 * Nobody is signed in, or the sign-in is over for good.
 *
 * @since 0.1.0
 * @category errors
 */
export class SignedOut extends Schema.TaggedError<SignedOut>("effixir/auth/Credentials/SignedOut")("SignedOut", {
  reason: Schema.Literal("NeverSignedIn")
}) {
  override get message(): string {
    return "You are not signed in: run `effixir login` to use your ChatGPT plan, or set OPENAI_API_KEY"
  }
}

/** @since 0.1.0 @category errors */
export type CredentialsError = SignedOut | CredentialStoreError

/**
 * The credential that won, where it came from, and one sentence that says why.
 *
 * @since 0.1.0
 * @category models
 */
export interface Selected {
  readonly credential: Credential.Credential
  readonly source: "store" | "environment"
  readonly reason: string
}

/** @since 0.1.0 @category services */
export class Credentials extends Context.Tag("effixir/auth/Credentials")<Credentials, {
  /** The credential to use for the next request. Callers ask again each time and never keep it. */
  readonly current: Effect.Effect<Selected, CredentialsError>
}>() {}

/** @since 0.1.0 @category models */
export interface Options {
  /** An API key from outside the store, as a rule from `OPENAI_API_KEY`. */
  readonly apiKey: Option.Option<Redacted.Redacted>
}

/**
 * Which credential wins: a stored subscription, then the API key of the environment, then a stored API key.
 *
 * @since 0.1.0
 * @category selection
 */
export const select = (
  stored: Option.Option<Credential.Credential>,
  apiKey: Option.Option<Redacted.Redacted>
): Either.Either<Selected, SignedOut> => {
  const key = Option.filter(apiKey, (key) => Redacted.value(key).trim() !== "")
  if (Option.isSome(stored) && stored.value.kind === "subscription") {
    return Either.right({
      credential: stored.value,
      source: "store",
      reason: Option.isSome(key)
        ? "a stored ChatGPT sign-in comes before OPENAI_API_KEY"
        : "a ChatGPT sign-in is stored"
    })
  }
  if (Option.isSome(key)) {
    return Either.right({
      credential: Credential.apiKey(key.value),
      source: "environment",
      reason: Option.isSome(stored)
        ? "OPENAI_API_KEY comes before the stored API key"
        : "OPENAI_API_KEY is set and no ChatGPT sign-in is stored"
    })
  }
  return Option.match(stored, {
    onNone: () => Either.left(new SignedOut({ reason: "NeverSignedIn" })),
    onSome: (credential) => Either.right({ credential, source: "store", reason: "an API key is stored" })
  })
}

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*(options: Options) {
  const store = yield* CredentialStore
  return Credentials.of({
    current: Effect.flatMap(store.load, (stored) => select(stored, options.apiKey))
  })
})

/** @since 0.1.0 @category layers */
export const layer = (options: Options): Layer.Layer<Credentials, never, CredentialStore> =>
  Layer.effect(Credentials, make(options))

/** @since 0.1.0 @category layers */
export const layerConfig = (
  options: Config.Config.Wrap<Options> = { apiKey: Config.option(Config.redacted("OPENAI_API_KEY")) }
): Layer.Layer<Credentials, ConfigError, CredentialStore> =>
  Layer.effect(Credentials, Effect.flatMap(Config.unwrap(options), make))
