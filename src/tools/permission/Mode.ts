/**
 * How calls are decided about that no rule speaks of. Programs find it in `Policy`; here it brings nothing else along.
 *
 * @internal
 */
import * as Schema from "effect/Schema"

/**
 * The decision about calls that no rule matches: all of them run, those that change something need approval, or those
 * are refused.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Mode = Schema.Literal("auto", "ask", "read-only")

/** @since 0.1.0 @category models */
export type Mode = typeof Mode.Type
