/**
 * The loop: ask the model, run the tools it calls, tell it what they gave, until it answers.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { CredentialsError } from "../auth/Credentials.ts"
import { answer as answerIn } from "../responses/Item.ts"
import { ModelError } from "../responses/ModelError.ts"
import * as Request from "../responses/Request.ts"
import * as Response from "../responses/Response.ts"
import { Responses } from "../responses/Responses.ts"
import type { StreamEvent } from "../responses/StreamEvent.ts"
import { isToolCall, type ToolCall } from "../responses/ToolCall.ts"
import * as Usage from "../responses/Usage.ts"
import * as History from "../session/History.ts"
import { itemId, ModelResponded, ToolEnded, ToolStarted } from "../session/SessionEvent.ts"
import type { SessionError } from "../session/SessionStore.ts"
import { ToolExecutor } from "../tools/ToolExecutor.ts"
import type { Ephemeral } from "./AgentEvent.ts"
import * as Progress from "./Progress.ts"
import { Step } from "./Step.ts"

/** How many calls of one response run at a time. */
const maxConcurrentCalls = 8

/**
 * What a turn needs to know. `history` is the conversation up to and with the turn's input.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly sessionId: string
  readonly turnId: string
  readonly history: History.History
  readonly model: string
  readonly instructions: string
  readonly reasoning: Request.ReasoningOptions | undefined
}

/** @since 0.1.0 @category models */
export interface Outcome {
  readonly answer: string
  readonly usage: Usage.Usage
  readonly finishReason: string
}

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
  ModelError | CredentialsError | SessionError,
  Step | Responses | ToolExecutor
> = Effect.fn("Turn.run")(function*(options) {
  yield* Effect.annotateCurrentSpan({ session: options.sessionId, turn: options.turnId })
  const { step } = yield* Step
  let history = options.history
  let usage = Usage.zero

  for (let n = 0;; n++) {
    const response = yield* step(`${options.turnId}/model/${n}`, ModelResponded, askModel(options, history, n))
    history = History.add(history, response)
    usage = Usage.add(usage, response.usage)

    const calls = callsOf(response)
    if (calls.length === 0) {
      const answer = answerIn(response.items)
      if (answer === "") return yield* noAnswer(response.finishReason)
      return { answer, usage, finishReason: response.finishReason }
    }

    const ended = yield* runTools(options, calls)
    history = ended.reduce(History.add, history)
  }
})

/** One model call. Its deltas are shown as they come; its items count only when it has ended well. */
const askModel = Effect.fnUntraced(function*(options: Options, history: History.History, n: number) {
  const responses = yield* Responses
  const tools = yield* ToolExecutor
  const { show } = yield* Step
  const { model, turnId } = options
  const account = yield* responses.account

  const request = Request.make({
    model,
    instructions: options.instructions,
    input: History.toInput(history, { model, account }),
    tools: yield* tools.declarations,
    reasoning: options.reasoning,
    cacheKey: options.sessionId
  })
  let response = Response.empty
  let isWithoutEncrypted = false
  yield* Stream.runForEachChunk(responses.stream(request), (events) => {
    response = Chunk.reduce(events, response, Response.add)
    isWithoutEncrypted ||= Chunk.some(events, (event) => event.type === "effixir.retry" && event.isWithoutEncrypted)
    return Effect.forEach(Chunk.filterMap(events, (event) => toShow(event, turnId, n)), show, { discard: true })
  })

  if (response.finishReason === "content_filter") {
    return yield* new ModelError({ reason: { _tag: "ContentFiltered" }, detail: "" })
  }
  return ModelResponded.make({
    turnId,
    step: n,
    model,
    account,
    items: Response.items(response),
    usage: response.usage,
    finishReason: response.finishReason ?? "stop",
    ...(isWithoutEncrypted ? { isWithoutEncrypted } : {})
  })
})

/**
 * What the key of a call's beginning has behind the key of its end.
 *
 * @since 0.1.0
 * @category running
 */
export const startedSuffix = "/started"

interface Call {
  readonly key: string
  readonly itemId: string
  readonly call: ToolCall
}

/** The calls of a response. A call id that comes twice still names two steps. */
const callsOf = (response: ModelResponded): ReadonlyArray<Call> => {
  const seen = new Map<string, number>()
  return response.items.flatMap((call, index) => {
    if (!isToolCall(call)) return []
    const count = (seen.get(call.call_id) ?? 0) + 1
    seen.set(call.call_id, count)
    const key = `${response.turnId}/tool/${response.step}/${call.call_id}${count === 1 ? "" : `#${count}`}`
    return [{ key, itemId: itemId(response.turnId, response.step, index), call }]
  })
}

/** Runs the calls of a response in their order: what may run side by side does, and what may not runs alone. */
const runTools = Effect.fnUntraced(function*(options: Options, calls: ReadonlyArray<Call>) {
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

const runTool = Effect.fnUntraced(function*({ sessionId, turnId }: Options, { call, itemId, key }: Call) {
  const tools = yield* ToolExecutor
  const { show, step } = yield* Step
  yield* step(key + startedSuffix, ToolStarted, Effect.succeed(ToolStarted.make({ turnId, itemId, call })))
  const progress = yield* Progress.make((text) => show({ _tag: "ToolProgress", turnId, itemId, text }))
  const execute = Effect.map(
    tools.execute(call, { callId: call.call_id, sessionId, progress }),
    ({ details, output, status }) =>
      ToolEnded.make({ turnId, itemId, call, status, output, ...(details === undefined ? {} : { details }) })
  )
  return yield* step(key, ToolEnded, execute)
})

const noAnswer = (finishReason: string) =>
  new ModelError({
    reason: { _tag: "NoAnswer" },
    detail: finishReason === "stop" ? "" : `the response was cut short (${finishReason})`
  })

const toShow = (event: StreamEvent, turnId: string, n: number): Option.Option<Ephemeral> => {
  switch (event.type) {
    case "response.output_text.delta":
    case "response.refusal.delta":
      return Option.some({ _tag: "TextDelta", ...pieceOf(event, turnId, n) })
    case "response.reasoning_summary_text.delta":
      return Option.some({ _tag: "ReasoningDelta", ...pieceOf(event, turnId, n) })
    case "effixir.retry": {
      const { attempt, delay, maxAttempts, message, reason } = event
      return Option.some({ _tag: "Retrying", turnId, attempt, maxAttempts, delay, reason, message })
    }
    default:
      return Option.none()
  }
}

const pieceOf = (
  event: { readonly delta: string; readonly output_index?: number | undefined },
  turnId: string,
  n: number
) => ({ turnId, itemId: itemId(turnId, n, event.output_index ?? 0), delta: event.delta })
