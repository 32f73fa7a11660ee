/**
 * The calls of one response: asked for, run, and written down.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isToolCall, type ToolCall } from "../responses/ToolCall.ts"
import { itemId, type ModelResponded, startedSuffix, ToolEnded, ToolStarted } from "../session/SessionEvent.ts"
import type { Background } from "../tools/Background.ts"
import type { Question } from "../tools/permission/Approver.ts"
import type { Permission } from "../tools/permission/Permission.ts"
import type { Budget, Child, RefusedWrite } from "../tools/Tool.ts"
import { ToolExecutor, type ToolResult } from "../tools/ToolExecutor.ts"
import type * as Admission from "./Admission.ts"
import { HookStopped } from "./AgentError.ts"
import * as CallApproval from "./CallApproval.ts"
import * as CallHooks from "./hooks/CallHooks.ts"
import * as ProgressThrottle from "./ProgressThrottle.ts"
import { Step } from "./Step.ts"

/** How many calls of one response run at a time. */
const maxConcurrentCalls = 8

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

/** @since 0.1.0 @category models */
export type Admitted = Admission.Admitted<Call>["calls"][number]

/** @since 0.1.0 @category models */
export interface Options {
  readonly sessionId: string
  readonly turnId: string
  readonly budget: Budget
  readonly background: Background
  /** Lets one question be asked at a time, of the session and of all that work for it. */
  readonly asking: Effect.Semaphore
}

/**
 * The calls of a response. Calls with the same id are still separate steps.
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
 * Runs the admitted calls, once all of them are permitted, and gives how each has ended. Where a call needs approval
 * for a change of files that an earlier call changes as well, the earlier calls run first, so that the question shows
 * the files as they are then.
 *
 * @since 0.1.0
 * @category running
 */
export const run = Effect.fnUntraced(function*(options: Options, admitted: ReadonlyArray<Admitted>) {
  const ended: Array<ToolEnded> = []
  let permitted: Array<CallApproval.Permitted> = []
  const changing = new Set<string>()
  const runPermitted = Effect.suspend(() => Effect.map(runTools(options, permitted), (more) => ended.push(...more)))
  for (const call of admitted) {
    const decided = yield* CallApproval.decide(options, call)
    if (decided._tag === "Asking" && decided.touches.some((file) => changing.has(file))) {
      yield* runPermitted
      permitted = []
      changing.clear()
    }
    permitted.push(decided._tag === "Asking" ? yield* CallApproval.ask(options, decided) : decided.call)
    for (const file of decided.touches) changing.add(file)
  }
  yield* runPermitted
  return ended
})

/** Runs the calls of a response in their order: those that may run in parallel do, and the others run alone. */
const runTools = Effect.fnUntraced(function*(options: Options, calls: ReadonlyArray<CallApproval.Permitted>) {
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
  function*(options: Options, { agreed, call, context: said, isExcess, itemId, key, refusal }: CallApproval.Permitted) {
    const { background, budget, sessionId, turnId } = options
    const tools = yield* ToolExecutor
    const { show, step } = yield* Step
    // What is refused does nothing.
    const intending = refusal === undefined ? tools.intent(call, { sessionId }) : Effect.succeed(undefined)
    yield* step(
      key + startedSuffix,
      ToolStarted,
      Effect.map(intending, (intent) =>
        ToolStarted.make({
          turnId,
          itemId,
          call,
          ...(isExcess === true ? { isExcess } : {}),
          ...(intent === undefined ? {} : { intent })
        }))
    )
    const shown = (text: string, child?: Child) =>
      show({ _tag: "ToolProgress", turnId, itemId, text, ...(child === undefined ? {} : { child }) })
    const throttled = yield* ProgressThrottle.make(shown)
    const services = yield* Effect.context<Permission | Step | ToolExecutor>()
    const isSomebodyThere = yield* CallApproval.isSomebodyThere
    const context = {
      callId: call.call_id,
      sessionId,
      progress: (text: string, child?: Child) => child === undefined ? throttled(text) : shown(text, child),
      ask: (question: Question, child: Child) =>
        Effect.provide(CallApproval.askForChild(options, { call, itemId }, question, child), services),
      ...isSomebodyThere
        ? {
          // What cannot be logged is not allowed; the end of the call will tell why.
          askToWrite: (refused: RefusedWrite) =>
            CallApproval.askToWrite(options, { call, itemId, key }, refused).pipe(
              Effect.orElseSucceed(() => Option.none()),
              Effect.provide(services)
            )
        }
        : {},
      writable: Effect.provide(CallApproval.writable(sessionId), services),
      budget,
      background,
      agreed
    }
    let stop: string | undefined
    const hooked = Effect.flatMap(
      tools.execute(call, context),
      (result) =>
        Effect.map(CallHooks.after({ sessionId, turnId }, call, result, said), (after) => {
          stop = after.stop
          return after.result
        })
    )
    const execute = Effect.map(
      refusal === undefined ? hooked : Effect.succeed<ToolResult>({ status: "failed", output: refusal }),
      ({ details, output, status }) =>
        ToolEnded.make({ turnId, itemId, call, status, output, ...(details === undefined ? {} : { details }) })
    )
    const ended = yield* step(key, ToolEnded, execute)
    // What the call has done is logged before the turn ends.
    return stop === undefined ? ended : yield* new HookStopped({ event: "PostToolUse", reason: stop })
  }
)
