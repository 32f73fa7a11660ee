/**
 * What the model is told for a hook of the user.
 *
 * @internal
 */

/**
 * Beside the output of a call.
 *
 * @since 0.1.0
 * @category contexts
 */
export const besideOutput = (event: string, text: string): string => `[A hook of the user (${event}) says: ${text}]`

/**
 * Beside a prompt, or in the place of one.
 *
 * @since 0.1.0
 * @category contexts
 */
export const message = (event: string, text: string): string => `A hook of the user (${event}) says:\n\n${text}`

/** @since 0.1.0 @category refusals */
export const refused = "a hook refuses it"

/** @since 0.1.0 @category refusals */
export const asks = "a hook asks about it"
