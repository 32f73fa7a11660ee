/**
 * Reads the answers of the sign-in server, and the reasons of its refusals.
 *
 * @internal
 */
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { field, parse, text } from "../internal/json.ts"
import { isFinal, isUntrusted, networkProblem } from "../internal/networkProblem.ts"
import { retryAfter } from "../internal/retryAfter.ts"
import { OAuthError } from "./OAuthError.ts"

export interface Answer {
  readonly status: number
  readonly json: unknown
  /** Whether it is a web page. */
  readonly isPage: boolean
  /** Whether it comes from a machine in front of the server. */
  readonly isBlocked: boolean
  readonly retryAfter: number | undefined
  /** The time of the server's clock, in milliseconds; of this machine's clock if the server does not send it. */
  readonly at: number
}

/** `hide` cuts out the secrets of the request that the server may quote. */
export const read = (
  response: HttpClientResponse.HttpClientResponse,
  hide: (text: string) => string
): Effect.Effect<Answer, HttpClientError.HttpClientError> =>
  Effect.zipWith(response.text, Clock.currentTimeMillis, (text, now) => {
    const { headers, status } = response
    const isPage = /^\s*</.test(text)
    return {
      status,
      json: parse(isOk(response) ? text : hide(text)),
      isPage,
      isBlocked: headers["cf-mitigated"] !== undefined || (isPage && status === 403),
      retryAfter: retryAfter(headers, now),
      at: dateOf(headers["date"]) ?? now
    }
  })

const dateOf = (header: string | undefined): number | undefined => {
  const at = Date.parse(header ?? "")
  return Number.isNaN(at) ? undefined : at
}

export const isOk = (answer: { readonly status: number }): boolean => answer.status >= 200 && answer.status < 300

export const decode = <A, I>(schema: Schema.Schema<A, I>, answer: Answer): Effect.Effect<A, OAuthError> =>
  Effect.mapError(
    Schema.decodeUnknown(schema)(answer.json),
    // The decoding error would quote the answer.
    () => new OAuthError({ reason: "Protocol", detail: "its answer lacks something" })
  )

/** A code for programs, and a text for people. */
export interface Failure {
  readonly code: string
  readonly said: string
}

/** `error` is a code, or an object with one; `error_description` and `message` are for people. */
export const failureOf = ({ json }: Answer): Failure => {
  const error = field(json, "error")
  const code = text(error) || text(field(error, "code")) || text(field(json, "code")) || ""
  const said = text(field(json, "error_description")) || text(field(error, "message")) ||
    text(field(json, "message")) ||
    ""
  return { code: code.toLowerCase().replace(/^deviceauth_/, ""), said: presentable(said) }
}

/** All codes of a failure, the most precise first. */
export const codesOf = (answer: Answer): ReadonlyArray<string> => {
  const { json } = answer
  return [text(field(json, "error_reason")), failureOf(answer).code, text(field(field(json, "error"), "code"))]
    .flatMap((code) => code === undefined || code === "" ? [] : [code.toLowerCase()])
}

/** The reason that a failure itself names, in an answer or in the address of a callback. */
export const reasonOf = ({ code, said }: Failure): OAuthError["reason"] | undefined => {
  const mentions = (word: string) => code === word || said.includes(word)
  if (mentions("unsupported_country_region_territory")) return "Region"
  if (mentions("missing_codex_entitlement")) return "NotEnabled"
  if (code === "access_denied") return "Denied"
  if (code === "expired_token" || code === "invalid_grant") return "Expired"
  return code === "server_error" || code === "temporarily_unavailable" ? "Transport" : undefined
}

export const toError = (answer: Answer): OAuthError => {
  const failure = failureOf(answer)
  const status = `status ${answer.status}`
  const retryAfter = answer.retryAfter === undefined ? {} : { retryAfter: answer.retryAfter }
  if (answer.isBlocked) return new OAuthError({ reason: "Blocked", detail: status, ...retryAfter })
  const isTrouble = answer.status === 429 || answer.status >= 500 || answer.isPage
  return new OAuthError({
    reason: reasonOf(failure) ?? (isTrouble ? "Transport" : "Protocol"),
    detail: answer.isPage
      ? `${status} with a web page, as from a proxy or a network block`
      : failure.said || failure.code || status,
    ...retryAfter
  })
}

export const unreachable = (error: HttpClientError.HttpClientError): OAuthError =>
  new OAuthError({
    reason: isUntrusted(error.cause) ? "Certificate" : isFinal(error.cause) ? "Proxy" : "Transport",
    detail: networkProblem(error.cause)
  })

const maxLength = 300

/** The server's message for people, on one line of limited length. A web page gives none. */
export const presentable = (said: string): string =>
  /^\s*<(?:!doctype|html)\b/i.test(said) ? "" : said.replaceAll(/\s+/g, " ").trim().slice(0, maxLength)
