/**
 * The loop: ask the model, run the tools it calls, send their outputs back, until it answers.
 *
 * One step of a turn, in order, and where each thing is done. What is in the log already is recalled, not done again
 * (`Step.ts`): so a turn that was cut off resumes where it stopped.
 *
 *  1. The workspace must be there, and a budget left                        Limits.ts, Tokens.ts
 *  2. What a person has said meanwhile is heard                             Inputs.ts, Inbox.ts
 *  3. The conversation is folded into the input of a request                ../session/History.ts
 *  4. The request is made, with the tools there are                         ../responses/Request.ts, ../tools/Toolkit.ts
 *  5. It is sent, and sent again where that helps                           ../responses/transport/Retry.ts
 *  6. The answer comes as events: texts are told as they come               ../responses/StreamEvent.ts, Deltas.ts
 *  7. They are folded into the items of a response, which are logged        ../responses/Response.ts, ../session/SessionEvent.ts
 *  8. An answer without calls ends the turn, unless somebody has more to say
 *  9. Its calls are counted; those over a limit are refused                 Admission.ts, Repeats.ts
 * 10. For each call it is decided whether it may run                        CallApproval.ts, ../tools/permission/Permission.ts
 * 11. That a call begins is logged, it runs, that it ended is logged        Calls.ts, ../tools/ToolExecutor.ts
 * 12. What the calls gave is added to the conversation, and the next step begins
 *
 * Around it, `Agent.ts` opens the session, begins the turn and writes its one end.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { defined, isDeep, tooDeep } from "../internal/json.ts"
import { redactedSpan } from "../internal/redactedSpan.ts"
import { runForEachChunk } from "../internal/stream.ts"
import { answer as answerIn } from "../responses/Item.ts"
import { ModelError } from "../responses/ModelError.ts"
import * as Request from "../responses/Request.ts"
import * as Response from "../responses/Response.ts"
import { Responses } from "../responses/Responses.ts"
import * as Usage from "../responses/Usage.ts"
import * as History from "../session/History.ts"
import { type Limit, ModelResponded } from "../session/SessionEvent.ts"
import type { Permission } from "../tools/permission/Permission.ts"
import type * as Tool from "../tools/Tool.ts"
import { ToolExecutor } from "../tools/ToolExecutor.ts"
import type { WorkspaceGone } from "../tools/workspace/Workspace.ts"
import * as Admission from "./Admission.ts"
import type { AgentError } from "./AgentError.ts"
import * as Calls from "./Calls.ts"
import * as Deltas from "./Deltas.ts"
import type { Inbox } from "./Inbox.ts"
import * as Inputs from "./Inputs.ts"
import * as Limits from "./Limits.ts"
import { Step } from "./Step.ts"
import * as Tokens from "./Tokens.ts"

/**
 * What a turn needs to know. `history` is the conversation up to and with the turn's input.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Control {
  readonly sessionId: string
  readonly turnId: string
  readonly history: History.History
  readonly model: string
  readonly instructions: string
  readonly reasoning: Request.ReasoningOptions | undefined
  readonly inbox?: Inbox | undefined
  /** The changes of effort with which the turn was resumed. */
  readonly effortChanges?: ReadonlyArray<Inputs.EffortChange> | undefined
  /** The tokens that the parent run may still use. */
  readonly tokens?: Tool.Tokens | undefined
}

/**
 * How a caller limits, changes and ends a turn.
 *
 * @since 0.1.0
 * @category models
 */
export interface Control {
  readonly limits?: Limits.Limits | undefined
  /**
   * Changes the request of one model call: its model, tools, instructions. It is not run again when the call is
   * retried.
   */
  readonly prepareStep?: ((context: PrepareContext) => Effect.Effect<Request.Request>) | undefined
  /** Ends the turn after a step whose calls have run, as completed with the finish reason `stopped`. */
  readonly stopWhen?: ((context: StopContext) => Effect.Effect<boolean>) | undefined
  /** Ends the turn as failed when the folder it works in is gone; asked before each model call. */
  readonly checkWorkspace?: Effect.Effect<void, WorkspaceGone> | undefined
}

