/**
 * What the model is told in the place of an output, where a call is not run; and why it is not, which is also what the
 * user is told when asked.
 *
 * @internal
 */

/**
 * A rule, the mode or the user has refused the call. `advice` is what else may be done.
 *
 * @since 0.1.0
 * @category calls
 */
export const notPermitted = ({ advice, reason, rule, words }: {
  readonly rule: string
  readonly reason?: string | undefined
  readonly words?: string | undefined
  readonly advice?: string | undefined
}): string => {
  const why = reason === undefined ? rule : `${reason} (${rule})`
  const said = words === undefined ? "" : ` The user said: ${words}`
  const then = advice ?? (words === undefined ? "Do not try to reach the same in another way." : "")
  return `The call was not permitted: ${why}.${said} ${then}`.trimEnd()
}

/**
 * A call needs approval, and there is nobody who could give it.
 *
 * @since 0.1.0
 * @category calls
 */
export const nobodyToAsk = "it needs approval, and nobody can be asked here"

/**
 * It is told once for each call that is too many, so it is short.
 *
 * @since 0.1.0
 * @category calls
 */
export const tooManyCalls = (most: number): string =>
  `The call was not run: a response may make at most ${most}. Make those that are still needed in the next step.`

/**
 * The model makes the same call again and again.
 *
 * @since 0.1.0
 * @category calls
 */
export const repeatedCall = ({ name, times }: { readonly name: string; readonly times: number }): string =>
  `The call was not run: it is the same call of ${name} with the same arguments for time number ${times} running, and ` +
  "would give the same result. Use what it gave before, change the arguments, choose another way, or say what is in " +
  "the way."

/** @since 0.1.0 @category reasons */
export const userSaidNo = "the user said no"

/** @since 0.1.0 @category reasons */
export const sandboxRefused = (paths: ReadonlyArray<string>): string =>
  `the sandbox has refused it to write ${
    both(paths)
  }: on a yes it runs again from its start, and what it has done stays done`

/**
 * What a command would do that its sandbox has refused to write something, as it is asked about.
 *
 * @since 0.1.0
 * @category commands
 */
export const again = (what: string, paths: ReadonlyArray<string>): string =>
  `${what} again from its start, and let it write ${both(paths)} as well`

const both = (paths: ReadonlyArray<string>): string => paths.join(" and ")

/** @since 0.1.0 @category reasons */
export const deniedByRule = "a rule denies it"

/** @since 0.1.0 @category reasons */
export const pathDeniedByRule = "a rule denies what it names"

/** @since 0.1.0 @category reasons */
export const noToolMayRun = "no tool may run"

/** @since 0.1.0 @category reasons */
export const secretFile = (path: string): string => `${path} is a file that holds secrets, or is taken for one`

/** @since 0.1.0 @category reasons */
export const partOfSkill = (path: string): string => `${path} is part of a skill, which can only be read`

/** @since 0.1.0 @category reasons */
export const steersLaterRuns = (path: string): string => `${path} is part of what later runs or git go by`

/** @since 0.1.0 @category reasons */
export const protectedFile = (path: string): string =>
  `${steersLaterRuns(path)}, and is written only where a rule of the user's names its path`

/** @since 0.1.0 @category reasons */
export const changesFiles = "it would change files"

/** @since 0.1.0 @category reasons */
export const unknownTool = (tool: string): string => `what ${tool} does is not known to only look`

/** @since 0.1.0 @category reasons */
export const controlCharacter = (escaped: string): string =>
  `the command has a control character in it (${escaped}), which nobody can read in a question`

/** @since 0.1.0 @category advice */
export const withoutControlCharacters =
  "Write the command without control characters (printf has escapes for them); then the user can be asked."

/** @since 0.1.0 @category commands */
export const namesSecret = "it names a file that holds secrets"

/** @since 0.1.0 @category commands */
export const notPlain = "it is more than plain commands and pipes"

/** @since 0.1.0 @category commands */
export const globMayTurnIntoOption =
  "a name that begins with a dash would be an option in the place of its glob; with ./ in front (./*) it would not"

/** @since 0.1.0 @category commands */
export const notKnownToOnlyLook = "it is not known to only look"

/**
 * A program that the table of those that only look does not hold, or one that is used in a way that it does not explain.
 *
 * @since 0.1.0
 * @category commands
 */
export const unexplainedProgram = (program: string, isKnown: boolean): string =>
  `${program}${isKnown ? ", used like this," : ""} is not known to only look`

/** @since 0.1.0 @category commands */
export const programOfWorkspace = (program: string): string => `what ${program} is here depends on the workspace`

/** @since 0.1.0 @category commands */
export const repositoryNamesPrograms =
  "the repository may name programs that git runs when it looks, or show another one"

/** @since 0.1.0 @category commands */
export const cannotForesee = "what it would show could not be told beforehand; name the files to show"

/**
 * A command would show a file that nobody has named. `more` is how many others it would show, and `others` how to leave
 * all of them out, where that can be told.
 *
 * @since 0.1.0
 * @category commands
 */
export const wouldShow = ({ leaveOut, more, path, why }: {
  readonly path: string
  readonly why: "outside" | "secret" | "denied"
  readonly more: number
  readonly leaveOut: string | undefined
}): string => {
  const whose = { outside: "is outside the workspace", secret: "holds secrets", denied: "a rule denies" }[why]
  const others = more === 0 ? "" : `, and ${more} more such file${more === 1 ? "" : "s"}`
  return `it would show ${path}, which ${whose}${others}; ${leaveOut ?? "name the files to show"}`
}

/** @since 0.1.0 @category commands */
export const leaveOutOther = "leave out what is not below this folder with -- ."

/** @since 0.1.0 @category commands */
export const leaveOutOfGit = (names: ReadonlyArray<string>): string =>
  `leave ${them(names)} out with -- . ${names.map((name) => `':(top,exclude)${name}'`).join(" ")}`

/** @since 0.1.0 @category commands */
export const leaveOutOfSearch = (names: ReadonlyArray<string>): string =>
  `leave ${them(names)} out with ${names.map((name) => `-g '!${name}'`).join(" ")}`

const them = (names: ReadonlyArray<string>): string => names.length === 1 ? "it" : "them"
