/**
 * What the built-in tools say of themselves where a call went well, or a command ended. What they have found is added to
 * it; what they say of what is not shown stands in `CutOutput.ts`.
 *
 * @internal
 */
import { first } from "./CutOutput.ts"

/** @since 0.1.0 @category files */
export const fileEmpty = "[The file is empty.]"

/** @since 0.1.0 @category files */
export const image = (path: string, type: string, size: string): string => `[${path}: ${type}, ${size}]`

/** @since 0.1.0 @category files */
export const wrote = (bytes: number, path: string): string => `Wrote ${bytes} bytes to ${path}.`

/** @since 0.1.0 @category files */
export const replaced = (times: number, path: string): string =>
  `Replaced ${times} ${times === 1 ? "occurrence" : "occurrences"} in ${path}.`

/**
 * The same for a call of which only its work was found, and not how often the text was there.
 *
 * @since 0.1.0
 * @category files
 */
export const edited = (path: string): string => `Replaced old_string by new_string in ${path}.`

/**
 * The text was found only in characters that look like those that were quoted.
 *
 * @since 0.1.0
 * @category files
 */
export const replacedAlike = (path: string, line: number): string =>
  `Replaced 1 occurrence in ${path}, at line ${line}: old_string is not there exactly, but this is the one place with ` +
  "look-alike characters (quotes, dashes, spaces, accents). They stay as they are where new_string has the same as " +
  "old_string."

/**
 * The same for the lines of a patch.
 *
 * @since 0.1.0
 * @category files
 */
export const matchedAlike = (path: string, hunk: number): string =>
  `Hunk ${hunk} of ${path} does not fit exactly; it was put at the one place with look-alike characters (quotes, ` +
  "dashes, spaces, accents)."

/** @since 0.1.0 @category files */
export const patched = (changes: ReadonlyArray<string>): string => `Done:\n${changes.join("\n")}`

/** @since 0.1.0 @category searches */
export const noLineMatches = "[No line matches.]"

/** @since 0.1.0 @category searches */
export const noPathMatches = "[No path matches.]"

/** @since 0.1.0 @category searches */
export const folderEmpty = "[The folder is empty.]"

/** @since 0.1.0 @category searches */
export const link = (name: string): string => `${name} (link)`

/** @since 0.1.0 @category commands */
export const exitCode = (code: number): string => `[Exit code ${code}.]`

/** @since 0.1.0 @category commands */
export const noOutput = "[No output, exit code 0.]"

/** @since 0.1.0 @category commands */
export const killed = (signal: string): string => `[Killed by ${signal}.]`

/** @since 0.1.0 @category commands */
export const timedOut = (time: string): string =>
  `[Timed out after ${time}: the command was stopped, with all that could be found of what it started.]`

/** @since 0.1.0 @category commands */
export const waitsForInput = ({ command, pid }: { readonly pid: number; readonly command: string }): string =>
  `[Stopped: ${pid} (${command}) waits for somebody to type at a terminal, which nobody can do. ` +
  "Give what it asks for as an argument, an option or a file.]"

/** @since 0.1.0 @category commands */
export const sandboxed = (
  { network, writable }: { readonly network: boolean; readonly writable: ReadonlyArray<string> }
): string =>
  "[The command ran in a sandbox, which may be why it failed: " +
  `it can write ${
    writable.length === 0
      ? "nowhere"
      : `only in ${first(writable)} (in a repository not .git/config, .git/hooks and .agents)`
  }, it cannot open secret files such as .env (git takes them for unchanged)${
    network ? "" : ", and it reaches no network"
  }. ` +
  "What has to be outside of it, only the user can do or allow: by sandbox_writable in the settings of effixir for a " +
  "folder (such as a cache), or by --sandbox off.]"

/**
 * A command has run twice, the second time with the user's word.
 *
 * @since 0.1.0
 * @category commands
 */
export const ranAgain = (paths: ReadonlyArray<string>, isForSession: boolean): string =>
  `[The sandbox refused the first run of this command to write ${
    first(paths)
  }; what it did before that stays done. The ` +
  `user let it write there ${
    isForSession ? "in this session from now on" : "this once"
  }, and it ran again from its start: what follows is of the second run.]`

/**
 * The user was asked, and has said no.
 *
 * @since 0.1.0
 * @category commands
 */
export const notRunAgain = (paths: ReadonlyArray<string>, words: string | undefined): string =>
  `[The sandbox refused the command to write ${first(paths)}. The user was asked to let it, and said no${
    words === undefined || words === "" ? "; do not try to reach the same in another way" : `: ${words}`
  }.]`

/** @since 0.1.0 @category commands */
export const stillRunning = (processes: ReadonlyArray<{ readonly pid: number; readonly command: string }>): string =>
  `[Still running in the background: ${first(processes.map(({ command, pid }) => `${pid} (${command})`))}. ` +
  "Stop with kill what is not needed.]"

/** @since 0.1.0 @category plans */
export const planShown = "The plan is shown."

/**
 * A command that stays.
 *
 * @since 0.1.0
 * @category processes
 */
export const processStarted = (id: string): string =>
  `[The command runs in the background as ${id}. Use process to read what it prints, to write to it, to wait for it or to ` +
  "stop it.]"

/** @since 0.1.0 @category processes */
export const processRuns = "runs"

/** @since 0.1.0 @category processes */
export const processExited = (code: number): string => `has ended with exit code ${code}`

/** @since 0.1.0 @category processes */
export const processKilled = (signal: string): string => `was ended by ${signal}`

/** @since 0.1.0 @category processes */
export const processReport = (
  { id, isSilent, state, total }: {
    readonly id: string
    readonly state: string
    readonly total: number
    readonly isSilent: boolean
  }
): string => `[${isSilent ? "Nothing new. " : ""}${id} ${state}; ${total} bytes printed in all.]`

/** @since 0.1.0 @category processes */
export const processOutputCut = (lines: number): string =>
  `[Only the last ${lines} lines of what was printed since the last time are shown.]`

/** @since 0.1.0 @category processes */
export const written = (id: string): string => `[${id} has got it; read it to see what it prints.]`

/** @since 0.1.0 @category processes */
export const noProcesses = "[No process was started in the background.]"

/** @since 0.1.0 @category processes */
export const processListed = (
  { command, id, state, total }: {
    readonly id: string
    readonly command: string
    readonly state: string
    readonly total: number
  }
): string => `${id}: ${command} (${state}; ${total} bytes printed in all)`

/** @since 0.1.0 @category waits */
export const timeHasCome = "The time has come."

/** @since 0.1.0 @category waits */
export const noAnswer = "There was no answer in time."

/** @since 0.1.0 @category waits */
export const said = (words: string): string => `The person says: ${words}`
