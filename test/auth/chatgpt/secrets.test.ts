import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Tracer from "effect/Tracer"
import { inspect } from "node:util"
import * as ChatGptOAuth from "../../../src/auth/chatgpt/ChatGptOAuth.ts"
import { CredentialStore } from "../../../src/auth/CredentialStore.ts"
import * as OpenAiSimulator from "../../../src/testing/OpenAiSimulator.ts"
import { chatGpt } from "../tokens.ts"
import { installation, signIn, signInAndStore } from "./signIn.ts"

/** A server that answers with whatever it was sent, in these words. */
const quoting = (status: number, answer: (sent: string) => string) =>
  ChatGptOAuth.layer({ issuer: "https://auth.test" }).pipe(
    Layer.provide(Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request) => {
        const sent = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : request.url
        return Effect.succeed(HttpClientResponse.fromWeb(request, new Response(answer(sent), { status })))
      })
    ))
  )

const secrets = ["c0de-of-the-grant", "v3rifier-of-the-grant", "r3fresh-token", "eyJ.id.t0ken"]
const [code = "", verifier = "", refreshToken = "", idToken = ""] = secrets
const credential = chatGpt({ refresh_token: Redacted.make(refreshToken), id_token: Redacted.make(idToken) })
const redirectUri = "http://127.0.0.1:1455/auth/callback"

type Call = (oauth: typeof ChatGptOAuth.ChatGptOAuth.Service) => Effect.Effect<unknown, unknown>

const calls: { readonly [name: string]: Call } = {
  exchange: ({ exchange }) =>
    exchange("oaiapp_1", { code: Redacted.make(code), verifier: Redacted.make(verifier), redirectUri }),
  refresh: ({ refresh }) => refresh(credential),
  revoke: ({ revoke }) => revoke(credential),
  identify: ({ identify }) => identify(credential.id_token, { clientId: "oaiapp_1", at: 0 })
}

const answers: ReadonlyArray<readonly [form: string, status: number, answer: (sent: string) => string]> = [
  ["a description", 400, (sent) => JSON.stringify({ error: "invalid_request", error_description: `no: ${sent}` })],
  ["a code", 400, (sent) => JSON.stringify({ error: sent })],
  ["a reason", 400, (sent) => JSON.stringify({ error: "invalid_grant", error_reason: sent, error_description: sent })],
  ["a client", 401, (sent) => JSON.stringify({ error: "invalid_client", error_description: sent })],
  ["a limit", 429, (sent) => JSON.stringify({ error: { message: sent } })],
  ["a web page", 503, (sent) => `<html>${sent}</html>`],
  ["an answer that lacks something", 200, (sent) => JSON.stringify({ access_token: 1, keys: sent, sent })],
  ["an answer that is no JSON", 200, (sent) => sent]
]

describe("a server of the official sign-in that quotes what it was sent", () => {
  for (const [name, call] of Object.entries(calls)) {
    for (const [form, status, answer] of answers) {
      it.effect(`is not quoted further: ${name}, ${form}`, () =>
        Effect.gen(function*() {
          const exit = yield* Effect.exit(Effect.flatMap(ChatGptOAuth.ChatGptOAuth, call))
          const shown = [
            JSON.stringify(exit),
            inspect(exit, { depth: 10 }),
            exit._tag === "Failure" ? Cause.pretty(exit.cause, { renderErrorCause: true }) : ""
          ].join("\n")
          for (const secret of secrets) assert.notInclude(shown, secret)
        }).pipe(Effect.provide(quoting(status, answer))))
    }
  }
})

describe("spans and log lines of the official sign-in", () => {
  it.live("hold no token, code or address, over two sign-ins, a refresh and failures", () => {
    const spans: Array<Tracer.Span> = []
    const logged: Array<unknown> = []
    const tracer = Tracer.make({
      span: (name, parent, context, links, startTime, kind) => {
        const attributes = new Map<string, unknown>()
        const events: Array<unknown> = []
        const span: { -readonly [key in keyof Tracer.Span]: Tracer.Span[key] } = {
          _tag: "Span",
          spanId: String(spans.length),
          traceId: "trace",
          name,
          parent,
          context,
          links,
          kind,
          sampled: true,
          status: { _tag: "Started", startTime },
          attributes,
          attribute: (key, value) => void attributes.set(key, value),
          event: (...event) => void events.push(event),
          addLinks: () => {},
          end: (endTime, exit) => {
            span.status = { _tag: "Ended", startTime, endTime, exit }
          }
        }
        spans.push(Object.assign(span, { events }))
        return span
      },
      context: (run) => run()
    })
    return Effect.gen(function*() {
      const simulator = yield* OpenAiSimulator.OpenAiSimulator
      const { refresh, revoke } = yield* ChatGptOAuth.ChatGptOAuth
      const first = yield* signInAndStore
      const second = yield* Effect.flatMap(signIn, ({ outcome }) => outcome)
      const { renewal } = yield* refresh(second)
      // Used up, so that the server refuses it.
      yield* Effect.flip(refresh(second))
      for (const knobs of [{ idToken: "wrong key" as const }, { decline: "all" as const }]) {
        yield* simulator.turn(knobs)
        assert.isTrue(Either.isLeft((yield* signIn).outcome))
      }
      yield* revoke(first)
      const sent = (yield* simulator.requests).flatMap(({ body, query }) =>
        [body, query].flatMap((part) => typeof part === "object" && part !== null ? Object.entries(part) : [])
      )
      const names = new Set(["code", "code_verifier", "refresh_token", "token", "id_token_hint", "state", "nonce"])
      const known = new Set([
        ...sent.flatMap(([name, value]) => names.has(name) && typeof value === "string" ? [value] : []),
        ...[first, second].flatMap(({ access_token, id_token, refresh_token }) =>
          [access_token, id_token, refresh_token].map(Redacted.value)
        ),
        Redacted.value(renewal.access_token)
      ])
      assert.isTrue(Option.isSome(yield* Effect.flatMap(CredentialStore, ({ load }) => load)))
      assert.isAbove(known.size, 15)
      assert.includeMembers(spans.map(({ name }) => name), [
        "ChatGptOAuth.exchange",
        "ChatGptOAuth.refresh",
        "ChatGptOAuth.identify"
      ])
      const told = [inspect(spans, { depth: 12, maxStringLength: null }), inspect(logged, { depth: 12 })]
      for (const secret of known) for (const text of told) assert.notInclude(text, secret)
    }).pipe(
      Effect.provide(installation({ earliest: "none" })),
      Effect.withTracer(tracer),
      Logger.withMinimumLogLevel(LogLevel.All),
      Effect.provide(Logger.replace(Logger.defaultLogger, Logger.make((options) => void logged.push(options))))
    )
  })
})
