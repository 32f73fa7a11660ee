/**
 * The loop: ask the model, run the tools it calls, send their outputs back, until it answers.
 *
 * One step of a turn, in order, and where each thing is done. What is in the log already is recalled, not done again
 * (`Step.ts`): so a turn that was cut off resumes where it stopped.
 *
 *  1. The workspace must be there, and a budget left                        Limits.ts, Budget.ts
 *  2. What a person has said meanwhile is heard, and what agents in the
 *     background have come to                                               Inputs.ts, Inbox.ts, ../tools/Background.ts
 *  3. A conversation that nearly fills the model's window is compacted      ContextPolicy.ts, Compaction.ts
 *  4. The conversation is folded into the input of a request                ../session/History.ts
 *  5. The request is made, with the tools there are                         TurnRequest.ts, ../responses/Request.ts
 *  6. It is sent, and sent again where that helps                           ../responses/transport/Retry.ts
 *  7. The answer comes as events: texts are told as they come               ../responses/StreamEvent.ts, Deltas.ts
 *  8. They are folded into the items of a response, which are logged        ../responses/Response.ts, ../session/SessionEvent.ts
 *  9. An answer without calls ends the turn, unless somebody has more to say
 *     (a hook too), or it does not fit the schema that was asked for        hooks/, ../responses/StructuredOutput.ts
 * 10. Its calls are counted; those over a limit are refused                 Admission.ts, Repeats.ts
 * 11. For each call it is decided whether it may run, by hooks first        hooks/, CallApproval.ts, ../tools/permission/Permission.ts
 * 12. That a call begins is logged, it runs, that it ended is logged        Calls.ts, ../tools/ToolExecutor.ts
 * 13. What the calls gave is added to the conversation, and the next step begins
 *
 * Around it, `Agent.ts` opens the session and begins the turn, and `TurnEnd.ts` writes its one end.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as GenAi from "../internal/genAi.ts"
import { defined, isDeep, tooDeep } from "../internal/json.ts"
import { redactedSpan } from "../internal/redactedSpan.ts"
import { runForEachChunk } from "../internal/stream.ts"
import { Prices, withCost } from "../responses/account/Price.ts"
import { answer as answerIn } from "../responses/Item.ts"
import { ModelError } from "../responses/ModelError.ts"
import * as Request from "../responses/Request.ts"
import * as Response from "../responses/Response.ts"
import { Responses } from "../responses/Responses.ts"
import * as StructuredOutput from "../responses/StructuredOutput.ts"
import * as Usage from "../responses/Usage.ts"
import * as History from "../session/History.ts"
import { type Context, type InputAdded, type Limit, ModelResponded } from "../session/SessionEvent.ts"
import * as Background from "../tools/Background.ts"
import type { Permission } from "../tools/permission/Permission.ts"
import * as Tool from "../tools/Tool.ts"
import type { ToolExecutor } from "../tools/ToolExecutor.ts"
import type { WorkspaceGone } from "../tools/workspace/Workspace.ts"
import * as Admission from "./Admission.ts"
import type { AgentError } from "./AgentError.ts"
import * as Budget from "./Budget.ts"
import * as Calls from "./Calls.ts"
import * as BackgroundAgents from "./children/BackgroundAgents.ts"
import * as Compaction from "./Compaction.ts"
import * as Deltas from "./Deltas.ts"
import * as TurnHooks from "./hooks/TurnHooks.ts"
import type { Inbox } from "./Inbox.ts"
import * as Inputs from "./Inputs.ts"
import * as Limits from "./Limits.ts"
import { Step } from "./Step.ts"
import * as TurnRequest from "./TurnRequest.ts"

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
  /** What the parent run may still use. */
  readonly budget?: Tool.Budget | undefined
  /** The answer with which a session has ended, for agents that worked beside a turn that was cut off. */
  readonly answerOf: (sessionId: string) => Effect.Effect<Option.Option<string>>
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
  /**
   * What the answer has to be. One that does not fit is sent back once, with what is wrong; the answer of the turn is the
   * JSON alone.
   */
  readonly output?: StructuredOutput.StructuredOutput<unknown> | undefined
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
    readonly context: Context
  }
  | { readonly _tag: "Limited"; readonly limit: Limit; readonly usage: Usage.Usage }

