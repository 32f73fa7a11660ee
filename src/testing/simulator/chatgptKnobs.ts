import type * as Duration from "effect/Duration"
import type { Account } from "./auth.ts"
import type { IdTokenFault } from "./chatgptTokens.ts"

/** What "Sign in with ChatGPT" does otherwise than it should, or than it does on most days. */
export interface Knobs {
  /** What the person at the browser declines: everything, or the use of the plan only. */
  readonly decline: "nothing" | "all" | "plan"
  /** Who is at the browser, or whom a refresh is for, if that is somebody else. */
  readonly account: Account | undefined
  /** Which client id the callback names. */
  readonly callbackClient: "issued" | "omitted" | "dynamic" | "other"
  readonly idToken: IdTokenFault | undefined
  readonly jwksStatus: number
  /** Every call of the token endpoint is answered so, and has no effect, unless this is 200. */
  readonly tokenStatus: number
  /** The token endpoint does not know any client. */
  readonly invalidClient: boolean
  readonly revokeStatus: number
  /** The connection is cut in the place of an answer, when the tokens have changed hands. */
  readonly lostAnswer: boolean
  /** How far the clock of the server is ahead of that of this machine. */
  readonly ahead: Duration.DurationInput
  readonly tokenDelay: Duration.DurationInput
  /** In seconds. */
  readonly accessTokenLifetime: number
  /** In which form `earliest_refresh_at` is told. Where it is `null` or absent, a refresh is never too early. */
  readonly earliest: "seconds" | "milliseconds" | "text" | "iso" | "none" | "absent"
  /** Whether a refresh that comes too early costs the token. */
  readonly earlySpends: boolean
  /** Of a refresh. */
  readonly omitScope: boolean
  /** Of a refresh. */
  readonly omitIdToken: boolean
}

export const normal: Knobs = {
  decline: "nothing",
  account: undefined,
  callbackClient: "issued",
  idToken: undefined,
  jwksStatus: 200,
  tokenStatus: 200,
  invalidClient: false,
  revokeStatus: 200,
  lostAnswer: false,
  ahead: 0,
  tokenDelay: 0,
  accessTokenLifetime: 3600,
  earliest: "seconds",
  earlySpends: true,
  omitScope: false,
  omitIdToken: false
}
