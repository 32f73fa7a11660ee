/**
 * The last JSON line of a command that ended otherwise than by the end of a turn.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as EventLines from "../../agent/EventLines.ts"
import { type TurnEnd, TurnFailed, TurnInterrupted } from "../../session/SessionEvent.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Envelope from "./envelope.ts"
import type { Form } from "./Renderer.ts"

/** The failure of a command without a turn is printed in the shape of one. */
export const failed = (
  { form, isTurn, kind, message }: {
    readonly form: Form
    readonly isTurn: boolean
    readonly kind: string
    readonly message: string
  }
): Effect.Effect<string> =>
  Effect.map(DateTime.now, (at) => {
    const end = TurnFailed.make({ turnId: "", kind, message, retryable: false, details: {} })
    return told(end, { form, at, signal: "SIGINT", ...isTurn ? {} : { type: "error" } })
  })

/** A signal has stopped a run before its turn, or else a sign-in. */
export const interrupted = (
  { form, isTurn, signal }: { readonly form: Form; readonly isTurn: boolean; readonly signal: ExitCode.Signal }
): string => {
  const reason = ExitCode.reasonOf(signal)
  return isTurn
    ? told(TurnInterrupted.make({ turnId: "", reason }), { form, at: DateTime.unsafeNow(), signal })
    : `${JSON.stringify({ type: "login.interrupted", reason, exit_code: ExitCode.interrupted(signal) })}\n`
}

const told = (
  end: TurnEnd,
  { at, form, signal, ...more }: {
    readonly form: Form
    readonly at: DateTime.Utc
    readonly signal: ExitCode.Signal
    readonly type?: string
  }
): string => {
  if (form === "envelope") return Envelope.print(Envelope.of(end, { session: undefined, usage: undefined, signal }))
  const lines = EventLines.linesOf({ ...end, seq: 1, at }, false)
  return lines.map((line) => EventLines.toText({ ...line, ...more })).join("")
}
