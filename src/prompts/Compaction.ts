/**
 * What the model is told when a conversation is compacted, and of what was compacted.
 *
 * @internal
 */

/**
 * Asks for the summary that the conversation goes on from. What the user said is kept beside it.
 *
 * @since 0.1.0
 * @category texts
 */
export const summarize =
  `Write a summary of this conversation. You will go on from it alone: all of the conversation so far is taken away, \
except what the user said, which stays word by word. Call no tools; answer with the summary and nothing else.

Use these headings, and leave out one that has nothing below it:

## Task
What is to be done, how far it is, and what the user wants kept to.
## Decisions
What was decided and why; what was tried and did not work.
## Files
Each file that was read, changed, made or deleted: its path, what was done to it, and what in it matters.
## Findings
Results of commands and tests, errors word by word, names, numbers and addresses that are needed again.
## Open calls
Calls of tools that have not ended or whose outcome is not known, with their arguments.
## Next
What you would do next, step by step.

Be exact and brief. Do not claim what you have not seen. Where an output was cut before you saw it, say so.`

/**
 * Stands before the summary, in the place of what it sums up.
 *
 * @since 0.1.0
 * @category texts
 */
export const summary = (text: string): string =>
  `[The conversation up to here was compacted. What the user said stands above; this is your own summary of the rest. \
Go on from it, and look again at files and outputs that you need in full.]\n\n${text.trim()}`

/**
 * In the middle of an output that was cut for the summary.
 *
 * @since 0.1.0
 * @category notes
 */
export const outputLeftOut = (characters: number): string =>
  `\n[${characters} characters of this output are left out here.]\n`

/**
 * In the middle of a message that was too long to be kept as a whole.
 *
 * @since 0.1.0
 * @category notes
 */
export const leftOut = (characters: number): string => `\n[${characters} characters are left out here.]\n`

/**
 * In the place of a picture that was left out with what was compacted.
 *
 * @since 0.1.0
 * @category notes
 */
export const pictureLeftOut = "[A picture was here.]"
