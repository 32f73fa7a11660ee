/**
 * What every request has to pass before a handler sees it, and how every failure becomes an answer.
 *
 * A page of somebody else may have a name that leads to this machine (DNS rebinding), or send requests here from a
 * browser: so the names by which the server may be asked are known, and so is where its own pages come from.
 *
 * @internal
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type { HttpApiDecodeError } from "@effect/platform/HttpApiError"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { isDeepText } from "../internal/json.ts"
import { Authorization } from "./Api.ts"
import { ApiError, toBody } from "./ApiError.ts"
import * as Pages from "./Pages.ts"
import * as Refusal from "./Refusal.ts"

/** @since 0.1.0 @category models */
export interface Options {
  /** What a client has to send with every call. */
  readonly token: Redacted.Redacted
  /** The name or address that the server listens at, and others by which it may be asked. */
  readonly hosts: ReadonlyArray<string>
  /** In bytes; 1 MiB by default. */
  readonly maxBody?: number | undefined
}

/** @since 0.1.0 @category layers */
export const layer = (options: Options): Layer.Layer<Authorization> =>
  Layer.merge(
    Layer.succeed(Authorization, {
      bearer: (given) => isSame(Redacted.value(given), options.token) ? Effect.void : Refusal.unauthorized
    }),
    HttpApiBuilder.middleware((app) => guard(options, app))
  )

/** These need no token: they tell nothing of any session. */
const open: ReadonlySet<string> = new Set(["/health", ...Pages.open])

const guard = (options: Options, app: HttpApp.Default): HttpApp.Default =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    Effect.gen(function*() {
      yield* checkNames(request.headers, options.hosts)
      const path = request.url.split(/[?#]/, 1)[0] ?? ""
      if (!open.has(path) && !isAuthorized(request.headers, options.token)) return yield* Refusal.unauthorized
      const whole = yield* withinLimit(request, options.maxBody ?? 1024 * 1024)
      return yield* Effect.provideService(app, HttpServerRequest.HttpServerRequest, whole)
    })).pipe(
      Effect.catchAllCause(answer),
      Effect.map(
        HttpServerResponse.setHeaders({ "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" })
      )
    )

const checkNames = ({ host = "", origin }: Headers.Headers, hosts: ReadonlyArray<string>) => {
  if (!isOurs(host, hosts)) return Refusal.foreignHost(host)
  // Browsers say where a page comes from that asks; its own page is where it asks.
  return origin === undefined || /^https?:\/\//.test(origin) && origin.replace(/^https?:\/\//, "") === host
    ? Effect.void
    : Refusal.foreignOrigin(origin)
}

/** Whatever the port: it may have been forwarded. */
const isOurs = (host: string, hosts: ReadonlyArray<string>): boolean => {
  const name = nameOf(host)
  const isOpen = hosts.some((one) => one === "0.0.0.0" || one === "::")
  return isLoopback(name) || hosts.includes(name) || isOpen && isAddress(name)
}

const nameOf = (host: string): string => {
  const [, bracketed, plain = ""] = /^(?:\[([\da-f:.]+)\]|([^:[\]]*))(?::\d{1,5})?$/i.exec(host) ?? []
  return (bracketed ?? plain).toLowerCase()
}

const isLoopback = (name: string): boolean =>
  name === "localhost" || name === "::1" || /^127(?:\.\d{1,3}){3}$/.test(name)

/** No name leads to an address but the address itself. */
const isAddress = (name: string): boolean => /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name) || name.includes(":")

const isAuthorized = ({ authorization = "" }: Headers.Headers, token: Redacted.Redacted): boolean =>
  /^bearer /i.test(authorization) && isSame(authorization.slice("bearer ".length).trim(), token)

/** Takes as long whatever is given, so that time tells nothing of the token. */
const isSame = (given: string, token: Redacted.Redacted): boolean => {
  const expected = Redacted.value(token)
  let difference = given.length ^ expected.length
  for (let at = 0; at < expected.length; at++) difference |= expected.charCodeAt(at) ^ given.charCodeAt(at)
  return difference === 0
}

/** The request, once it is known that its body is no longer than it may be, and JSON if anything. */
const withinLimit = Effect.fnUntraced(function*(request: HttpServerRequest.HttpServerRequest, limit: number) {
  if (request.method !== "POST") return request
  if (Number(request.headers["content-length"] ?? 0) > limit) return yield* Refusal.tooLarge(limit)
  // The rest is read and dropped: a client that still writes would not read the answer.
  const { bytes, size } = yield* Stream.runFold(
    request.stream,
    { bytes: Chunk.empty<Uint8Array>(), size: 0 },
    add(limit)
  )
    .pipe(Effect.mapError(() => Refusal.badInput("The body could not be read")))
  if (size > limit) return yield* Refusal.tooLarge(limit)
  const text = new TextDecoder().decode(joined(bytes, size))
  if (isDeepText(text)) return yield* Refusal.badInput("The body is nested too deeply")
  // All that a call may leave away is left away without a body.
  const body = text.trim() === "" ? "{}" : text
  // Nothing but JSON is understood, whatever a client calls it.
  const headers = Headers.set(Headers.remove(request.headers, "content-length"), "content-type", "application/json")
  return HttpServerRequest.fromWeb(
    new Request(`http://effixir${request.url}`, { method: "POST", body, headers: { ...headers } })
  )
})

const add =
  (limit: number) => (read: { readonly bytes: Chunk.Chunk<Uint8Array>; readonly size: number }, piece: Uint8Array) => {
    const size = read.size + piece.length
    return { bytes: size > limit ? Chunk.empty<Uint8Array>() : Chunk.append(read.bytes, piece), size }
  }

const joined = (pieces: Chunk.Chunk<Uint8Array>, size: number): Uint8Array => {
  const all = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

const answer = (cause: Cause.Cause<unknown>): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  if (Cause.isInterruptedOnly(cause)) return Effect.failCause(cause as Cause.Cause<never>)
  const error = refusalOf(Cause.squash(cause))
  const telling = error === Refusal.defect ? Effect.logError(Cause.pretty(cause)) : Effect.void
  return Effect.as(
    telling,
    HttpServerResponse.unsafeJson(toBody(error), { status: error.status, headers: headersOf(error) })
  )
}

const refusalOf = (error: unknown): ApiError => {
  if (error instanceof ApiError) return error
  if (Predicate.isTagged(error, "HttpApiDecodeError")) {
    const { issues } = error as unknown as HttpApiDecodeError
    const told = issues.map(({ message, path }) => ({ path: path.map(String).join("."), message }))
    return Refusal.badInput(
      `The call is not as GET /openapi.json says: ${
        told.map(({ message, path }) => path === "" ? message : `${path}: ${message}`).join("; ")
      }`,
      { issues: told }
    )
  }
  if (Predicate.isTagged(error, "RouteNotFound")) return Refusal.noSuchPath
  return Predicate.isTagged(error, "RequestError") ? Refusal.badInput("The body is not JSON") : Refusal.defect
}

const headersOf = ({ details, status }: ApiError): Record<string, string> => {
  switch (status) {
    case 401:
      return { "www-authenticate": "Bearer" }
    case 429:
      return { "retry-after": String(details["retry_after"]) }
    default:
      return {}
  }
}
