/**
 * The last JSON line of a command that ended otherwise than by the end of a turn.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { TurnFailed, TurnInterrupted } from "../../session/SessionEvent.ts"
import * as ExitCode from "../ExitCode.ts"
import { linesOf } from "./jsonl.ts"

/** The failure of a command without a turn is printed in the shape of one. */
export const failed = Effect.fnUntraced(
  function*({ isTurn, kind, message }: { readonly kind: string; readonly message: string; readonly isTurn: boolean }) {
    const event = TurnFailed.make({ turnId: "", kind, message, retryable: false, details: {} })
    const [line] = linesOf({ ...event, seq: 1, at: yield* DateTime.now }, false, "SIGINT")
    return `${JSON.stringify({ ...line, ...(isTurn ? {} : { type: "error" }) })}\n`
  }
)

/** A signal has stopped a run before its turn, or else a sign-in. */
export const interrupted = ({ isTurn, signal }: { readonly signal: ExitCode.Signal; readonly isTurn: boolean }) => {
  const event = TurnInterrupted.make({ turnId: "", reason: ExitCode.reasonOf(signal) })
  const [line] = isTurn
    ? linesOf({ ...event, seq: 1, at: DateTime.unsafeNow() }, false, signal)
    : [{
      type: "login.interrupted",
      reason: ExitCode.reasonOf(signal),
      exit_code: ExitCode.interrupted(signal)
    }]
  return `${JSON.stringify(line)}\n`
}
