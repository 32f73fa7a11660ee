/**
 * Listens on a port of this machine, where the browser brings the answer of a sign-in.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { OAuthError } from "./OAuthError.ts"

/**
 * What a browser shows.
 *
 * @since 0.1.0
 * @category models
 */
export interface Page {
  readonly status: number
  readonly html: string
}

/**
 * One visit of a browser, which waits for its page.
 *
 * @since 0.1.0
 * @category models
 */
export interface Callback {
  readonly query: URLSearchParams
  /** Returns when the page is sent. */
  readonly reply: (page: Page) => Effect.Effect<void>
}

/**
 * A listening server. It answers paths other than the callback by itself.
 *
 * @since 0.1.0
 * @category models
 */
export interface Listening {
  /**
   * The redirect URI for the authorize URL: `http://localhost:…/auth/callback`, or the same with a number for the name.
   */
  readonly redirectUri: string
  /** The next visit. */
  readonly next: Effect.Effect<Callback>
}

/** @since 0.1.0 @category services */
export class CallbackServer extends Context.Tag("effixir/auth/CallbackServer")<CallbackServer, {
  /** Listens on the loopback addresses until the Scope closes; the port is free again then. */
  readonly listen: Effect.Effect<Listening, OAuthError, Scope.Scope>
}>() {}
