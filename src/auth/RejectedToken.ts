/**
 * The note in the store that the server has rejected a refresh token of the Codex client for good, so that other processes need not ask it
 * as well.
 *
 * A note never blocks a good token: it names the refresh token that it is about, so it does not affect a new sign-in,
 * and it expires after an hour, in case the server was wrong, or not the right one.
 *
 * @internal
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { base64url } from "jose"
import type { Subscription } from "./Credential.ts"
import { Reason, SignedOut } from "./SignedOut.ts"

const Note = Schema.Struct({
  /** The beginning of the SHA-256 of the refresh token. */
  token: Schema.String,
  reason: Reason,
  /** ISO 8601. */
  at: Schema.DateTimeUtc
})

const lifetime = Duration.hours(1)

/** Notes a rejection beside the token that it is about. */
export const mark = Effect.fnUntraced(function*(credential: Subscription, error: SignedOut) {
  const note = { token: yield* nameOf(credential), reason: error.reason, at: yield* DateTime.now }
  const marked: Subscription = { ...credential, refused: encode(note) }
  return marked
})

/** The noted rejection of the refresh token, if there is one. */
export const of = Effect.fnUntraced(function*(credential: Subscription) {
  const note = decode(credential.refused)
  if (Option.isNone(note) || note.value.token !== (yield* nameOf(credential))) return Option.none<SignedOut>()
  const now = yield* DateTime.now
  return DateTime.between(now, {
      minimum: note.value.at,
      maximum: DateTime.addDuration(note.value.at, lifetime)
    })
    ? Option.some(new SignedOut({ reason: note.value.reason }))
    : Option.none<SignedOut>()
})

const encode = Schema.encodeSync(Note)
const decode = Schema.decodeUnknownOption(Note)

const nameOf = ({ refresh_token }: Subscription): Effect.Effect<string> =>
  Effect.promise(async () => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(Redacted.value(refresh_token)))
    return base64url.encode(new Uint8Array(digest)).slice(0, 16)
  })
