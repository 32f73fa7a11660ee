/**
 * Carries a plan out: what goes is replaced by one event of the log. The server makes an item of it where it can;
 * otherwise the model writes a summary.
 *
 * @internal
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as List from "effect/List"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { defined } from "../internal/json.ts"
import { runForEachChunk } from "../internal/stream.ts"
import * as Prompt from "../prompts/Compaction.ts"
import { Prices, withCost } from "../responses/account/Price.ts"
import { type Item, userMessage } from "../responses/Item.ts"
import { ModelError } from "../responses/ModelError.ts"
import * as Request from "../responses/Request.ts"
import * as Response from "../responses/Response.ts"
import { Responses } from "../responses/Responses.ts"
import * as Usage from "../responses/Usage.ts"
import * as ContextSize from "../session/compaction/ContextSize.ts"
import * as Estimate from "../session/compaction/Estimate.ts"
import type { Plan } from "../session/compaction/Plan.ts"
import * as Shortening from "../session/compaction/Shortening.ts"
import * as History from "../session/History.ts"
import { Compacted, type Context } from "../session/SessionEvent.ts"
import type { ToolExecutor } from "../tools/ToolExecutor.ts"
import type { AgentError } from "./AgentError.ts"
import { ContextPolicy } from "./ContextPolicy.ts"
import * as Deltas from "./Deltas.ts"
import * as TurnHooks from "./hooks/TurnHooks.ts"
import { Step } from "./Step.ts"
import * as TurnRequest from "./TurnRequest.ts"

/** @since 0.1.0 @category models */
export interface Options extends TurnRequest.Options {
  readonly turnId?: string | undefined
}

/**
 * The key of the compaction number `count` before model call `n` of a turn.
 *
 * @since 0.1.0
 * @category running
 */
export const keyOf = (turnId: string, n: number, count: number): string => `${turnId}/compacted/${n}/${count}`

/** More than what a request for a summary adds to the conversation. */
const promptTokens = 500

/** How often a request for a summary is made shorter, if it is refused as too long. */
const maxShortenings = 4

/**
 * The compactions of a turn that may have been run before.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  options: Options & { readonly turnId: string },
  used: Ref.Ref<Usage.Usage>,
  /** Is told of a new compaction. */
  spend: (compacted: Compacted) => Effect.Effect<void>
) {
  const policy = yield* ContextPolicy
  const { recall, show, step } = yield* Step
  const { model, turnId } = options
  const window = policy.window(model)
  const threshold = policy.threshold(model)
  const fixed = yield* Effect.cached(TurnRequest.fixedTokens(options))
  /** How many compactions there are before the next model call. */
  let count = 0
  /** Whether one has failed in this run: the next would as well. */
  let hasFailed = false

  const sizeOf = Effect.fnUntraced(function*(history: History.History) {
    return ContextSize.of(history, yield* fixed)
  })

  const add = (history: History.History, compacted: Compacted) =>
    Effect.as(Ref.update(used, (usage) => Usage.add(usage, compacted.usage)), History.add(history, compacted))

  const apply = Effect.fnUntraced(function*(
    n: number,
    history: History.History,
    plan: Plan,
    reason: Compacted["reason"],
    beforeTokens: number
  ) {
    const compacted = yield* step(
      keyOf(turnId, n, count),
      Compacted,
      run(options, plan, { reason, beforeTokens, window })
    )
    count++
    yield* spend(compacted)
    return yield* add(history, compacted)
  })

  return {
    /** How full the window is. */
    context: (history: History.History): Effect.Effect<Context, never, ToolExecutor> =>
      Effect.map(sizeOf(history), (tokens) => ({ tokens, window: window ?? null })),

    /** With what was compacted before model call `n` in an earlier run of this turn. */
    recalled: Effect.fnUntraced(function*(n: number, history: History.History) {
      let known = history
      for (count = 0;; count++) {
        const compacted = yield* recall(keyOf(turnId, n, count), Compacted)
        if (Option.isNone(compacted)) return known
        known = yield* add(known, compacted.value)
      }
    }),

    /** Compacts what nearly fills the window, before model call `n`. The turn goes on if that fails. */
    ifFull: Effect.fnUntraced(function*(n: number, history: History.History) {
      if (threshold === undefined || window === undefined || hasFailed) return history
      const tokens = yield* sizeOf(history)
      if (tokens < threshold) return history
      // Where even that leaves no room, it is not done again for every few words.
      const last = ContextSize.lastCompaction(history)
      if (last !== undefined && tokens < last.event.afterTokens + window / 10) return history
      const plan = policy.plan(history, window)
      if (Option.isNone(plan)) return history
      const why = yield* TurnHooks.compacting(options.sessionId, "auto")
      if (why !== undefined) {
        hasFailed = true
        yield* show({ _tag: "CompactionFailed", turnId, message: notWanted(why) })
        return history
      }
      return yield* Effect.catchAll(
        apply(n, history, plan.value, "threshold", tokens),
        (error) =>
          Effect.gen(function*() {
            if (error._tag === "SessionError") return yield* error
            hasFailed = true
            yield* show({ _tag: "CompactionFailed", turnId, message: error.message })
            return history
          })
      )
    }),

    /** Compacts a conversation that the server has refused as too long, once for each model call. */
    afterOverflow: Effect.fnUntraced(function*(n: number, history: History.History, overflow: ModelError) {
      const tokens = yield* sizeOf(history)
      const plan = policy.plan(history, window ?? tokens)
      if (Option.isNone(plan)) return yield* overflow
      const why = yield* TurnHooks.compacting(options.sessionId, "auto")
      if (why !== undefined) return yield* tooLong(overflow, notWanted(why))
      return yield* Effect.mapError(
        apply(n, history, plan.value, "overflow", tokens),
        (error) => isRefusal(error) ? tooLong(overflow, `a summary of it could not be had: ${error.message}`) : error
      )
    })
  }
})

