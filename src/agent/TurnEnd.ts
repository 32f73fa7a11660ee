/**
 * Writes the one event that ends a turn: when its work is over, however that ended, and for a turn that a crash has cut
 * off, before the next one begins.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as LastTurn from "../session/LastTurn.ts"
import type { Session } from "../session/Session.ts"
import { endsTurn, TurnCompleted, type TurnEnd, TurnInterrupted, TurnLimited } from "../session/SessionEvent.ts"
import { type AgentError, toTurnFailed } from "./AgentError.ts"
import type { EventSink } from "./EventSink.ts"
import { endLostCalls } from "./LostCalls.ts"
import type * as Turn from "./Turn.ts"

/** Ends a turn that has begun with exactly one event, however the work ends. */
export const ending = (
  session: Session,
  sink: EventSink,
  { isHandedOver = Effect.succeed(false), turnId, whyInterrupted = Effect.succeed("cancelled") }: {
    readonly turnId: string
    /** Whether an interruption leaves the turn open, to go on elsewhere; evaluated when there is one. */
    readonly isHandedOver?: Effect.Effect<boolean> | undefined
    /** The reason that the log gives for an interruption, evaluated when there is one. */
    readonly whyInterrupted?: Effect.Effect<string> | undefined
  }
) =>
<R>(work: Effect.Effect<Turn.Outcome, AgentError, R>): Effect.Effect<void, AgentError, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(restore(work))
      if (Option.isNone(yield* session.lookup(turnId))) return yield* Effect.asVoid(exit)
      if (Exit.isInterrupted(exit) && (yield* isHandedOver)) return yield* Effect.asVoid(exit)
      const end = endOf(turnId, exit, yield* whyInterrupted)
      if (end._tag !== "TurnCompleted") yield* endLostCalls(session)
      yield* session.append(yield* endKey(session, turnId), end)
      // After an interruption the stream has no reader, and the flush is interrupted at once.
      yield* restore(sink.flush)
      return yield* Effect.asVoid(exit)
    })
  )

const endOf = (turnId: string, exit: Exit.Exit<Turn.Outcome, AgentError>, whyInterrupted: string): TurnEnd => {
  if (Exit.isSuccess(exit)) {
    const outcome = exit.value
    if (outcome._tag === "Limited") return TurnLimited.make({ turnId, limit: outcome.limit, usage: outcome.usage })
    const { answer, context, finishReason, usage } = outcome
    return TurnCompleted.make({ turnId, answer, usage, finishReason, context })
  }
  // A tool that fails interrupts the tools that run beside it; that does not interrupt the turn.
  return Cause.isInterruptedOnly(exit.cause)
    ? TurnInterrupted.make({ turnId, reason: whyInterrupted })
    : toTurnFailed(turnId, exit.cause)
}

/** A turn that was resumed after its end has another end event. */
const endKey = (session: Session, turnId: string) =>
  Effect.map(eventsOf(session), (events) => {
    const ends = events.filter((event) => endsTurn(event) && event.turnId === turnId).length
    return `${turnId}/end${ends === 0 ? "" : `/${ends}`}`
  })

/** Writes the missing end of a turn that a crash cut off, and gives all events of the session. */
export const closeOpenTurn = Effect.fnUntraced(function*(session: Session, reason = "crashed") {
  const open = LastTurn.openTurn(yield* eventsOf(session))
  if (Option.isSome(open)) {
    const { turnId } = open.value.started
    yield* endLostCalls(session)
    yield* session.append(
      yield* endKey(session, turnId),
      TurnInterrupted.make({ turnId, reason })
    )
  }
  return yield* eventsOf(session)
})

export const eventsOf = (session: Session) => Effect.map(session.events, (log) => log.map((stored) => stored.event))
