/**
 * How much one run may do before it stops by itself.
 *
 * @example
 * ```ts
 * import { Limits } from "effixir"
 *
 * const limits: Limits.Limits = { steps: 20, toolCalls: 100, cost: 0.5, time: "5 minutes" }
 *
 * const spent = Limits.addToolCall(Limits.addStep(Limits.nothing))
 * Limits.beforeStep(limits, spent, { tokens: Infinity, cost: 0 }) // "cost"
 * Limits.beforeToolCall(limits, spent) // undefined: one more is allowed
 * Limits.callsPerResponse(limits) // 64
 * ```
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { Limit } from "../session/SessionEvent.ts"

/**
 * A missing field means no limit. Only what this run does counts: steps that a resumed turn completed before are free.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  /** Calls of the model. */
  readonly steps?: number | undefined
  /** Calls of tools. One over the limit is not run. */
  readonly toolCalls?: number | undefined
  /** Calls of one response; 64 by default. Calls above it are not run, and the model is told. */
  readonly callsPerResponse?: number | undefined
  /** Tokens in and out, with those of agents that work for the run. The call that goes over the limit is the last one. */
  readonly tokens?: number | undefined
  /** US dollars, counted like tokens; calls whose price is not known cost nothing. */
  readonly cost?: number | undefined
  /** Wall-clock time. Whatever is still running then is stopped. */
  readonly time?: Duration.DurationInput | undefined
}

/** @since 0.1.0 @category constructors */
export const none: Limits = {}

/** @since 0.1.0 @category accessors */
export const callsPerResponse = ({ callsPerResponse = 64 }: Limits): number => callsPerResponse

/**
 * What a run has done.
 *
 * @since 0.1.0
 * @category models
 */
export interface Spent {
  readonly steps: number
  readonly toolCalls: number
}

/** @since 0.1.0 @category constructors */
export const nothing: Spent = { steps: 0, toolCalls: 0 }

/** @since 0.1.0 @category combining */
export const addStep = (self: Spent): Spent => ({ ...self, steps: self.steps + 1 })

/** @since 0.1.0 @category combining */
export const addToolCall = (self: Spent): Spent => ({ ...self, toolCalls: self.toolCalls + 1 })

/**
 * The limit that forbids one more call of the model, if one does; `left` is what the budget still has.
 *
 * @since 0.1.0
 * @category accessors
 */
export const beforeStep = (
  self: Limits,
  spent: Spent,
  left: { readonly tokens: number; readonly cost: number }
): Limit | undefined => {
  if (spent.steps >= (self.steps ?? Infinity)) return "steps"
  if (left.tokens <= 0) return "tokens"
  return left.cost <= 0 ? "cost" : undefined
}

/**
 * The limit that forbids one more call of a tool, if one does.
 *
 * @since 0.1.0
 * @category accessors
 */
export const beforeToolCall = (self: Limits, spent: Spent): Limit | undefined =>
  spent.toolCalls >= (self.toolCalls ?? Infinity) ? "toolCalls" : undefined
