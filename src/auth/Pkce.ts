/**
 * Proves that the program that redeems a code also asked for it (RFC 7636), and makes the state that ties an answer to
 * its request.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { base64url } from "jose"

/**
 * A secret, and the SHA-256 of it that may be shown.
 *
 * @since 0.1.0
 * @category models
 */
export interface Pkce {
  readonly verifier: Redacted.Redacted
  readonly challenge: string
}

/**
 * A new pair: 64 random bytes, and method S256.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Pkce> = Effect.promise(async () => {
  const verifier = random(64)
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))
  return { verifier: Redacted.make(verifier), challenge: base64url.encode(new Uint8Array(digest)) }
})

/**
 * A new state: 32 random bytes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const state: Effect.Effect<string> = Effect.sync(() => random(32))

const random = (bytes: number): string => base64url.encode(crypto.getRandomValues(new Uint8Array(bytes)))