/** @since 0.1.0 @category models */
export interface PrepareContext {
  readonly sessionId: string
  readonly turnId: string
  readonly step: number
  readonly request: Request.Request
}

/** @since 0.1.0 @category models */
export interface StopContext {
  readonly step: number
  readonly response: ModelResponded
}

/**
 * How a turn ended: with an answer, or at a limit.
 *
 * @since 0.1.0
 * @category models
 */
export type Outcome =
  | {
    readonly _tag: "Completed"
    readonly answer: string
    readonly usage: Usage.Usage
    readonly finishReason: string
  }
  | { readonly _tag: "Limited"; readonly limit: Limit; readonly usage: Usage.Usage }

/**
 * Runs a turn, or what is left of it: steps that are done already give their results at once.
 *
 * @since 0.1.0
 * @category running
 */
export const run: (
  options: Options
) => Effect.Effect<
  Outcome,
  AgentError,
  Permission | Step | Responses | ToolExecutor
> = Effect.fnUntraced(function*(options) {
  yield* Effect.annotateCurrentSpan({ session: options.sessionId, turn: options.turnId })
  const used = yield* Ref.make(Usage.zero)
  const work = loop(options, used)
  const { time } = options.limits ?? Limits.none
  if (time === undefined) return yield* work
  const outcome = yield* Effect.timeoutOption(work, time)
  return Option.isSome(outcome) ? outcome.value : limited("time", yield* Ref.get(used))
}, redactedSpan("Turn.run"))

const loop = Effect.fnUntraced(function*(options: Options, used: Ref.Ref<Usage.Usage>) {
  const { checkWorkspace = Effect.void, limits = Limits.none, stopWhen, turnId } = options
  const { recall, step } = yield* Step
  const inputs = yield* Inputs.make(turnId, options.inbox)
  const tokens = yield* Tokens.make(limits.tokens, options.tokens)
  let history = options.history
  let counters = Admission.empty
  let isAnswered = false

  for (let n = 0;; n++) {
    const key = `${turnId}/model/${n}`
    const isNew = Option.isNone(yield* recall(key, ModelResponded))
    if (isNew) {
      yield* checkWorkspace
      const limit = Limits.beforeStep(limits, counters.spent, yield* tokens.left)
      if (limit !== undefined) return limited(limit, yield* Ref.get(used))
    }
    const heard = yield* inputs.recalled(n)
    if (isNew) heard.push(...yield* inputs.take(n, isAnswered && heard.length === 0))
    history = Inputs.withChanges(heard, n, options.effortChanges).reduce(History.add, history)
    const response = yield* step(key, ModelResponded, askModel(options, history, n))
    history = History.add(history, response)
    const usage = yield* Ref.updateAndGet(used, (usage) => Usage.add(usage, response.usage))
    if (isNew) {
      counters = Admission.addStep(counters)
      yield* tokens.spend(response.usage.inputTokens + response.usage.outputTokens)
    }

    const answer = answerIn(response.items)
    const calls = yield* Calls.of(response)
    isAnswered = calls.length === 0 && answer !== ""
    if (isAnswered) {
      const mayAsk = Limits.beforeStep(limits, counters.spent, yield* tokens.left) === undefined
      if (yield* inputs.hasMore(n + 1, mayAsk)) continue
      return completed(answer, usage, response.finishReason)
    }
    if (calls.length === 0) {
      // A turn that is resumed after it ended without an answer asks the model again.
      if (isNew) return yield* noAnswer(response.finishReason)
      continue
    }

    const admitted = Admission.admit(counters, limits, calls)
    counters = admitted.counters
    const ended = yield* Calls.run({ ...options, tokens }, admitted.calls)
    if (admitted.limit !== undefined) return limited(admitted.limit, usage)
    history = ended.reduce(History.add, history)

    if (stopWhen !== undefined && Option.isNone(yield* recall(`${turnId}/model/${n + 1}`, ModelResponded))) {
      if (yield* stopWhen({ step: n, response })) return completed(answer, usage, "stopped")
    }
  }
})

