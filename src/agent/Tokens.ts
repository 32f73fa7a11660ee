/**
 * The tokens of a run and of all agents that work for it.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { Tokens } from "../tools/Tool.ts"

/**
 * The token budget of a run. What it uses is taken from its parent's budget as well, and when that is empty, so is this
 * one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (limit?: number, parent?: Tokens) => Effect.Effect<Tokens> = Effect.fnUntraced(
  function*(limit = Infinity, parent) {
    const used = yield* Ref.make(0)
    const own = Effect.map(Ref.get(used), (used) => limit - used)
    const spend = (tokens: number) => Ref.update(used, (used) => used + tokens)
    if (parent === undefined) return { left: own, spend }
    return {
      left: Effect.zipWith(own, parent.left, Math.min),
      spend: (tokens) => Effect.zipRight(spend(tokens), parent.spend(tokens))
    }
  }
)
