/**
 * What the commands of a conversation say to the model.
 *
 * @internal
 */

/** @since 0.1.0 @category texts */
export const init =
  "Write an AGENTS.md for this project: what an agent has to know that works here and has not seen it before. " +
  "Look around first. Say what the project is, where things are, how it is built, tested and checked, with the exact " +
  "commands, and which conventions its code follows. Leave out what anybody knows and what can be seen at a glance. " +
  "Keep it under 100 lines. If there is an AGENTS.md already, improve it and keep what is right in it."

/** @since 0.1.0 @category texts */
export const review = (what: string): string =>
  "Have the agent review (with the tool agent) review " +
  `${what === "" ? "the changes that are not committed yet (git status, git diff, new files)" : what}. ` +
  "It knows nothing of this conversation: say what it has to know of the purpose of the changes, and not what you think " +
  "of them. Then report what it has found as it stands, the gravest first, with files and lines; say of a finding that " +
  "you know to be wrong why it is. Change no files."

/**
 * The user has taken back changes of the model.
 *
 * @since 0.1.0
 * @category texts
 */
export const undone = (files: ReadonlyArray<string>): string =>
  `The user has undone your changes to these files, which are as they were before: ${files.join(", ")}. ` +
  "Do not make the same changes again unless you are asked to; read a file anew before you change it."

/**
 * The user has run a command. `end` says how it ended, unless it ended well.
 *
 * @since 0.1.0
 * @category texts
 */
export const commandRun = (command: string, output: string, end: string): string =>
  `The user has run a command in the workspace:\n\n$ ${command}\n${output}${end === "" ? "" : `[${end}]\n`}`

/**
 * The user wants another command in the place of one that was not permitted.
 *
 * @since 0.1.0
 * @category texts
 */
export const runInstead = (command: string): string => `Run this command instead, exactly as it is:\n\n${command}`
