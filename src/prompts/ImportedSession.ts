/**
 * What the model is told in the conversation of an imported session, where the other program would have said it in its
 * own words, or where something did not come along.
 *
 * @internal
 */

/**
 * In the place of an image that did not come along.
 *
 * @since 0.1.0
 * @category images
 */
export const imageGone = "[An image was here; it did not come along when this session was imported.]"

/**
 * The output of a call of which only that it failed is known.
 *
 * @since 0.1.0
 * @category outputs
 */
export const callFailed = "[The call failed.]"

/**
 * Before the next words of the person, who has gone back to an earlier place of the conversation.
 *
 * @since 0.1.0
 * @category inputs
 */
export const branchLeft = (summary: string): string =>
  `A branch of this conversation was left. What happened on it:\n\n${summary}`

/**
 * What stands for the conversation up to here, which the other program had compacted.
 *
 * @since 0.1.0
 * @category inputs
 */
export const summary = (text: string): string =>
  `[The conversation up to here was compacted. This is the summary of it that you go on from; look again at files and \
outputs that you need in full.]\n\n${text.trim()}`

/**
 * A command that the person has run beside the conversation, for the model to see.
 *
 * @since 0.1.0
 * @category inputs
 */
export const commandRun = (
  { command, exitCode, isStopped, output }: {
    readonly command: string
    readonly output: string
    readonly exitCode: number
    readonly isStopped: boolean
  }
): string => {
  const end = isStopped ? ", and stopped it" : exitCode === 0 ? "" : `; it ended with exit code ${exitCode}`
  return `I ran \`${command}\`${end}.\n\n${output.trim() === "" ? "It printed nothing." : output}`
}
