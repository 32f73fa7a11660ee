/**
 * The choice of a credential.
 *
 * @internal
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Choice } from "./Choice.ts"
import * as Credential from "./Credential.ts"
import { SignedOut } from "./SignedOut.ts"

/**
 * The chosen credential, where it came from, and one sentence that says why.
 *
 * @since 0.1.0
 * @category models
 */
export interface Selected {
  readonly credential: Credential.Credential
  readonly source: "store" | "environment"
  readonly reason: string
}

/** @since 0.1.0 @category models */
export interface Options {
  /** An API key from outside the store, as a rule from `OPENAI_API_KEY`. */
  readonly apiKey: Option.Option<Redacted.Redacted>
  readonly choice: Choice
}

/**
 * Which credential wins: a stored sign-in, then the API key of the environment, then a stored API key. A sign-in that
 * names no account, may not use the plan, or was ended by the server, is chosen too, and then fails: silently falling
 * back to a key would cost the person money.
 *
 * @since 0.1.0
 * @category selection
 */
export const select = (
  stored: Option.Option<Credential.Stored>,
  options: Options
): Either.Either<Selected, SignedOut> => {
  const chosen = options.choice === "any" ? "" : `only ${options.choice} was asked for`
  const key = Option.filter(options.apiKey, (key) => Redacted.value(key).trim() !== "")
  const hasKey = Option.isSome(key)
  const none = (reason: SignedOut["reason"]) => Either.left(new SignedOut({ reason }))

  const isChosen = options.choice !== "api-key"
  if (isChosen && Option.isSome(stored) && stored.value.kind === "chatgpt_ended") return none(stored.value.reason)
  if (isChosen && Option.isSome(stored) && Credential.isSignIn(stored.value)) {
    if (!Credential.usesPlan(stored.value)) return none("PlanUseOff")
    if (stored.value.kind === "subscription" && Credential.claims(stored.value).accountId === undefined) {
      return none("AccountUnknown")
    }
    const why = hasKey ? "a stored ChatGPT sign-in comes before OPENAI_API_KEY" : "a ChatGPT sign-in is stored"
    return Either.right({ credential: stored.value, source: "store", reason: chosen || why })
  }
  if (options.choice === "chatgpt") return none(hasKey || Option.isSome(stored) ? "ApiKeyRuledOut" : "NoSubscription")
  if (hasKey) {
    const why = Option.isSome(stored)
      ? "OPENAI_API_KEY comes before the stored API key"
      : "OPENAI_API_KEY is set and no ChatGPT sign-in is stored"
    return Either.right({ credential: Credential.apiKey(key.value), source: "environment", reason: chosen || why })
  }
  return Option.isSome(stored) && stored.value.kind === "api_key"
    ? Either.right({ credential: stored.value, source: "store", reason: chosen || "an API key is stored" })
    : none(Option.isSome(stored) ? "SubscriptionRuledOut" : options.choice === "api-key" ? "NoApiKey" : "NeverSignedIn")
}