/**
 * Runs a turn, or what is left of it: steps that are done already give their results at once.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 * import { History, Item } from "effixir"
 * import { Turn } from "effixir/agent"
 *
 * // `Agent.run` does this, and keeps the beginning and the end in the log.
 * const outcome = Turn.run({
 *   sessionId: "s1",
 *   turnId: "turn-1",
 *   history: History.fromEvents([
 *     { _tag: "TurnStarted", turnId: "turn-1", model: "gpt-5.5", input: [Item.userMessage("Say hello")] }
 *   ]),
 *   model: "gpt-5.5",
 *   instructions: "Be brief.",
 *   reasoning: undefined,
 *   answerOf: () => Effect.succeed(Option.none())
 * })
 * ```
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
  const used = yield* Ref.make(Usage.zero)
  const work = Effect.scoped(loop(options, used))
  const { time } = options.limits ?? Limits.none
  if (time === undefined) return yield* work
  const outcome = yield* Effect.timeoutOption(work, time)
  return Option.isSome(outcome) ? outcome.value : limited("time", yield* Ref.get(used))
}, (turn, options) => {
  const { name, ...span } = GenAi.invokeAgent(options)
  return turn.pipe(
    Effect.tap(({ usage }) => Effect.annotateCurrentSpan(GenAi.used(usage))),
    redactedSpan(name, span)
  )
})

const loop = Effect.fnUntraced(function*(options: Options, used: Ref.Ref<Usage.Usage>) {
  const { checkWorkspace = Effect.void, limits = Limits.none, output, stopWhen, turnId } = options
  const { log, recall, step } = yield* Step
  const inputs = yield* Inputs.make(turnId, options.inbox)
  const budget = yield* Budget.make(limits, options.budget)
  const asking = yield* Effect.makeSemaphore(1)
  const background = yield* Background.make(
    Effect.mapBoth(log, {
      onFailure: ({ message }) => new Tool.ToolFailure({ message }),
      onSuccess: BackgroundAgents.lastNumber
    })
  )
  let history = options.history
  let counters = Admission.empty
  let isAnswered = false
  /** Asked of the model because its last answer did not fit. */
  let repair: InputAdded | undefined
  let isRepaired = false
  /** How often a hook has had the model go on. */
  let stops = 0

  const count = ({ usage }: { readonly usage: Usage.Usage }) => budget.spend(usage)
  const compaction = yield* Compaction.make(options, used, count)

  for (let n = 0;; n++) {
    const key = `${turnId}/model/${n}`
    const isNew = Option.isNone(yield* recall(key, ModelResponded))
    if (isNew) {
      yield* checkWorkspace
      const limit = Limits.beforeStep(limits, counters.spent, yield* budget.left)
      if (limit !== undefined) return limited(limit, yield* Ref.get(used))
    }
    const heard = [...repair === undefined ? [] : [repair], ...yield* inputs.recalled(n)]
    repair = undefined
    if (isNew) {
      for (const report of yield* background.ended) {
        heard.push(yield* inputs.add(n, "background", BackgroundAgents.told(report)))
      }
      heard.push(...yield* inputs.take(n, isAnswered && heard.length === 0))
    }
    history = yield* compaction.recalled(
      n,
      Inputs.withChanges(heard, n, options.effortChanges).reduce(History.add, history)
    )
    if (isNew) {
      const account = yield* Effect.flatMap(Responses, ({ account }) => account)
      history = yield* compaction.ifFull(n, yield* TurnRequest.readable(history, { model: options.model, account }))
    }
    const ask = (history: History.History) => step(key, ModelResponded, askModel(options, history, n))
    const response = yield* Effect.catchIf(ask(history), Compaction.isOverflow, (overflow) =>
      Effect.gen(function*() {
        history = yield* compaction.afterOverflow(n, history, overflow)
        return yield* Effect.mapError(ask(history), Compaction.stillTooLong)
      }))
    history = History.add(history, response)
    const usage = yield* Ref.updateAndGet(used, (usage) => Usage.add(usage, response.usage))
    if (isNew) {
      counters = Admission.addStep(counters)
      yield* count(response)
    }

    const answer = answerIn(response.items)
    const calls = yield* Calls.of(response)
    isAnswered = calls.length === 0 && answer !== ""
    if (isAnswered) {
      const mayAsk = Limits.beforeStep(limits, counters.spent, yield* budget.left) === undefined
      if (yield* inputs.hasMore(n + 1, mayAsk)) continue
      // What goes on beside the turn has its say before the turn ends.
      if (mayAsk && (yield* Effect.raceFirst(background.next, inputs.more(n + 1)))) continue
      const goOn = yield* TurnHooks.ending({ sessionId: options.sessionId, turnId }, answer, stops)
      if (goOn !== undefined) {
        stops++
        repair = yield* inputs.add(n + 1, "followUp", goOn)
        continue
      }
      if (output === undefined) {
        return completed(answer, usage, response.finishReason, yield* compaction.context(history))
      }
      const read = yield* Effect.either(output.json(response))
      if (Either.isLeft(read)) {
        // A turn that is resumed after such an end asks the model again.
        const hopeless = StructuredOutput.whyHopeless(response)
        if (isNew && hopeless !== undefined) return yield* hopeless
        if (isNew && isRepaired) return yield* StructuredOutput.unfit(read.left)
        repair = yield* inputs.add(n + 1, "followUp", StructuredOutput.repair(output, read.left))
        isRepaired = true
        continue
      }
      return completed(read.right, usage, response.finishReason, yield* compaction.context(history))
    }
    if (calls.length === 0) {
      // A turn that is resumed after it ended without an answer asks the model again.
      if (isNew) return yield* noAnswer(response.finishReason)
      continue
    }

    const admitted = Admission.admit(counters, limits, calls)
    counters = admitted.counters
    const ended = yield* Calls.run({ ...options, asking, background, budget }, admitted.calls)
    if (!isNew) {
      yield* Effect.forEach(ended, (call) => BackgroundAgents.recall(background, call, options.answerOf), {
        discard: true
      })
    }
    if (admitted.limit !== undefined) return limited(admitted.limit, usage)
    history = History.addEnded(history, ended)

    if (stopWhen !== undefined && Option.isNone(yield* recall(`${turnId}/model/${n + 1}`, ModelResponded))) {
      if (yield* stopWhen({ step: n, response })) {
        return completed(answer, usage, "stopped", yield* compaction.context(history))
      }
    }
  }
})

