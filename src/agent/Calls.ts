/**
 * The calls of one response: asked for, run, and written down.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isToolCall, type ToolCall } from "../responses/ToolCall.ts"
import { itemId, type ModelResponded, PermissionDecided, ToolEnded, ToolStarted } from "../session/SessionEvent.ts"
import { Approver } from "../tools/Approver.ts"
import { type Decision, Permission } from "../tools/Permission.ts"
import type { Tokens } from "../tools/Tool.ts"
import { ToolExecutor, type ToolResult } from "../tools/ToolExecutor.ts"
import type * as Admission from "./Admission.ts"
import { PermissionNeeded } from "./AgentError.ts"
import * as Progress from "./Progress.ts"
import { Step } from "./Step.ts"

/** How many calls of one response run at a time. */
const maxConcurrentCalls = 8

/**
 * What the key of a call's beginning has behind the key of its end.
 *
 * @since 0.1.0
 * @category running
 */
export const startedSuffix = "/started"

/**
 * A call, the key of the step that runs it, and whether it has run already.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  readonly key: string
  readonly itemId: string
  readonly call: ToolCall
  readonly isDone: boolean
}

type Admitted = Admission.Admitted<Call>["calls"][number]

/** @since 0.1.0 @category models */
export interface Options {
  readonly sessionId: string
  readonly turnId: string
  readonly tokens: Tokens
}

/**
 * The calls of a response. A call id that comes twice still names two steps.
 *
 * @since 0.1.0
 * @category accessors
 */
export const of = Effect.fnUntraced(function*(response: ModelResponded) {
  const { recall } = yield* Step
  const seen = new Map<string, number>()
  const calls = response.items.flatMap((call, index) => {
    if (!isToolCall(call)) return []
    const count = (seen.get(call.call_id) ?? 0) + 1
    seen.set(call.call_id, count)
    const key = `${response.turnId}/tool/${response.step}/${call.call_id}${count === 1 ? "" : `#${count}`}`
    return [{ key, itemId: itemId(response.turnId, response.step, index), call }]
  })
  return yield* Effect.forEach(
    calls,
    (call) => Effect.map(recall(call.key, ToolEnded), (ended): Call => ({ ...call, isDone: Option.isSome(ended) }))
  )
})

/**
 * Runs those that are admitted, once all of them are permitted, and gives how each has ended.
 *
 * @since 0.1.0
 * @category running
 */
export const run = (options: Options, admitted: ReadonlyArray<Admitted>) =>
  Effect.flatMap(
    Effect.forEach(admitted, (call) => permit(options, call)),
    (permitted) => runTools(options, permitted)
  )

/**
 * Asks whether a call may run, and makes a refusal of a no. All calls of a response are asked for before the first one
 * runs: where nobody is there to answer, none of them is cut off in the middle.
 */
const permit = Effect.fnUntraced(function*(options: Options, admitted: Admitted) {
  if (admitted.isDone || admitted.refusal !== undefined) return admitted
  const tools = yield* ToolExecutor
  const permission = yield* Permission
  const { recall, step } = yield* Step
  const { call, itemId, key } = admitted
  const { sessionId, turnId } = options
  const decisionKey = `${key}/permission`
  let decided = Option.getOrUndefined(yield* recall(decisionKey, PermissionDecided))
  if (decided === undefined) {
    const [access, describe] = yield* Effect.all([tools.access(call), tools.describe(call)])
    const decision = yield* permission.decide({ sessionId, tool: call.name, access, describe })
    if (decision._tag === "Allow" && decision.isRoutine) return admitted
    const of = { turnId, itemId, rule: decision.rule, by: "rule" as const }
    const decide = decision._tag === "Ask"
      ? askFor(options, admitted, decision)
      : Effect.succeed(
        decision._tag === "Allow"
          ? PermissionDecided.make({ ...of, decision: "allowed" })
          : PermissionDecided.make({ ...of, decision: "denied", reason: decision.reason })
      )
    decided = yield* step(decisionKey, PermissionDecided, decide)
    yield* permission.remember(sessionId, decided.grants ?? [])
  }
  if (decided.decision === "allowed") return admitted
  const why = decided.reason === undefined ? decided.rule : `${decided.reason} (${decided.rule})`
  return { ...admitted, refusal: `The call was not permitted: ${why}. Do not try to reach the same in another way.` }
})

type Ask = Extract<Decision, { readonly _tag: "Ask" }>

const askFor = Effect.fnUntraced(function*({ sessionId, turnId }: Options, { call, itemId }: Admitted, ask: Ask) {
  const approver = yield* Approver
  const { show } = yield* Step
  const { always, grants, isByMode, question, rule } = ask
  yield* show({ _tag: "PermissionRequested", turnId, itemId, call, rule, question, always })
  const answer = yield* approver.ask({ sessionId, tool: call.name, text: question, always })
  if (Option.isNone(answer)) {
    return yield* new PermissionNeeded({ session: sessionId, tool: call.name, question, rule, isByMode })
  }
  const of = { turnId, itemId, rule, by: "person" as const }
  return answer.value === "no"
    ? PermissionDecided.make({ ...of, decision: "denied", reason: "the user said no" })
    : PermissionDecided.make({ ...of, decision: "allowed", ...(answer.value === "always" ? { grants } : {}) })
})

/** Runs the calls of a response in their order: what may run side by side does, and what may not runs alone. */
const runTools = Effect.fnUntraced(function*(options: Options, calls: ReadonlyArray<Admitted>) {
  const tools = yield* ToolExecutor
  const kinds = yield* Effect.forEach(calls, ({ call }) => tools.concurrency(call))
  const ended: Array<ToolEnded> = []
  for (let from = 0, to = 0; from < calls.length; from = to) {
    to = from + 1
    if (kinds[from] === "parallel") { while (kinds[to] === "parallel") to++ }
    const group = calls.slice(from, to)
    ended.push(...yield* Effect.forEach(group, (call) => runTool(options, call), { concurrency: maxConcurrentCalls }))
  }
  return ended
})

const runTool = Effect.fnUntraced(
  function*({ sessionId, tokens, turnId }: Options, { call, isExcess, itemId, key, refusal }: Admitted) {
    const tools = yield* ToolExecutor
    const { show, step } = yield* Step
    const started = ToolStarted.make({ turnId, itemId, call, ...(isExcess === true ? { isExcess } : {}) })
    yield* step(key + startedSuffix, ToolStarted, Effect.succeed(started))
    const progress = yield* Progress.make((text) => show({ _tag: "ToolProgress", turnId, itemId, text }))
    const execute = Effect.map(
      refusal === undefined
        ? tools.execute(call, { callId: call.call_id, sessionId, progress, tokens })
        : Effect.succeed<ToolResult>({ status: "failed", output: refusal }),
      ({ details, output, status }) =>
        ToolEnded.make({ turnId, itemId, call, status, output, ...(details === undefined ? {} : { details }) })
    )
    return yield* step(key, ToolEnded, execute)
  }
)
