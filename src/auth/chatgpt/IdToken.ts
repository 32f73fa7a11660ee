/**
 * Whether an id token is genuine, and whom it names.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from "jose"
import { OAuthError } from "../OAuthError.ts"

/**
 * Who has signed in, for a client.
 *
 * @since 0.1.0
 * @category models
 */
export interface Identity {
  readonly subject: string
  readonly email: string | undefined
}

/**
 * What an id token has to contain.
 *
 * - `nonce` the one of the authorization; a refresh has none
 * - `at` the time to compare it with, in milliseconds: that of the server, as this machine may be hours off
 *
 * @since 0.1.0
 * @category models
 */
export interface Expected {
  readonly issuer: string
  readonly clientId: string
  readonly nonce?: string | undefined
  readonly at: number
}

/** In seconds. */
const tolerance = 5

/**
 * Verifies the signature with the keys of the issuer (RS256 and nothing else), and every claim that ties the token to
 * this sign-in.
 *
 * @since 0.1.0
 * @category verifying
 */
export const verify: (
  token: Redacted.Redacted,
  keys: JWTVerifyGetKey,
  expected: Expected
) => Effect.Effect<Identity, OAuthError | errors.JWKSNoMatchingKey> = Effect.fnUntraced(
  function*(token, keys, expected) {
    const { payload } = yield* Effect.tryPromise({
      try: () =>
        jwtVerify(Redacted.value(token), keys, {
          algorithms: ["RS256"],
          issuer: expected.issuer,
          audience: expected.clientId,
          currentDate: new Date(expected.at),
          clockTolerance: tolerance,
          requiredClaims: ["exp", "iat", "sub"]
        }),
      catch: (cause) => cause instanceof errors.JWKSNoMatchingKey ? cause : refused(problemOf(cause))
    })
    return yield* Either.mapLeft(identityOf(payload, expected), refused)
  }
)

const identityOf = (payload: JWTPayload, { at, clientId, nonce }: Expected): Either.Either<Identity, string> => {
  const { aud, azp, email, iat = 0, sub = "" } = payload
  if (iat > at / 1000 + tolerance) return Either.left("it is from the future")
  // A token with further audiences has to name this client as the one that requested it.
  if (azp === undefined ? Array.isArray(aud) && aud.length > 1 : azp !== clientId) {
    return Either.left("it is for another client")
  }
  if (nonce !== undefined && payload["nonce"] !== nonce) return Either.left("it belongs to another sign-in")
  if (sub === "") return Either.left("it names nobody")
  return Either.right({ subject: sub, email: Predicate.isString(email) && email !== "" ? email : undefined })
}

/** Never quotes the token. */
const problemOf = (cause: unknown): string => {
  if (cause instanceof errors.JWTExpired) return "it has expired"
  if (cause instanceof errors.JWTClaimValidationFailed) return problems[cause.claim] ?? "a claim in it is wrong"
  if (cause instanceof errors.JWSSignatureVerificationFailed) return "its signature is wrong"
  if (cause instanceof errors.JOSEAlgNotAllowed) return "it is signed in another way than RS256"
  return "it is no token that can be read"
}

const problems: { readonly [claim: string]: string } = {
  iss: "it is from another issuer",
  aud: "it is for another client",
  sub: "it names nobody",
  nbf: "it is from the future"
}

const refused = (problem: string): OAuthError =>
  new OAuthError({ reason: "Identity", detail: `the id token was not accepted, as ${problem}` })
