/**
 * Compacts the conversation of a session between its turns, because somebody asks for it.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { defined } from "../internal/json.ts"
import type { Prices } from "../responses/account/Price.ts"
import { Responses } from "../responses/Responses.ts"
import * as ContextSize from "../session/compaction/ContextSize.ts"
import * as Estimate from "../session/compaction/Estimate.ts"
import type { Plan } from "../session/compaction/Plan.ts"
import * as History from "../session/History.ts"
import * as LastTurn from "../session/LastTurn.ts"
import type { Session } from "../session/Session.ts"
import type { Compacted, Stored } from "../session/SessionEvent.ts"
import type { ToolExecutor } from "../tools/ToolExecutor.ts"
import { type AgentError, HookStopped } from "./AgentError.ts"
import * as Compaction from "./Compaction.ts"
import { ContextPolicy } from "./ContextPolicy.ts"
import * as TurnHooks from "./hooks/TurnHooks.ts"
import * as Step from "./Step.ts"
import * as TurnRequest from "./TurnRequest.ts"

/**
 * What a compaction has done or, in a dry run, about what it would do: the items and tokens that are sent before and
 * after it. There is no `plan` where there is nothing to compact.
 *
 * @since 0.1.0
 * @category models
 */
export interface Report {
  readonly method: Compacted["method"]
  readonly isDryRun: boolean
  readonly plan: Option.Option<Plan>
  readonly before: Size
  readonly after: Size
}

/** @since 0.1.0 @category models */
export interface Size {
  readonly items: number
  readonly tokens: number
}

/** About how long a summary is, in tokens, before there is one. */
const usualSummary = 1500

type Options = Omit<TurnRequest.Options, "model"> & { readonly model: string }

/**
 * What a compaction of these events would do. Nobody is asked, and the session may be open elsewhere.
 *
 * @since 0.1.0
 * @category running
 */
export const preview = Effect.fnUntraced(function*(stored: ReadonlyArray<Stored>, options: Options) {
  const { before, fixed, method, plan, recipient } = yield* look(stored, options)
  const report = (after: Size): Report => ({ method, isDryRun: true, plan, before, after })
  if (Option.isNone(plan)) return report(before)
  const { kept, said } = plan.value
  const left = [...said, ...kept.flatMap(({ part }) => History.toInput(History.of(part), recipient))]
  return report({ items: left.length + 1, tokens: fixed + Estimate.ofItems(left) + usualSummary })
})

/** @since 0.1.0 @category running */
export const run = Effect.fnUntraced(function*(
  session: Session,
  options: Options
): Effect.fn.Return<Report, AgentError, ContextPolicy | Prices | Responses | ToolExecutor> {
  const stored = yield* session.log
  const { before, method, plan, sizeOf, window } = yield* look(stored, options)
  const report = (after: Size, by = method): Report => ({ method: by, isDryRun: false, plan, before, after })
  if (Option.isNone(plan)) return report(before)
  const why = yield* TurnHooks.compacting(options.sessionId, "manual")
  if (why !== undefined) return yield* new HookStopped({ event: "PreCompact", reason: why })
  const { key, turnId } = pointIn(stored)
  const silent = { emit: () => Effect.void, show: () => Effect.void }
  const compacted = yield* Compaction.run({ ...options, ...defined({ turnId }) }, plan.value, {
    reason: "asked",
    beforeTokens: before.tokens,
    window
  }).pipe(Effect.provideService(Step.Step, Step.make(session, silent)))
  yield* session.append(key, compacted)
  return report(sizeOf(yield* session.log), compacted.method)
})

/** The conversation as it is, and what of it would go. */
const look = Effect.fnUntraced(function*(stored: ReadonlyArray<Stored>, options: Options) {
  const policy = yield* ContextPolicy
  const { model } = options
  const recipient = { model, account: yield* Effect.flatMap(Responses, ({ account }) => account) }
  const history = History.forRecipient(stored, recipient)
  const fixed = yield* TurnRequest.fixedTokens(options)
  const sizeOf = (stored: ReadonlyArray<Stored>): Size => {
    const history = History.forRecipient(stored, recipient)
    return { items: History.toInput(history, recipient).length, tokens: ContextSize.of(history, fixed) }
  }
  const window = policy.window(model)
  return {
    before: sizeOf(stored),
    fixed,
    method: yield* Compaction.method,
    plan: policy.plan(history, window),
    recipient,
    sizeOf,
    window
  }
})

/**
 * Where a compaction belongs that comes now: a turn that is not over finds it before its next model call, when it goes
 * on.
 */
const pointIn = (stored: ReadonlyArray<Stored>): { readonly key: string; readonly turnId?: string } => {
  const turn = LastTurn.unfinishedTurn(stored.map(({ event }) => event))
  if (Option.isNone(turn)) return { key: `compacted/${stored.at(-1)?.seq ?? 0}` }
  const { turnId } = turn.value.started
  const n = stored.filter(({ event }) => event._tag === "ModelResponded" && event.turnId === turnId).length
  const keys = new Set(stored.map(({ key }) => key))
  let count = 0
  while (keys.has(Compaction.keyOf(turnId, n, count))) count++
  return { key: Compaction.keyOf(turnId, n, count), turnId }
}
