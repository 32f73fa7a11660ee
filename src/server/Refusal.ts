/**
 * Refusals of the server, each as its caller is told.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Either from "effect/Either"
import { type AgentError, toTurnFailed } from "../agent/AgentError.ts"
import type { InboxFull } from "../agent/Inbox.ts"
import type { SessionError } from "../session/SessionError.ts"
import { type ApiError, make, type Status } from "./ApiError.ts"

export const unauthorized = make(
  401,
  "Unauthorized",
  "The token of this server is needed: send `Authorization: Bearer TOKEN`, with what is in its token file"
)

export const foreignHost = (host: string) =>
  make(403, "Forbidden", `This server is not called ${JSON.stringify(host.slice(0, 200))}; ask it by its own address`)

export const foreignOrigin = (origin: string) =>
  make(403, "Forbidden", `Pages of ${JSON.stringify(origin.slice(0, 200))} may not ask this server`)

export const noSuchPath = make(404, "NotFound", "There is nothing here; GET /openapi.json tells what there is")

export const noSession = (id: string) =>
  make(404, "SessionNotFound", `There is no session ${JSON.stringify(id.slice(0, 100))}`, {
    session_id: id.slice(0, 100)
  })

export const noQuestion = (session: string, item: string) =>
  make(404, "NoQuestion", `Session ${session} has no open question about ${item}`, { session_id: session, item })

export const badInput = (message: string, details: { readonly [name: string]: unknown } = {}) =>
  make(400, "BadInput", message, details)

export const ambiguous = (id: string) =>
  badInput(`Several sessions have ids that begin with ${JSON.stringify(id)}: give more of it`)

export const tooLarge = (limit: number) =>
  make(413, "TooLarge", `The body is larger than the ${limit} bytes that this server takes`, { limit })

export const turnRunning = (session: string, turn: string | undefined) =>
  make(409, "TurnRunning", `A turn of session ${session} runs already: wait for its end, steer it, or interrupt it`, {
    session_id: session,
    turn_id: turn ?? null
  })

export const noTurnRunning = (session: string) =>
  make(409, "NoTurnRunning", `No turn of session ${session} runs that could hear this: start one`, {
    session_id: session
  })

export const tooManyTurns = (most: number, retryAfter: number) =>
  make(429, "TooManyTurns", `${most} turns run already, and no more may at once: try again in ${retryAfter} seconds`, {
    max_turns: most,
    retry_after: retryAfter
  })

export const ofInbox = ({ capacity, message }: InboxFull) => make(409, "InboxFull", message, { capacity })

export const shuttingDown = make(503, "ShuttingDown", "This server ends, and begins no more turns")

export const notBegun = make(409, "Interrupted", "The turn was interrupted before it had begun")

export const defect = make(500, "Defect", "Something went wrong inside effixir; its own log may say what")

export const ofSession = (error: SessionError): ApiError =>
  make(statusOf(`Session${error.reason}`), `Session${error.reason}`, error.message, { session_id: error.session })

/** A turn that could not begin. */
export const ofCause = (cause: Cause.Cause<AgentError | ApiError>): ApiError =>
  Either.match(Cause.failureOrCause(cause), {
    onLeft: (error) => error._tag === "ApiError" ? error : ofAgent(Cause.fail(error)),
    onRight: (rest) => Cause.isInterruptedOnly(rest) ? notBegun : defect
  })

const ofAgent = (cause: Cause.Cause<AgentError>): ApiError => {
  const { details, kind, message } = toTurnFailed("", cause)
  return make(statusOf(kind), kind, message, details)
}

export const statusOf = (kind: string): Status => statuses[kind] ?? (kind.startsWith("Session") ? 500 : 503)

const statuses: { readonly [kind: string]: Status } = {
  SessionNotFound: 404,
  SessionNoTurn: 404,
  SessionBusy: 409,
  SessionForked: 409,
  WorkspaceGone: 409,
  NoTurnRunning: 409,
  InboxFull: 409,
  Interrupted: 409,
  OtherPayer: 409,
  TurnWaiting: 409,
  ConfigError: 500,
  Defect: 500
}
