/**
 * Signing in with "Sign in with ChatGPT": the server redirects the browser to a port of this machine, or the person
 * pastes the address where it ended.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { Browser } from "../Browser.ts"
import * as Answer from "../BrowserAnswer.ts"
import { CallbackServer } from "../CallbackServer.ts"
import { type ChatGpt, usesPlan } from "../Credential.ts"
import { CredentialStore } from "../CredentialStore.ts"
import { OAuthError } from "../OAuthError.ts"
import * as Pkce from "../Pkce.ts"
import { discard, type Keep, keepNothing, persistently, type SignedIn } from "../SignIn.ts"
import { ChatGptOAuth, newClient } from "./ChatGptOAuth.ts"
import * as Tokens from "./ChatGptTokens.ts"
import { type RegistrationError, Registrations } from "./Registrations.ts"

/** @since 0.1.0 @category models */
export interface Options<E = never, R = never> {
  /** Lines that a person pastes: the whole address where the browser ended, as the client id is in it. */
  readonly pasted?: Stream.Stream<string>
  /** What comes before the browser is told; by default nothing. */
  readonly keep?: Keep<ChatGpt, E, R>
}

/** The saved name and registration of this installation. */
interface Known {
  readonly clientId: string
  readonly subject: string | undefined
  readonly email: string | undefined
  readonly idToken: Redacted.Redacted | undefined
}

/**
 * Shows an address and opens it, waits for the answer, and signs in. By itself, neither saves the sign-in nor changes the
 * present one, but saves the client id that the server has given out before anything can fail. A person who declines the use of
 * the plan is signed in too.
 *
 * @since 0.1.0
 * @category signing in
 */
export const login = <E extends { readonly message: string } = never, R = never>(
  options: Options<E, R> = {}
): Stream.Stream<
  Answer.BrowserState<ChatGpt>,
  OAuthError | RegistrationError | E,
  ChatGptOAuth | Registrations | CredentialStore | CallbackServer | Browser | R
> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const oauth = yield* ChatGptOAuth
    const registrations = yield* Registrations
    const hostId = yield* registrations.hostId
    const before = yield* signedIn(oauth.issuer)
    const known = yield* findKnown(oauth.issuer)
    const server = yield* Effect.flatMap(CallbackServer, ({ listen }) => listen)
    const { challenge, verifier } = yield* Pkce.make
    const state = yield* Pkce.state
    const nonce = yield* Pkce.state
    const { redirectUri } = server

    const conclude = Effect.fnUntraced(function*(query: URLSearchParams) {
      const { clientId, code } = yield* readAnswer(query, oauth.issuer, known)
      const client = { issuer: oauth.issuer, client_id: clientId }
      // Another sign-in may have ended meanwhile.
      const knownNow = yield* findKnown(oauth.issuer)
      // Saved before the code is used, so that no person is registered twice if the exchange fails.
      yield* registrations.keep({ ...client, subject: null, email: null })
      const grant = { code: Redacted.make(code), verifier, redirectUri }
      const answer = yield* persistently(oauth.exchange(clientId, grant))
      const { at, tokens } = answer
      const accept = Effect.gen(function*() {
        const identity = yield* persistently(oauth.identify(tokens.id_token, { clientId, nonce, at }))
        yield* Effect.all([checkSubject(identity.subject, known), checkSubject(identity.subject, knownNow)])
        yield* registrations.keep({ ...client, subject: identity.subject, email: identity.email ?? null })
        const now = yield* DateTime.now
        const credential = Tokens.toCredential(answer, identity, { issuer: oauth.issuer, clientId }, now)
        const done: SignedIn<ChatGpt> = { _tag: "SignedIn", credential }
        return done
      })
      const revoke = oauth.revoke({ ...client, refresh_token: tokens.refresh_token })
      return yield* Effect.onError(accept, () => discard(revoke))
    })

    return yield* Answer.wait<
      ChatGpt,
      OAuthError | RegistrationError | E,
      ChatGptOAuth | Registrations | CredentialStore | R
    >({
      server,
      url: oauth.authorizeUrl({
        hostId,
        client: known,
        // A person who signs in again after declining the plan wants to be asked again.
        wantsConsent: Option.exists(before, (credential) => !usesPlan(credential)),
        redirectUri,
        state,
        nonce,
        challenge
      }),
      state,
      pasted: options.pasted ?? Stream.empty,
      read: (line) =>
        Option.filter(
          Answer.queryOf(line),
          (query) => query.has("state") && (Option.isSome(known) || query.has("client_id") || query.has("error"))
        ),
      conclude,
      keep: options.keep ?? keepNothing
    })
  }))

