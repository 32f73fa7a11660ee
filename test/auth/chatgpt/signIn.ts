import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as Browser from "../../../src/auth/Browser.ts"
import * as ChatGptLogin from "../../../src/auth/chatgpt/ChatGptLogin.ts"
import * as ChatGptOAuth from "../../../src/auth/chatgpt/ChatGptOAuth.ts"
import * as Registrations from "../../../src/auth/chatgpt/Registrations.ts"
import type { ChatGpt } from "../../../src/auth/Credential.ts"
import * as CredentialStore from "../../../src/auth/CredentialStore.ts"
import * as NodeCallbackServer from "../../../src/node/auth/NodeCallbackServer.ts"
import { type Knobs, layer as simulatorLayer, OpenAiSimulator } from "../../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../../src/testing/Script.ts"

/** An installation beside its own simulator. Nothing is stored, and any port will do. */
export const installation = (knobs: Partial<Knobs> = {}) =>
  Layer.unwrapEffect(Effect.map(OpenAiSimulator, ChatGptOAuth.layer)).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.merge(Browser.layerNoop),
    Layer.merge(NodeCallbackServer.layer({ ports: [0], hostname: "127.0.0.1" })),
    Layer.merge(Registrations.layerMemory),
    Layer.merge(CredentialStore.layerMemory()),
    Layer.provideMerge(simulatorLayer({ script: Script.fromTurns([]), autoApprove: true, knobs }))
  )

/** A sign-in that has shown its address, what may be pasted, and how it ends. */
export const begin = Effect.gen(function*() {
  const pasted = yield* Queue.unbounded<string>()
  const shown = yield* Queue.unbounded<string>()
  const refused = yield* Queue.unbounded<string>()
  const fiber = yield* ChatGptLogin.login({ pasted: Stream.fromQueue(pasted) }).pipe(
    Stream.tap((state) => {
      if (state._tag === "UrlShown") return Queue.offer(shown, state.url)
      return state._tag === "PasteRefused" ? Queue.offer(refused, state.problem) : Effect.void
    }),
    Stream.filterMap((state) => state._tag === "SignedIn" ? Option.some(state.credential) : Option.none()),
    Stream.runLast,
    Effect.map(Option.getOrThrow),
    Effect.forkScoped
  )
  const url = new URL(yield* Effect.raceFirst(Queue.take(shown), Effect.zipRight(fiber.await, Effect.never)))
  return {
    fiber,
    url,
    redirectUri: url.searchParams.get("redirect_uri") ?? "",
    state: url.searchParams.get("state") ?? "",
    refused: Queue.take(refused),
    paste: (line: string) => Queue.offer(pasted, line)
  }
})

export const visit = (url: string | URL, init: RequestInit = {}) =>
  Effect.promise(async () => {
    const response = await fetch(url, init)
    return { status: response.status, text: await response.text() }
  })

/** Where the server sends the browser when the person has agreed. */
export const answerOf = (url: URL) =>
  Effect.promise(async () => new URL((await fetch(url, { redirect: "manual" })).headers.get("location") ?? ""))

/** A whole sign-in: the browser goes and comes back. It gives what was asked for, what was shown, and the end. */
export const signIn = Effect.gen(function*() {
  const { fiber, url } = yield* begin
  const page = yield* visit(url)
  return { asked: url.searchParams, page, outcome: yield* Effect.either(fiber) }
}).pipe(Effect.scoped)

/** The same, and its credential is stored. */
export const signInAndStore = Effect.gen(function*() {
  const { outcome } = yield* signIn
  const credential: ChatGpt = yield* outcome
  const store = yield* CredentialStore.CredentialStore
  yield* store.save(credential)
  return credential
})

/** Tells of requests of this path, how many there were. */
export const count = (path: string) =>
  Effect.flatMap(
    OpenAiSimulator,
    ({ requests }) => Effect.map(requests, (all) => all.filter((request) => request.path === path).length)
  )

export const tokenPath = "/api/accounts/oauth/token"
