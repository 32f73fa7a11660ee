/**
 * Calls of tools where nobody can be asked.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Refusals from "../prompts/Refusals.ts"
import type { Output, ToolCall } from "../responses/ToolCall.ts"
import type { Permission } from "./permission/Permission.ts"
import type * as Tool from "./Tool.ts"
import type { ToolExecutor } from "./ToolExecutor.ts"

/** @since 0.1.0 @category models */
export interface Options {
  readonly permission: Pick<typeof Permission.Service, "decide">
  readonly executor: typeof ToolExecutor.Service
  readonly sessionId: string
  readonly progress: Tool.CallContext["progress"]
}

/** @since 0.1.0 @category models */
export interface Ran {
  readonly output: Output
  readonly isFailed: boolean
}

/**
 * Makes a call if it is permitted. One that would need approval is refused; a refusal is an output for the model.
 *
 * @since 0.1.0
 * @category running
 */
export const runUnasked = Effect.fnUntraced(function*(
  call: ToolCall,
  { executor, permission, progress, sessionId }: Options
) {
  const access = yield* executor.access(call)
  const tool = yield* executor.nameOf(call)
  const decision = yield* permission.decide({ sessionId, tool, access, describe: yield* executor.describe(call) })
  if (decision._tag !== "Allow") {
    const reason = decision._tag === "Ask" ? Refusals.nobodyToAsk : decision.reason
    const refused: Ran = { output: Refusals.notPermitted({ ...decision, reason }), isFailed: true }
    return refused
  }
  const { output, status } = yield* executor.execute(call, { callId: call.call_id, sessionId, progress })
  const ran: Ran = { output, isFailed: status === "failed" }
  return ran
})