/** Reads the registrations in any case: what is wrong with them has to be told before the person signs in. */
const findKnown = (issuer: string) =>
  Effect.zipWith(
    signedIn(issuer),
    registered(issuer),
    (stored, registered) => Option.orElse(Option.map(stored, knownFrom), () => registered)
  )

/** An unreadable store counts as empty: the new sign-in replaces it. */
const signedIn = (issuer: string): Effect.Effect<Option.Option<ChatGpt>, never, CredentialStore> =>
  CredentialStore.pipe(
    Effect.flatMap(({ load }) => load),
    Effect.map(Option.filter((stored) => stored.kind === "chatgpt")),
    Effect.map(Option.filter((stored) => stored.issuer === issuer)),
    Effect.orElseSucceed(() => Option.none<ChatGpt>())
  )

const knownFrom = ({ client_id, email, id_token, subject }: ChatGpt): Known => ({
  clientId: client_id,
  subject,
  email: email ?? undefined,
  idToken: id_token
})

const registered = Effect.fnUntraced(function*(issuer: string) {
  const { find } = yield* Registrations
  return Option.map(yield* find(issuer), ({ client_id, email, subject }): Known => ({
    clientId: client_id,
    subject: subject ?? undefined,
    email: email ?? undefined,
    idToken: undefined
  }))
})

/** The code, and the client it is for. The caller has checked the state. */
const readAnswer = Effect.fnUntraced(function*(query: URLSearchParams, issuer: string, known: Option.Option<Known>) {
  if (query.has("iss") && !Answer.isOnly(query, "iss", issuer)) {
    return yield* new OAuthError({ reason: "Protocol", detail: "the answer comes from another server" })
  }
  const code = yield* Answer.codeOf(query, otherWay)
  return { code, clientId: yield* clientOf(query, known) }
})

const clientOf = (query: URLSearchParams, known: Option.Option<Known>): Either.Either<string, OAuthError> => {
  const [named = "", ...more] = query.getAll("client_id")
  const refuse = (reason: "Protocol" | "OtherAccount", detail: string) =>
    Either.left(new OAuthError({ reason, detail }))
  if (more.length > 0) return refuse("Protocol", "it names more than one client")
  if (Option.isSome(known)) {
    return named === "" || named === known.value.clientId
      ? Either.right(known.value.clientId)
      : refuse("OtherAccount", storedIs(known.value))
  }
  return named === "" || named === newClient
    ? refuse("Protocol", "it names no client id; start again with `effixir login --chatgpt`")
    : Either.right(named)
}

const checkSubject = (subject: string, known: Option.Option<Known>): Either.Either<void, OAuthError> =>
  Option.isSome(known) && known.value.subject !== undefined && known.value.subject !== subject
    ? Either.left(new OAuthError({ reason: "OtherAccount", detail: storedIs(known.value) }))
    : Either.void

const storedIs = ({ email }: Known): string =>
  `the profile is for ${email ?? "somebody else"}; for another account, use a profile of its own: ` +
  "`effixir login --chatgpt --profile NAME`"

const otherWay = "if it goes on, use `effixir login --device`"
