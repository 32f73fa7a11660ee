/**
 * The error that only a new sign-in can fix.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * - `NeverSignedIn` there is no credential
 * - `NoSubscription` there is no credential, and only a ChatGPT sign-in was asked for
 * - `NoApiKey` there is no credential, and only an API key was asked for
 * - `ApiKeyRuledOut` there is an API key, and only a ChatGPT sign-in was asked for
 * - `SubscriptionRuledOut` there is a ChatGPT sign-in, and only an API key was asked for
 * - `AccountUnknown` there is a ChatGPT sign-in that does not say for which account
 * - `RefreshTokenExpired`, `RefreshTokenReused`, `RefreshTokenRevoked` the sign-in is over for good
 * - `AccessTokenRefused` the server refuses the access token, and it is too early to ask for another
 * - `IdentityRefused` the tokens of a refresh are not for the account that was signed in
 * - `PlanUseOff` there is a ChatGPT sign-in, and its person has not agreed to the use of the plan
 * - `AccountChanged` another account was signed in meanwhile
 *
 * @since 0.1.0
 * @category models
 */
export const Reason = Schema.Literal(
  "NeverSignedIn",
  "NoSubscription",
  "NoApiKey",
  "ApiKeyRuledOut",
  "SubscriptionRuledOut",
  "AccountUnknown",
  "RefreshTokenExpired",
  "RefreshTokenReused",
  "RefreshTokenRevoked",
  "AccessTokenRefused",
  "IdentityRefused",
  "PlanUseOff",
  "AccountChanged"
)

/**
 * Nobody is signed in, or the sign-in is over for good.
 *
 * @since 0.1.0
 * @category errors
 */
export class SignedOut extends Schema.TaggedError<SignedOut>("effixir/auth/SignedOut")("SignedOut", {
  reason: Reason,
  /** The server's error code, if any: a 401 without one may come from a machine in front of the server. */
  code: Schema.optional(Schema.String),
  /** What the operators of the server find the refused request by. */
  requestId: Schema.optional(Schema.String)
}) {
  override get message(): string {
    return sentence(this.reason) + (this.requestId === undefined ? "" : ` (request ${this.requestId})`)
  }
}

const sentence = (reason: typeof Reason.Type): string => {
  switch (reason) {
    case "NeverSignedIn":
      return "You are not signed in: run `effixir login` to use your ChatGPT plan, or set OPENAI_API_KEY"
    case "NoSubscription":
      return "There is no ChatGPT sign-in, and --auth chatgpt (or EFFIXIR_AUTH) asks for one: run `effixir login`"
    case "NoApiKey":
      return "There is no API key, and --auth api-key (or EFFIXIR_AUTH) asks for one: set OPENAI_API_KEY, or store " +
        "one with `effixir login --with-api-key`"
    case "ApiKeyRuledOut":
      return "There is an API key, but --auth chatgpt (or EFFIXIR_AUTH) rules it out: run `effixir login` to use " +
        "your ChatGPT plan, or leave that choice away"
    case "SubscriptionRuledOut":
      return "There is a ChatGPT sign-in, but --auth api-key (or EFFIXIR_AUTH) rules it out: set OPENAI_API_KEY, or " +
        "leave that choice away"
    case "AccountUnknown":
      return "The ChatGPT sign-in does not say for which account it is, which the server wants to know: run " +
        "`effixir login` again"
    case "RefreshTokenExpired":
      return "Your sign-in has expired: run `effixir login` again, or use OPENAI_API_KEY with `--auth api-key`"
    case "RefreshTokenReused":
      return "Your sign-in was used up by another program that shares it: run `effixir login` again, or use " +
        "OPENAI_API_KEY with `--auth api-key`"
    case "RefreshTokenRevoked":
      return "Your sign-in was ended at the server: run `effixir login` again, or use OPENAI_API_KEY with `--auth api-key`"
    case "AccessTokenRefused":
      return "The server refuses your ChatGPT sign-in, and it is too early to renew it: run `effixir login --chatgpt` " +
        "again, or wait some minutes"
    case "IdentityRefused":
      return "The renewed ChatGPT sign-in is not of the account that was signed in, and is not used: run " +
        "`effixir login --chatgpt` again"
    case "PlanUseOff":
      return "You are signed in with ChatGPT, but not for the use of your plan: run `effixir login --chatgpt` to allow " +
        "it, or use another way: `effixir login --device`, or OPENAI_API_KEY with `--auth api-key`"
    case "AccountChanged":
      return "Another account was signed in to meanwhile: run the command again to go on with that one"
  }
}

/**
 * The same error, which came of the refusal of a request.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Responses, SignedOut } from "effixir"
 * import type { Request } from "effixir"
 *
 * const ask = (request: Request.Request) =>
 *   Effect.mapError(Responses.complete(request), SignedOut.ofRequest("req_1"))
 * ```
 *
 * @since 0.1.0
 * @category combining
 */
export const ofRequest =
  (requestId: string | undefined) => <E extends { readonly _tag: string }>(error: E): E | SignedOut =>
    error instanceof SignedOut && requestId !== undefined ? new SignedOut({ ...error, requestId }) : error
