/**
 * The calls that were running when a turn stopped: their beginning is in the log, and their end is not.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { defined } from "../internal/json.ts"
import * as Conversation from "../prompts/Conversation.ts"
import type { Session } from "../session/Session.ts"
import { startedSuffix, ToolEnded, type ToolStarted } from "../session/SessionEvent.ts"
import { ToolExecutor, type ToolResult } from "../tools/ToolExecutor.ts"
import * as CallApproval from "./CallApproval.ts"
import * as CallHooks from "./hooks/CallHooks.ts"

/** Ends them all: nobody knows what they have done. */
export const endLostCalls = (session: Session) =>
  Effect.flatMap(lostCalls(session), Effect.forEach(({ key, started }) => session.append(key, lostCall(started))))

/**
 * Finds out what has become of them, before their turn goes on. Those that may run again stay open, and do; those whose
 * work was done end with what it gives; the end of all others is not known.
 */
export const recover = Effect.fnUntraced(function*(session: Session) {
  const tools = yield* ToolExecutor
  for (const { key, started } of yield* lostCalls(session)) {
    const decided = Option.getOrUndefined(yield* session.lookup(CallApproval.decisionKey({ key })))?.event
    const ran = decided?._tag === "PermissionDecided" ? decided.arguments : undefined
    const call = yield* CallHooks.recalled(started.call, ran)
    const found = yield* tools.recover(call, { sessionId: session.id, intent: started.intent })
    if (found._tag === "Again") continue
    yield* session.append(key, found._tag === "Ended" ? endOf(started, found.result) : lostCall(started))
  }
})

const lostCalls = Effect.fnUntraced(function*(session: Session) {
  const log = yield* session.events
  const ended = new Set(log.flatMap(({ event }) => event._tag === "ToolEnded" ? [event.itemId] : []))
  return log.flatMap(({ event, key }) =>
    event._tag === "ToolStarted" && !ended.has(event.itemId)
      ? [{ key: key.slice(0, -startedSuffix.length), started: event }]
      : []
  )
})

const endOf = ({ call, itemId, turnId }: ToolStarted, { details, output, status }: ToolResult): ToolEnded =>
  ToolEnded.make({ turnId, itemId, call, status, output, ...defined({ details }) })

const lostCall = ({ call, itemId, turnId }: ToolStarted): ToolEnded =>
  ToolEnded.make({ turnId, itemId, call, status: "interrupted", output: Conversation.unknownOutcome })
