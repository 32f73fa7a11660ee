import type * as Duration from "effect/Duration"
import type { Account } from "./auth.ts"
import type { IdTokenFault } from "./chatgptTokens.ts"

/** Makes "Sign in with ChatGPT" misbehave, or behave in an unusual way. */
export interface Knobs {
  /** What the person at the browser declines: everything, or the use of the plan only. */
  readonly decline: "nothing" | "all" | "plan"
  /** The account at the browser, or of a refresh, if it is another than usual. */
  readonly account: Account | undefined
  /** Which client id the callback names. */
  readonly callbackClient: "issued" | "omitted" | "dynamic" | "other"
  /** Which issuer the callback names. */
  readonly callbackIssuer: "none" | "own" | "other"
  readonly idToken: IdTokenFault | undefined
  readonly jwksStatus: number
  /** Unless this is 200, every call of the token endpoint gets this status and has no effect. */
  readonly tokenStatus: number
  /** The token endpoint does not know any client. */
  readonly invalidClient: boolean
  readonly revokeStatus: number
  /** The connection is cut instead of an answer, after the new tokens have been issued. */
  readonly lostAnswer: boolean
  /** How far the server's clock is ahead of this machine's clock. */
  readonly ahead: Duration.DurationInput
  readonly tokenDelay: Duration.DurationInput
  /** In seconds. */
  readonly accessTokenLifetime: number
  /** The form in which `earliest_refresh_at` is sent. Where it is `null` or absent, a refresh is never too early. */
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
  callbackIssuer: "none",
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
