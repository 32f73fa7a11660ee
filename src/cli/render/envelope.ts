/**
 * Renders a run as one JSON object on stdout, printed when the turn has ended: for scripts that want the answer and how
 * it came about, and none of the events on the way.
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { AgentEvent } from "../../agent/AgentEvent.ts"
import { limitName } from "../../agent/EventLines.ts"
import { field, text } from "../../internal/json.ts"
import { json } from "../../internal/visible.ts"
import * as Usage from "../../responses/Usage.ts"
import { endsTurn, type TurnEnd } from "../../session/SessionEvent.ts"
import * as SessionJson from "../../session/SessionJson.ts"
import * as ExitCode from "../ExitCode.ts"
import type { Screen } from "../Screen.ts"
import type { Renderer } from "./Renderer.ts"
import { limits } from "./wording.ts"

/**
 * - `ok` whether it went well; `error` is null exactly then
 * - `session_id` is null where no session is there: nothing was begun, or nothing is kept
 * - `output` is the answer, as text mode prints it
 * - `usage` is null where the run has ended before its turn
 */
export interface Envelope {
  readonly ok: boolean
  readonly status: "completed" | "failed" | "interrupted" | "limited"
  readonly session_id: string | null
  readonly resume_command: string | null
  readonly output: string | null
  readonly usage: typeof SessionJson.Usage.Type | null
  readonly exit_code: number
  readonly error: {
    readonly kind: string
    readonly message: string
    readonly retryable: boolean
    readonly details: { readonly [name: string]: unknown }
  } | null
}

export interface Options {
  /** The session, if it is there before the run. */
  readonly session: string | undefined
  /** Whether the session can be gone on with later. */
  readonly isKept: boolean
  /** The signal that is reported as the cause when a run is interrupted. */
  readonly signal: Effect.Effect<ExitCode.Signal>
}

export const make = Effect.fnUntraced(function*(screen: typeof Screen.Service, options: Options) {
  const session = yield* Ref.make(options.session)
  const usage = yield* Ref.make<Usage.Usage | undefined>(undefined)

  const end = Effect.fnUntraced(function*(event: TurnEnd) {
    const envelope = of(event, {
      session: options.isKept ? yield* Ref.get(session) : undefined,
      usage: yield* Ref.get(usage),
      signal: yield* options.signal
    })
    yield* screen.out(print(envelope))
  })

  const show = (event: AgentEvent): Effect.Effect<void> => {
    if (endsTurn(event)) return end(event)
    switch (event._tag) {
      case "SessionStarted":
        return Ref.set(session, event.sessionId)
      case "TurnStarted":
      case "TurnResumed":
        return Ref.update(usage, (usage = Usage.zero) => usage)
      case "ModelResponded":
      case "Compacted":
        return Ref.update(usage, (usage = Usage.zero) => Usage.add(usage, event.usage))
      default:
        return Effect.void
    }
  }

  const renderer: Renderer = { isForPeople: false, show, tick: Effect.void, finish: Effect.void }
  return renderer
})

/** What is known of a run beside how it ended. */
export interface About {
  readonly session: string | undefined
  readonly usage: Usage.Usage | undefined
  readonly signal: ExitCode.Signal
}

export const of = (end: TurnEnd, { session, signal, usage }: About): Envelope => ({
  ok: end._tag === "TurnCompleted",
  status: statusOf[end._tag],
  session_id: session ?? null,
  resume_command: session === undefined ? null : resume(session),
  output: outputOf(end),
  usage: "usage" in end ? SessionJson.usage(end.usage) : usage === undefined ? null : SessionJson.usage(usage),
  exit_code: ExitCode.ofEnd(end, signal),
  error: errorOf(end, signal)
})

/** A session that has begun, and of which no turn was run. */
export const begun = (session: string): Envelope => ({
  ok: true,
  status: "completed",
  session_id: session,
  resume_command: resume(session),
  output: null,
  usage: null,
  exit_code: ExitCode.success,
  error: null
})

const resume = (session: string): string => `effixir resume ${session}`

/** The line on stdout. */
export const print = (envelope: Envelope): string => `${json(JSON.stringify(envelope))}\n`

const statusOf = {
  TurnCompleted: "completed",
  TurnFailed: "failed",
  TurnInterrupted: "interrupted",
  TurnLimited: "limited"
} as const

/** An answer that could not be written to a file is not lost. */
const outputOf = (end: TurnEnd): string | null => {
  switch (end._tag) {
    case "TurnCompleted":
      return end.answer
    case "TurnFailed":
      return text(field(end.details, "answer")) ?? null
    default:
      return null
  }
}

/** Why there is no answer; null where there is one. */
export const errorOf = (end: TurnEnd, signal: ExitCode.Signal): Envelope["error"] => {
  switch (end._tag) {
    case "TurnCompleted":
      return null
    case "TurnFailed": {
      const { details, kind, message, retryable } = end
      return { kind, message, retryable, details }
    }
    case "TurnInterrupted": {
      const reason = ExitCode.reasonOf(signal)
      return { kind: "Interrupted", message: `The run was stopped (${reason})`, retryable: true, details: { reason } }
    }
    case "TurnLimited": {
      const message = `The run was stopped: ${limits[end.limit]}`
      return { kind: "LimitReached", message, retryable: true, details: { limit: limitName(end.limit) } }
    }
  }
}