const completed = (answer: string, usage: Usage.Usage, finishReason: string, context: Context): Outcome => ({
  _tag: "Completed",
  answer,
  usage,
  finishReason,
  context
})

const limited = (limit: Limit, usage: Usage.Usage): Outcome => ({ _tag: "Limited", limit, usage })

/**
 * One model call. Where the server can no longer read what it has compacted, the conversation is sent as it was before.
 */
const askModel = (options: Options, history: History.History, n: number) =>
  Effect.catchIf(askOnce(options, history, n, true), isUnreadable, () => askOnce(options, history, n, false))

/** Its deltas are shown as they come; its items count only when it has ended well. */
const askOnce = Effect.fnUntraced(
  function*(options: Options, history: History.History, n: number, isReadable: boolean) {
    const responses = yield* Responses
    const { show } = yield* Step
    const prices = yield* Prices
    const { turnId } = options
    const account = yield* responses.account

    const request = yield* prepare(options, history, account, n, isReadable)
    const deltas = yield* Deltas.make(turnId, n)
    let response = Response.empty
    let isWithoutEncrypted = !isReadable
    let isWithoutImages = false
    let isWithoutAnyImages = false
    yield* runForEachChunk(responses.stream(request), (events) => {
      response = Chunk.reduce(events, response, Response.add)
      for (const event of events) {
        if (event.type !== "effixir.retry") continue
        isWithoutEncrypted ||= event.isWithoutEncrypted
        isWithoutImages ||= event.isWithoutImages === true
        isWithoutAnyImages ||= event.isWithoutAnyImages === true
      }
      const shown = Chunk.toReadonlyArray(events).flatMap(deltas.of)
      // Nearly all chunks hold one piece of a text.
      return shown.length === 1 && shown[0] !== undefined
        ? show(shown[0])
        : Effect.forEach(shown, show, { discard: true })
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
      usage: withCost(response.usage, prices.of(request.model), account),
      finishReason: response.finishReason ?? "stop",
      ...(isWithoutEncrypted ? { isWithoutEncrypted } : {}),
      ...(isWithoutImages ? { isWithoutImages } : {}),
      ...(isWithoutAnyImages ? { isWithoutAnyImages } : {}),
      ...(response.removed.length > 0 && !History.hasRemoved(history) ? { removed: response.removed } : {})
    })
  }
)

const isUnreadable = (error: AgentError): boolean =>
  error._tag === "ModelError" && error.code === "invalid_encrypted_content"

/** The request of a model call, from the options and `prepareStep`. */
const prepare = Effect.fnUntraced(
  function*(options: Options, history: History.History, account: string, n: number, isReadable: boolean) {
    const { model, output, prepareStep, sessionId, turnId } = options
    const own = yield* TurnRequest.readable(history, { model, account }, isReadable)
    const bare = yield* TurnRequest.make(options, own, account, isReadable)
    const request = output === undefined ? bare : { ...bare, text: { ...bare.text, format: output.declaration } }
    if (prepareStep === undefined) return request
    const prepared = yield* prepareStep({ sessionId, turnId, step: n, request })
    // Another model cannot read this model's encrypted reasoning.
    const other = { model: prepared.model, account }
    const input = prepared.model === model || prepared.input !== request.input
      ? prepared.input
      : History.toInput(yield* TurnRequest.readable(own, other, isReadable), other, { isReadable })
    const effort = History.effortOf(own)
    const wanted = prepared.reasoning?.effort
    return wanted === undefined || wanted === request.reasoning?.effort
      ? { ...prepared, input }
      : {
        ...prepared,
        input: [...input, Request.effortUpdate(wanted)],
        reasoning: { ...prepared.reasoning, ...defined({ effort }) }
      }
  }
)

const noAnswer = (finishReason: string) =>
  new ModelError({
    reason: { _tag: "NoAnswer" },
    detail: finishReason === "stop" ? "" : `the response was cut short (${finishReason})`
  })
