/**
 * Hooks around one call: what it is run with, and what is added to its output.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { parse } from "../../internal/json.ts"
import * as HookTexts from "../../prompts/HookTexts.ts"
import { argument, type Output, type ToolCall } from "../../responses/ToolCall.ts"
import { ToolExecutor, type ToolResult } from "../../tools/ToolExecutor.ts"
import { HookStopped } from "../AgentError.ts"
import { type Call, type CallVerdict, Hooks, type Of } from "./Hooks.ts"

/**
 * What a hook has said of a call. `arguments` are those that it has put in the place of the model's.
 *
 * @since 0.1.0
 * @category models
 */
export interface Hooked {
  readonly call: ToolCall
  readonly verdict: Pick<CallVerdict, "decision" | "reason">
  readonly arguments?: string | undefined
  readonly context?: ReadonlyArray<string> | undefined
}

/** @since 0.1.0 @category hooks */
export const before = Effect.fnUntraced(function*(of: Of, call: ToolCall) {
  const { preToolUse } = yield* Hooks
  if (preToolUse === undefined) return { call, verdict: {} } satisfies Hooked
  const tools = yield* ToolExecutor
  const resolved = yield* tools.resolve(call)
  const { context, decision, input, reason, stop } = yield* preToolUse(toEvent(of, resolved))
  if (stop !== undefined) return yield* new HookStopped({ event: "PreToolUse", reason: stop })
  const text = input === undefined ? undefined : typeof input === "string" ? input : JSON.stringify(input)
  const hooked: Hooked = {
    call: text === undefined ? call : withArguments(resolved, text),
    verdict: { decision, reason },
    arguments: text,
    context: context === undefined || context.length === 0 ? undefined : context
  }
  return hooked
})

/**
 * The call with the arguments that a hook has given it earlier.
 *
 * @since 0.1.0
 * @category hooks
 */
export const recalled = (call: ToolCall, text: string | undefined) =>
  text === undefined
    ? Effect.succeed(call)
    : Effect.flatMap(ToolExecutor, (tools) => Effect.map(tools.resolve(call), (call) => withArguments(call, text)))

/**
 * The result with what hooks have said, before the call and now.
 *
 * @since 0.1.0
 * @category hooks
 */
export const after = Effect.fnUntraced(
  function*(of: Of, call: ToolCall, result: ToolResult, context: ReadonlyArray<string> = []) {
    const { postToolUse } = yield* Hooks
    if (postToolUse === undefined) return { result: told(result, context, "PreToolUse"), stop: undefined }
    const tools = yield* ToolExecutor
    const event = toEvent(of, yield* tools.resolve(call))
    const { block, context: more = [], stop } = yield* postToolUse({ ...event, result })
    const said = [...block === undefined ? [] : [block], ...more]
    return { result: told(told(result, context, "PreToolUse"), said, "PostToolUse"), stop }
  }
)

const toEvent = (of: Of, call: ToolCall): Call => ({
  ...of,
  callId: call.call_id,
  tool: call.name,
  input: call.type === "function_call" ? parse(argument(call)) ?? {} : argument(call)
})

const withArguments = (call: ToolCall, text: string): ToolCall =>
  call.type === "function_call" ? { ...call, arguments: text } : { ...call, input: text }

const told = (result: ToolResult, context: ReadonlyArray<string>, event: string): ToolResult =>
  context.length === 0
    ? result
    : { ...result, output: context.map((one) => HookTexts.besideOutput(event, one)).reduce(add, result.output) }

const add = (output: Output, text: string): Output =>
  typeof output === "string" ? `${output}\n${text}` : [...output, { type: "input_text", text }]
