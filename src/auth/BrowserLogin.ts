/**
 * Signing in with the browser of this machine, which brings its answer to a port of this machine; or with what a person
 * copies from the address bar when it cannot.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { Browser } from "./Browser.ts"
import { type Callback, CallbackServer, type Listening, type Page } from "./CallbackServer.ts"
import { type Grant, OAuth } from "./OAuth.ts"
import { presentable, reasonOf } from "./OAuthAnswer.ts"
import { OAuthError } from "./OAuthError.ts"
import * as Pkce from "./Pkce.ts"
import { redeem, type SignedIn } from "./SignIn.ts"

/**
 * The browser has to go to `url` now.
 *
 * @since 0.1.0
 * @category models
 */
export interface UrlShown {
  readonly _tag: "UrlShown"
  readonly url: string
}

/**
 * What a person has pasted is not the answer that is waited for: it answers another sign-in, or it is no answer at all.
 *
 * @since 0.1.0
 * @category models
 */
export interface PasteRefused {
  readonly _tag: "PasteRefused"
  readonly problem: "AnotherSignIn" | "NoAnswer"
}

/** @since 0.1.0 @category models */
export type BrowserState = UrlShown | PasteRefused | SignedIn

/** @since 0.1.0 @category models */
export interface Options {
  /** Lines that a person pastes: the address the browser ended at, its query, or `code#state`. */
  readonly pasted?: Stream.Stream<string>
}

/**
 * Shows an address and opens it, waits for the answer, and signs in. Saves nothing. A pasted line that is not the answer
 * uses nothing up: the person hears of it, and may paste again.
 *
 * @since 0.1.0
 * @category signing in
 */
export const login = (
  options: Options = {}
): Stream.Stream<BrowserState, OAuthError, OAuth | CallbackServer | Browser> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const oauth = yield* OAuth
    const browser = yield* Browser
    const server = yield* Effect.flatMap(CallbackServer, ({ listen }) => listen)
    const { challenge, verifier } = yield* Pkce.make
    const state = yield* Pkce.state
    const { redirectUri } = server
    const url = oauth.authorizeUrl({ redirectUri, state, challenge })
    const grant = (code: string): Grant => ({ code: Redacted.make(code), verifier, redirectUri })

    const answer = yield* Deferred.make<Callback>()
    const refused = yield* Queue.unbounded<PasteRefused>()
    yield* Effect.forkScoped(receive(server, state, answer))
    yield* Effect.forkScoped(browser.open(url))
    yield* Effect.forkScoped(readPasted(options.pasted ?? Stream.empty, state, answer, refused))
    const shown: UrlShown = { _tag: "UrlShown", url }
    const signedIn = Effect.flatMap(Deferred.await(answer), (callback) => conclude(callback, grant))
    const waiting = Stream.merge(Stream.fromQueue(refused), Stream.fromEffect(signedIn), { haltStrategy: "right" })
    return Stream.concat(Stream.make(shown), waiting)
  }))

/** The browser waits for its page until it is known how the sign-in ends. */
const conclude = Effect.fnUntraced(function*({ query, reply }: Callback, grant: (code: string) => Grant) {
  const outcome = yield* Effect.flatMap(answerOf(query), (code) => redeem(grant(code))).pipe(
    Effect.onInterrupt(() => reply(stoppedPage)),
    Effect.either
  )
  yield* reply(outcome._tag === "Right" ? successPage : errorPage(outcome.left.message))
  return yield* outcome
})

/** The first visit with our state is the answer. Whoever else comes is sent away and uses nothing up. */
const receive = (server: Listening, state: string, answer: Deferred.Deferred<Callback>) =>
  Effect.forever(Effect.gen(function*() {
    const callback = yield* server.next
    if (callback.query.get("state") !== state) return yield* callback.reply(mismatchPage)
    const isFirst = yield* Deferred.succeed(answer, callback)
    if (!isFirst) yield* callback.reply(underWayPage)
  }))

/** The first line that answers this sign-in is the answer. No browser waits for a page then. */
const readPasted = (
  pasted: Stream.Stream<string>,
  state: string,
  answer: Deferred.Deferred<Callback>,
  refused: Queue.Enqueue<PasteRefused>
): Effect.Effect<void> =>
  pasted.pipe(
    Stream.filter((line) => line.trim() !== ""),
    Stream.runForEach((line) => {
      const query = Option.getOrUndefined(queryOf(line))
      if (query === undefined) return Queue.offer(refused, { _tag: "PasteRefused", problem: "NoAnswer" })
      return (query.get("state") ?? state) === state
        ? Deferred.succeed(answer, { query, reply: () => Effect.void })
        : Queue.offer(refused, { _tag: "PasteRefused", problem: "AnotherSignIn" })
    })
  )

const queryOf = (line: string): Option.Option<ReadonlyMap<string, string>> => {
  const text = line.trim()
  const bare = /^([^\s#?&=/]+)#([^\s#?&=/]+)$/.exec(text)
  const query = bare === null
    // A browser may have put a fragment behind the query.
    ? new Map(new URLSearchParams(text.replace(/^[^?]*\?/, "").replace(/#.*$/, "")))
    : new Map([["code", bare[1] ?? ""], ["state", bare[2] ?? ""]])
  return query.has("code") || query.has("error") ? Option.some(query) : Option.none()
}

/** The code, or what the server says instead of one. */
const answerOf = (query: ReadonlyMap<string, string>): Effect.Effect<string, OAuthError> => {
  const error = query.get("error")
  if (error !== undefined) {
    const said = presentable(query.get("error_description") ?? "")
    const reason = reasonOf({ code: error.toLowerCase(), said }) ?? "Protocol"
    const detail = said || presentable(error)
    return new OAuthError({ reason, detail: reason === "Transport" ? `${detail}; ${otherWay}` : detail })
  }
  const code = query.get("code")
  return code === undefined || code === ""
    ? new OAuthError({ reason: "Protocol", detail: "it brought no code" })
    : Effect.succeed(code)
}

/** The person has come this far: the code of the other way may get past a part of the server that is in trouble. */
const otherWay = "if it goes on, use `effixir login --device`"

/** Plain pages: nothing is loaded from anywhere, and the code is taken out of the address bar. */
const page = (status: number, title: string, text: string): Page => ({
  status,
  html: `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>${escape(title)}</title>
<style>
  body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 20vh auto 0; padding: 0 1rem }
  @media (prefers-color-scheme: dark) { body { background: #111; color: #eee } }
</style>
<h1>${escape(title)}</h1>
<p>${escape(text)}</p>
<script>history.replaceState(null, "", location.pathname)</script>
</html>
`
})

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\"", "&quot;")

const successPage = page(200, "You are signed in", "effixir goes on in the terminal. You may close this tab.")
const mismatchPage = page(400, "State mismatch", "This answer belongs to another sign-in. Start again in the terminal.")
const underWayPage = page(200, "The sign-in is under way", "effixir goes on in the terminal. You may close this tab.")
const stoppedPage = page(200, "The sign-in was stopped", "Start again in the terminal. You may close this tab.")
const errorPage = (message: string): Page => page(400, "The sign-in did not work", message)
