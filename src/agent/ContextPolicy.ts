/**
 * When a conversation is compacted, and what of it.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { ContextPolicy } from "effixir/agent"
 *
 * // Compacts later than usual; `NodeAgent.layer` takes it as one of its `parts`.
 * const Later = ContextPolicy.layer({ percent: 95 })
 *
 * const threshold = Effect.map(ContextPolicy.ContextPolicy, (policy) => policy.threshold("gpt-5.5")).pipe(
 *   Effect.provide(Later)
 * )
 * const isNeverAsked = ContextPolicy.make({ percent: false }).threshold("gpt-5.5") === undefined
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as ModelProfile from "../responses/account/ModelProfile.ts"
import * as Plan from "../session/compaction/Plan.ts"
import type * as History from "../session/History.ts"

/**
 * Without a layer, the windows are those of the models that were known when this was written, and conversations are
 * compacted at 85 % of them.
 *
 * @since 0.1.0
 * @category references
 */
export class ContextPolicy extends Context.Reference<ContextPolicy>()("effixir/agent/ContextPolicy", {
  defaultValue: (): {
    /** How many tokens a model takes, if that is known. */
    readonly window: (model: string) => number | undefined
    /**
     * From how many tokens on a conversation is compacted without being asked; never where that is not known. A
     * conversation that the server has refused as too long is compacted in any case, once.
     */
    readonly threshold: (model: string) => number | undefined
    /** What goes and what stays; none where there is nothing to compact. */
    readonly plan: (history: History.History, window: number | undefined) => Option.Option<Plan.Plan>
  } => make()
}) {}

/** @since 0.1.0 @category models */
export interface Options extends ModelProfile.Knowledge {
  /** At which percentage of the window conversations are compacted without being asked: 85 by default; `false` for never. */
  readonly percent?: number | false | undefined
}

/** @since 0.1.0 @category constructors */
export const make = (options: Options = {}): typeof ContextPolicy.Service => {
  const { percent = 85 } = options
  const window = (model: string) => ModelProfile.profileOf(model, options).contextWindow
  return {
    window,
    threshold: (model) => {
      const size = window(model)
      return size === undefined || percent === false ? undefined : size * percent / 100
    },
    plan: Plan.make
  }
}

/** @since 0.1.0 @category layers */
export const layer = (options: Options): Layer.Layer<never> => Layer.succeed(ContextPolicy, make(options))
