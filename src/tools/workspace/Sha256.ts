/**
 * Digests of contents, in hexadecimal digits.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"

export const of = (bytes: Uint8Array): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", new Uint8Array(bytes))),
    (hash) => Encoding.encodeHex(new Uint8Array(hash))
  )

export const ofText = (text: string): Effect.Effect<string> => of(encoder.encode(text))

const encoder = new TextEncoder()
