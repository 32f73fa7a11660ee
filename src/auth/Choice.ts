/**
 * Which credential is wanted. Programs find it in `Credentials`; here it brings nothing else along.
 *
 * @internal
 */
import * as Schema from "effect/Schema"

/**
 * Which kind of credential may be used: any, or only the one that the person has chosen.
 *
 * @since 0.1.0
 * @category models
 */
export const Choice = Schema.Literal("any", "chatgpt", "api-key")

/** @since 0.1.0 @category models */
export type Choice = typeof Choice.Type
