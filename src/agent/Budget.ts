/**
 * What a run and all agents that work for it may still use.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { Budget } from "../tools/Tool.ts"
import type { Limits } from "./Limits.ts"

/**
 * The budget of a run. What it uses is taken from its parent's budget as well, and when that is empty, so is this one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (limits: Limits, parent?: Budget) => Effect.Effect<Budget> = Effect.fnUntraced(
  function*({ cost = Infinity, tokens = Infinity }, parent) {
    const used = yield* Ref.make({ tokens: 0, cost: 0 })
    const own = Effect.map(Ref.get(used), (used) => ({ tokens: tokens - used.tokens, cost: cost - used.cost }))
    const spend: Budget["spend"] = ({ costUsd = 0, inputTokens, outputTokens }) =>
      Ref.update(used, ({ cost, tokens }) => ({ tokens: tokens + inputTokens + outputTokens, cost: cost + costUsd }))
    if (parent === undefined) return { left: own, spend }
    return {
      left: Effect.zipWith(own, parent.left, (own, parents) => ({
        tokens: Math.min(own.tokens, parents.tokens),
        cost: Math.min(own.cost, parents.cost)
      })),
      spend: (usage) => Effect.zipRight(spend(usage), parent.spend(usage))
    }
  }
)