const completed = (answer: string, usage: Usage.Usage, finishReason: string): Outcome => ({
  _tag: "Completed",
  answer,
  usage,
  finishReason
})

const limited = (limit: Limit, usage: Usage.Usage): Outcome => ({ _tag: "Limited", limit, usage })

/** One model call. Its deltas are shown as they come; its items count only when it has ended well. */
const askModel = Effect.fnUntraced(function*(options: Options, history: History.History, n: number) {
  const responses = yield* Responses
  const { show } = yield* Step
  const { turnId } = options
  const account = yield* responses.account

  const request = yield* prepare(options, history, account, n)
  const deltas = yield* Deltas.make(turnId, n)
  let response = Response.empty
  let isWithoutEncrypted = false
  let isWithoutImages = false
  yield* runForEachChunk(responses.stream(request), (events) => {
    response = Chunk.reduce(events, response, Response.add)
    for (const event of events) {
      if (event.type !== "effixir.retry") continue
      isWithoutEncrypted ||= event.isWithoutEncrypted
      isWithoutImages ||= event.isWithoutImages === true
    }
    return Effect.forEach(Chunk.toReadonlyArray(events).flatMap(deltas.of), show, { discard: true })
  })
  yield* Effect.forEach(deltas.flush(), show, { discard: true })

  if (response.finishReason === "content_filter") {
    return yield* new ModelError({ reason: { _tag: "ContentFiltered" }, detail: "" })
  }
  if (response.removed.length > 0) {
    yield* Effect.logDebug("input_transformations", ...response.removed)
  }
  const items = Response.items(response)
  if (items.some(isDeep)) return yield* new ModelError({ reason: { _tag: "MalformedOutput" }, detail: tooDeep })
  return ModelResponded.make({
    turnId,
    step: n,
    model: request.model,
    account,
    items,
    usage: response.usage,
    finishReason: response.finishReason ?? "stop",
    ...(isWithoutEncrypted ? { isWithoutEncrypted } : {}),
    ...(isWithoutImages ? { isWithoutImages } : {}),
    ...(response.removed.length > 0 && !History.hasRemoved(history) ? { removed: response.removed } : {})
  })
})

/** The request of a model call, from the options and `prepareStep`. */
const prepare = Effect.fnUntraced(function*(options: Options, history: History.History, account: string, n: number) {
  const { model, prepareStep, sessionId, turnId } = options
  const tools = yield* ToolExecutor
  // A later change of effort is part of the conversation.
  const effort = History.effortOf(history)
  const reasoning = defined({ ...options.reasoning, effort })
  const request = Request.make({
    model,
    instructions: options.instructions,
    input: History.toInput(history, { model, account }),
    tools: yield* tools.declarations,
    reasoning: Object.keys(reasoning).length === 0 ? undefined : reasoning,
    cacheKey: sessionId
  })
  if (prepareStep === undefined) return request
  const prepared = yield* prepareStep({ sessionId, turnId, step: n, request })
  // Another model cannot read this model's encrypted reasoning.
  const input = prepared.model === model || prepared.input !== request.input
    ? prepared.input
    : History.toInput(history, { model: prepared.model, account })
  const other = prepared.reasoning?.effort
  return other === undefined || other === request.reasoning?.effort
    ? { ...prepared, input }
    : {
      ...prepared,
      input: [...input, Request.effortUpdate(other)],
      reasoning: { ...prepared.reasoning, ...defined({ effort }) }
    }
})

const noAnswer = (finishReason: string) =>
  new ModelError({
    reason: { _tag: "NoAnswer" },
    detail: finishReason === "stop" ? "" : `the response was cut short (${finishReason})`
  })
