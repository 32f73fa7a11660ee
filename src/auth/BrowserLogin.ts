/**
 * Signing in as the Codex client with the browser of this machine, which brings the answer to a port of this machine.
 * If it cannot, the person pastes the address from the address bar.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { Browser } from "./Browser.ts"
import * as Answer from "./BrowserAnswer.ts"
import { CallbackServer } from "./CallbackServer.ts"
import type { Subscription } from "./Credential.ts"
import { OAuth } from "./OAuth.ts"
import type { OAuthError } from "./OAuthError.ts"
import * as Pkce from "./Pkce.ts"
import { type Keep, keepNothing, redeem } from "./SignIn.ts"

/** @since 0.1.0 @category models */
export interface Options<E = never, R = never> {
  /** Lines that a person pastes: the address the browser ended at, its query, or `code#state`. */
  readonly pasted?: Stream.Stream<string>
  /** What comes before the browser is told; by default nothing. */
  readonly keep?: Keep<Subscription, E, R>
}

/**
 * Shows an address and opens it, waits for the answer, and signs in. Saves nothing by itself. A pasted line that is not the
 * answer does no harm: the person is told, and may paste again.
 *
 * @example
 * ```ts
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Stream from "effect/Stream"
 * import { BrowserLogin } from "effixir"
 * import { NodeBrowser, NodeCallbackServer } from "effixir/node"
 *
 * const signIn = BrowserLogin.login().pipe(
 *   Stream.runForEach((state) => Console.log(state._tag)),
 *   Effect.provide(Layer.merge(NodeBrowser.layer, NodeCallbackServer.layer()))
 * )
 * ```
 *
 * @since 0.1.0
 * @category signing in
 */
export const login = <E extends { readonly message: string } = never, R = never>(
  options: Options<E, R> = {}
): Stream.Stream<Answer.BrowserState<Subscription>, OAuthError | E, OAuth | CallbackServer | Browser | R> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const oauth = yield* OAuth
    const server = yield* Effect.flatMap(CallbackServer, ({ listen }) => listen)
    const { challenge, verifier } = yield* Pkce.make
    const state = yield* Pkce.state
    const { redirectUri } = server
    return yield* Answer.wait<Subscription, OAuthError | E, OAuth | R>({
      server,
      url: oauth.authorizeUrl({ redirectUri, state, challenge }),
      state,
      pasted: options.pasted ?? Stream.empty,
      read,
      conclude: (query) =>
        Effect.flatMap(
          Answer.codeOf(query, otherWay),
          (code) => redeem({ code: Redacted.make(code), verifier, redirectUri })
        ),
      keep: options.keep ?? keepNothing
    })
  }))

const read = (text: string): Option.Option<URLSearchParams> => {
  const [, code, state] = /^([^\s#?&=/]+)#([^\s#?&=/]+)$/.exec(text) ?? []
  return code === undefined || state === undefined
    ? Answer.queryOf(text)
    : Option.some(new URLSearchParams({ code, state }))
}

/**
 * The person has finished in the browser, so perhaps only a part of the server fails: a sign-in with a code may avoid
 * it.
 */
const otherWay = "if it goes on, use `effixir login --device`"