const notWanted = (why: string): string => `a hook (PreCompact) keeps it as it is: ${why}`

/**
 * The failure of a call that was made again after a compaction.
 *
 * @since 0.1.0
 * @category errors
 */
export const stillTooLong = <E extends AgentError>(error: E): E | ModelError =>
  isOverflow(error) ? tooLong(error, "it was compacted, and is still too long") : error

const tooLong = (overflow: ModelError, what: string): ModelError =>
  new ModelError({ ...overflow, detail: overflow.detail === "" ? what : `${overflow.detail} (${what})` })

/** @since 0.1.0 @category guards */
export const isOverflow = (error: AgentError): error is ModelError =>
  error._tag === "ModelError" && error.reason._tag === "ContextOverflow"

/**
 * How conversations with the server of the next call are compacted.
 *
 * @since 0.1.0
 * @category accessors
 */
export const method = Effect.gen(function*() {
  const { hasCompaction = Effect.succeed(false) } = yield* Responses
  const method: Compacted["method"] = (yield* hasCompaction) ? "hosted" : "local"
  return method
})

/**
 * Asks for what stands for the conversation from here on.
 *
 * @since 0.1.0
 * @category running
 */
export const run = Effect.fnUntraced(function*(
  options: Options,
  plan: Plan,
  { beforeTokens, reason, window }: {
    readonly reason: Compacted["reason"]
    readonly beforeTokens: number
    readonly window: number | undefined
  }
): Effect.fn.Return<Compacted, AgentError, Responses | Step | ToolExecutor> {
  const { model, turnId } = options
  const account = yield* Effect.flatMap(Responses, ({ account }) => account)
  const { show } = yield* Step
  const base = yield* TurnRequest.make(options, plan.replaced, account)
  const fixed = yield* TurnRequest.fixedTokens(options)
  const used = yield* Ref.make(Usage.zero)
  // What was refused as too long, or would be, must not be sent as it is.
  const isTooLong = reason === "overflow" || window !== undefined && beforeTokens + promptTokens > window
  const room = isTooLong ? (window ?? beforeTokens) * 0.75 - fixed : Infinity

  const ask = Effect.fnUntraced(function*(method: Compacted["method"], input: ReadonlyArray<Item>) {
    const response = yield* complete(
      method === "hosted"
        ? { ...base, input: [...input, Request.compactionTrigger] }
        : { ...base, input: [...input, userMessage(Prompt.summarize)], tool_choice: "none" },
      turnId ?? ""
    )
    yield* Ref.update(used, (usage) => Usage.add(usage, response.usage))
    const items = method === "hosted"
      ? Response.items(response).filter(Request.isCompaction)
      : [Response.text(response)].filter((text) => text.trim() !== "").map((text) => userMessage(Prompt.summary(text)))
    return items.length > 0 ? items : yield* new ModelError({ reason: { _tag: "NoAnswer" }, detail: "" })
  })

  /** A request that is too long itself is made shorter. */
  const fitting = Effect.fnUntraced(function*(method: Compacted["method"]) {
    yield* show({ _tag: "Compacting", turnId, reason, method })
    let input = Shortening.toFit(base.input, room)
    for (let times = 0;; times++) {
      const asked = yield* Effect.either(ask(method, input))
      if (asked._tag === "Right") return { method, items: asked.right }
      if (!isOverflow(asked.left) || times === maxShortenings) return yield* asked.left
      input = Shortening.toFit(input, Estimate.ofItems(input) / 2)
    }
  })

  const first = yield* method
  const done = yield* Effect.catchIf(
    fitting(first),
    (error) => first === "hosted" && isRefusal(error),
    () => fitting("local")
  )
  const items = [...plan.said, ...done.items]
  const kept = List.fromIterable(plan.kept.map(({ part }) => part).toReversed())
  return Compacted.make({
    ...defined({ turnId, effort: History.latestEffort(plan.replaced) }),
    reason,
    method: done.method,
    upTo: plan.upTo,
    items,
    model,
    account,
    usage: yield* Ref.get(used),
    beforeTokens,
    afterTokens: fixed + Estimate.ofItems(items) + Estimate.ofItems(History.toInput(kept, { model, account }))
  })
})

/** One call, of which only its retries are shown. */
const complete = Effect.fnUntraced(function*(request: Request.Request, turnId: string) {
  const { account, stream } = yield* Responses
  const { show } = yield* Step
  const prices = yield* Prices
  let response = Response.empty
  yield* runForEachChunk(stream(request), (events) => {
    response = Chunk.reduce(events, response, Response.add)
    return Effect.forEach(
      events,
      (event) => event.type === "effixir.retry" ? show(Deltas.retrying(turnId, event)) : Effect.void,
      { discard: true }
    )
  })
  return { ...response, usage: withCost(response.usage, prices.of(request.model), yield* account) }
})

/** Whether another way to ask may be answered: the server was reached, and nothing is wrong with the account. */
const isRefusal = (error: AgentError): boolean => error._tag === "ModelError" && refusals.has(error.reason._tag)

const refusals: ReadonlySet<ModelError["reason"]["_tag"]> = new Set<ModelError["reason"]["_tag"]>([
  "ContextOverflow",
  "InvalidRequest",
  "ContentFiltered",
  "MalformedOutput",
  "ModelUnavailable",
  "NoAnswer",
  "Overloaded",
  "StreamIncomplete",
  "IdleTimeout"
])
