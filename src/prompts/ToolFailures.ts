/**
 * What the model is told of a call that failed: what is wrong, and what to do instead. What is wrong with its arguments
 * stands in `ArgumentProblems.ts`, with files in `FileFailures.ts`, and with changes of them in `EditFailures.ts`.
 *
 * @internal
 */

/** @since 0.1.0 @category calls */
export const noSuchTool = (name: string, tools: Iterable<string>): string => {
  const names = Array.from(tools)
  return `There is no tool named ${name}. ${
    names.length === 0 ? "There are no tools at all." : `The tools are: ${names.join(", ")}.`
  }`
}

/** @since 0.1.0 @category calls */
export const argumentsNotJson = (tool: string, problem: string | undefined): string =>
  `The arguments of ${tool} are not JSON (${problem ?? "unreadable"})`

/** @since 0.1.0 @category calls */
export const argumentsTooDeep = (tool: string, maxDepth: number): string =>
  `The arguments of ${tool} are nested more than ${maxDepth} levels deep. Say it with fewer.`

/** @since 0.1.0 @category calls */
export const resultTooDeep = (maxDepth: number): string =>
  `The tool has run, and its result is nested more than ${maxDepth} levels deep.`

/** @since 0.1.0 @category calls */
export const resultNotShown = (why: string): string => `[The tool has run. What it gave cannot be shown: ${why}.]`

/** @since 0.1.0 @category calls */
export const resultNotJson = (why: string): string =>
  `The tool has run, but what it gave cannot be written as JSON: ${why}.`

/**
 * As when the handler waits for a fiber that is interrupted.
 *
 * @since 0.1.0
 * @category calls
 */
export const stopped = "The tool was stopped from within before it had a result. What it did until then is not known."

/** @since 0.1.0 @category calls */
export const threw = (tool: string, message: string): string =>
  `${tool} broke down before it had a result: ${message}. What it did until then is not known.`

/** @since 0.1.0 @category calls */
export const runByServer = (tool: string): string => `${tool} is run by the server and cannot be called here`

/** @since 0.1.0 @category commands */
export const commandEmpty = "command is empty"

/** @since 0.1.0 @category commands */
export const patchAndMore = "apply_patch is no program here. Nothing was run: apply the patch in a call of its own " +
  "(apply_patch <<'EOF' and nothing else), and then run the rest"

/** @since 0.1.0 @category commands */
export const commandNotStarted = (problem: string): string => `The command could not be started: ${problem}`

/** @since 0.1.0 @category searches */
export const patternEmpty = "pattern is empty"

/** @since 0.1.0 @category searches */
export const patternHasLineBreak = "pattern has a line break, but lines are searched one by one"

/** @since 0.1.0 @category searches */
export const noRegularExpression = (problem: string | undefined): string =>
  `pattern is no regular expression (${problem ?? "unreadable"}); mend it, or set literal to find it as it stands`

/** @since 0.1.0 @category searches */
export const patternTakesTooLong = (pattern: string): string =>
  `${pattern} takes too long to match: write it without nested repetitions, or search in less`

/** @since 0.1.0 @category searches */
export const patternUnusable = (pattern: string, problem: string): string => `${pattern} cannot be used: ${problem}`

/**
 * In the place of a pattern, where it is none of the model's.
 *
 * @since 0.1.0
 * @category searches
 */
export const ignoreRule = "a rule of an ignore file"

/** @since 0.1.0 @category searches */
export const globEmpty = "the glob is empty; ** is for all files"

/** @since 0.1.0 @category searches */
export const globTooLong = "the glob is too long"

/** @since 0.1.0 @category plans */
export const severalInProgress = "More than one step is in_progress; set the others to pending or completed"

/** @since 0.1.0 @category processes */
export const noProcesses = "no command can stay in the background here"

/** @since 0.1.0 @category processes */
export const noSuchProcess = (id: string): string =>
  `There is no process ${id}: it may have ended with an earlier run of the session. The action list tells which there are.`

/** @since 0.1.0 @category processes */
export const tooManyProcesses = (most: number): string =>
  `${most} processes run in the background, which is the most: stop one with process first.`

/** @since 0.1.0 @category processes */
export const processTakesNoInput = (id: string): string =>
  `The process ${id} takes no input any more. Read it to see what it has printed.`

/** @since 0.1.0 @category processes */
export const processNeedsId = "id is missing: say which process is meant; the action list tells which there are"

/** @since 0.1.0 @category processes */
export const ttyNeedsBackground = "tty is for commands that stay: give it together with background"

/** @since 0.1.0 @category processes */
export const noTerminal = "There is no terminal to be had here: the program script (of util-linux) is not installed"

/** @since 0.1.0 @category waits */
export const nobodyToAnswer = "nobody can answer here"
