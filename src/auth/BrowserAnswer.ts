/**
 * Waits for the answer to a sign-in in the browser: it comes to a port of this machine, or the person pastes it from
 * the address bar.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Browser } from "./Browser.ts"
import * as Pages from "./BrowserPages.ts"
import type { Callback, Listening } from "./CallbackServer.ts"
import { type SignIn, usesPlan } from "./Credential.ts"
import { presentable, reasonOf } from "./OAuthAnswer.ts"
import { OAuthError } from "./OAuthError.ts"
import type { Keep, SignedIn } from "./SignIn.ts"

/**
 * The browser has to go to `url` now, and comes back to `redirectUri`.
 *
 * @since 0.1.0
 * @category models
 */
export interface UrlShown {
  readonly _tag: "UrlShown"
  readonly url: string
  readonly redirectUri: string
}

/**
 * The pasted text is not the expected answer: it belongs to another sign-in, or is no answer at all.
 *
 * @since 0.1.0
 * @category models
 */
export interface PasteRefused {
  readonly _tag: "PasteRefused"
  readonly problem: "AnotherSignIn" | "NoAnswer"
}

/** @since 0.1.0 @category models */
export type BrowserState<A extends SignIn> = UrlShown | PasteRefused | SignedIn<A>

/**
 * - `read` the query that a pasted line holds, if it is an answer
 * - `conclude` signs in with the query that has the right state
 * - `keep` comes between that and the page that tells of it
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<A extends SignIn, E, R> {
  readonly server: Listening
  readonly url: string
  readonly state: string
  readonly pasted: Stream.Stream<string>
  readonly read: (line: string) => Option.Option<URLSearchParams>
  readonly conclude: (query: URLSearchParams) => Effect.Effect<SignedIn<A>, E, R>
  readonly keep: Keep<A, E, R>
}

/**
 * Shows the address and opens it, waits for the answer, and signs in. A pasted line that is not the answer does no
 * harm: the person is told, and may paste again.
 *
 * @since 0.1.0
 * @category signing in
 */
export const wait = Effect.fnUntraced(function*<A extends SignIn, E extends { readonly message: string }, R>(
  options: Options<A, E, R>
) {
  const { server, url } = options
  const browser = yield* Browser
  const answer = yield* Deferred.make<Callback>()
  const refused = yield* Queue.unbounded<PasteRefused>()
  yield* Effect.forkScoped(receive(options, answer))
  yield* Effect.forkScoped(browser.open(url))
  yield* Effect.forkScoped(readPasted(options, answer, refused))
  const shown: UrlShown = { _tag: "UrlShown", url, redirectUri: server.redirectUri }
  const signedIn = Effect.flatMap(Deferred.await(answer), (callback) => finish(callback, options))
  const waiting = Stream.merge(Stream.fromQueue(refused), Stream.fromEffect(signedIn), { haltStrategy: "right" })
  const states: Stream.Stream<BrowserState<A>, E, R> = Stream.concat(Stream.make(shown), waiting)
  return states
})

/** Answers the browser only when the result of the sign-in is known, and kept. */
const finish = Effect.fnUntraced(function*<A extends SignIn, E extends { readonly message: string }, R>(
  { query, reply }: Callback,
  { conclude, keep }: Pick<Options<A, E, R>, "conclude" | "keep">
) {
  let page = Pages.stopped
  const outcome = yield* conclude(query).pipe(
    Effect.tap(({ credential }) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.map(restore(keep(credential)), () => page = usesPlan(credential) ? Pages.success : Pages.withoutPlan)
      )
    ),
    Effect.onInterrupt(() => reply(page)),
    Effect.either
  )
  yield* reply(outcome._tag === "Left" ? Pages.failed(outcome.left.message) : page)
  return yield* outcome
})

/** The first visit with our state is the answer. Other visits get an error page and do no harm. */
const receive = (
  { server, state }: { readonly server: Listening; readonly state: string },
  answer: Deferred.Deferred<Callback>
): Effect.Effect<never, never, Scope.Scope> =>
  Effect.forever(Effect.gen(function*() {
    const callback = yield* server.next
    if (!isOnly(callback.query, "state", state)) return yield* callback.reply(Pages.mismatch)
    const isFirst = yield* Deferred.succeed(answer, callback)
    if (!isFirst) yield* callback.reply(Pages.underWay)
  }))

/** The first line that answers this sign-in is the answer. In this case no browser waits for a page. */
const readPasted = (
  { pasted, read, state }: {
    readonly pasted: Stream.Stream<string>
    readonly read: (line: string) => Option.Option<URLSearchParams>
    readonly state: string
  },
  answer: Deferred.Deferred<Callback>,
  refused: Queue.Enqueue<PasteRefused>
): Effect.Effect<void> =>
  pasted.pipe(
    Stream.filter((line) => line.trim() !== ""),
    Stream.runForEach((line) => {
      const query = Option.getOrUndefined(read(line.trim()))
      if (query === undefined) return Queue.offer(refused, { _tag: "PasteRefused", problem: "NoAnswer" })
      return !query.has("state") || isOnly(query, "state", state)
        ? Deferred.succeed(answer, { query, reply: () => Effect.void })
        : Queue.offer(refused, { _tag: "PasteRefused", problem: "AnotherSignIn" })
    })
  )

/**
 * Whether a query has a name exactly once, with this value. A repeated name would be ambiguous.
 *
 * @since 0.1.0
 * @category reading
 */
export const isOnly = (query: URLSearchParams, name: string, value: string): boolean => {
  const values = query.getAll(name)
  return values.length === 1 && values[0] === value
}

/**
 * The query of an address, or of the part after its question mark, if it is an answer.
 *
 * @since 0.1.0
 * @category reading
 */
export const queryOf = (text: string): Option.Option<URLSearchParams> => {
  // A browser may have put a fragment behind the query.
  const query = new URLSearchParams(text.replace(/^[^?]*\?/, "").replace(/#.*$/, ""))
  return query.has("code") || query.has("error") ? Option.some(query) : Option.none()
}

/**
 * The code, or the error that the server sent instead. `otherWay` is the advice for a failing server.
 *
 * @since 0.1.0
 * @category reading
 */
export const codeOf = (query: URLSearchParams, otherWay: string): Effect.Effect<string, OAuthError> => {
  const error = query.get("error")
  if (error !== null) {
    const said = presentable(query.get("error_description") ?? "")
    const reason = reasonOf({ code: error.toLowerCase(), said }) ?? "Protocol"
    const detail = said || presentable(error)
    return new OAuthError({ reason, detail: reason === "Transport" ? `${detail}; ${otherWay}` : detail })
  }
  const codes = query.getAll("code").filter((code) => code !== "")
  if (codes.length > 1) return new OAuthError({ reason: "Protocol", detail: "it brought more than one code" })
  return codes[0] === undefined
    ? new OAuthError({ reason: "Protocol", detail: "it brought no code" })
    : Effect.succeed(codes[0])
}
