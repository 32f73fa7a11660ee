/**
 * The calls that were running when a turn stopped: their beginning is in the log, and their end is not.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { defined } from "../internal/json.ts"
import * as Conversation from "../prompts/Conversation.ts"
import * as Refusals from "../prompts/Refusals.ts"
import type { Session } from "../session/Session.ts"
import { startedSuffix, ToolEnded, type ToolStarted } from "../session/SessionEvent.ts"
import { ToolExecutor, type ToolResult } from "../tools/ToolExecutor.ts"
import { HookStopped } from "./AgentError.ts"
import * as CallApproval from "./CallApproval.ts"
import * as CallHooks from "./hooks/CallHooks.ts"

/** Ends them all: nobody knows what they have done. */
export const endLostCalls = (session: Session) =>
  Effect.flatMap(lostCalls(session), Effect.forEach(({ key, started }) => session.append(key, lostCall(started))))

/**
 * Finds out what has become of them, before their turn goes on. Those that may run again stay open, and do; those whose
 * work was done end with what it gives, and hooks hear of it as of any other; those that were refused end with their
 * refusal; the end of all others is not known.
 */
export const recover = Effect.fnUntraced(function*(session: Session) {
  const tools = yield* ToolExecutor
  const { id: sessionId } = session
  let stopped: string | undefined
  for (const { key, started } of yield* lostCalls(session)) {
    const decided = Option.getOrUndefined(yield* session.lookup(CallApproval.decisionKey({ key })))?.event
    const decision = decided?._tag === "PermissionDecided" ? decided : undefined
    const { turnId } = started
    if (decision?.decision === "denied") {
      yield* session.append(key, endOf(started, { status: "failed", output: Refusals.notPermitted(decision) }))
      continue
    }
    const call = yield* CallHooks.recalled(started.call, decision?.arguments)
    const found = yield* tools.recover(call, { sessionId, intent: started.intent })
    if (found._tag === "Again") continue
    if (found._tag === "Unknown") {
      yield* session.append(key, lostCall(started))
      continue
    }
    const { result, stop } = yield* CallHooks.after({ sessionId, turnId }, call, found.result, decision?.context)
    yield* session.append(key, endOf(started, result))
    stopped ??= stop
  }
  if (stopped !== undefined) return yield* new HookStopped({ event: "PostToolUse", reason: stopped })
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
