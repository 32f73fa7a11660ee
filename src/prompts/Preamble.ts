/**
 * What the model is told before it hears from the user: where and when it works, what the project says, and which skills
 * there are.
 *
 * @internal
 */

/**
 * Where and when the model works, as it was when the session began.
 *
 * - `date` as `2026-11-29`, `weekday` from 0 for Sunday, `time` as `09:41`; `timeZone` as `Europe/Lisbon`
 * - `platform` the system and its processor
 * - `shell` what runs commands
 * - `git` what is known of the repository, where the folder is in one
 *
 * @since 0.1.0
 * @category texts
 */
export const surroundings = ({ date, git, platform, shell, time, timeZone, weekday }: {
  readonly date: string
  readonly weekday: number
  readonly time: string
  readonly timeZone: string
  readonly platform: string
  readonly shell: string
  readonly git?: Git | undefined
}): string =>
  "# When this session began\n\n" +
  `- Date: ${weekdays[weekday] ?? ""}, ${date}, ${time}; time zone ${timeZone}\n` +
  `- Platform: ${platform}; commands are run by ${shell}\n` +
  `- Git: ${git === undefined ? "the folder is in no repository" : gitState(git)}`

const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

/**
 * - `branch` is empty where none is checked out
 * - `changed` is how many files differ from the last commit, or are new
 *
 * Neither is known of a repository that git cannot be let look at.
 *
 * @since 0.1.0
 * @category models
 */
export interface Git {
  readonly branch?: string | undefined
  readonly changed?: number | undefined
}

const gitState = ({ branch, changed }: Git): string => {
  if (branch === undefined) return "the folder is in a repository"
  const where = branch === "" ? "no branch is checked out" : `on the branch ${branch}`
  if (changed === undefined) return where
  return `${where}, ${
    changed === 0 ? "nothing is changed" : `${changed} ${changed === 1 ? "file is" : "files are"} changed or new`
  }`
}

/**
 * What the `AGENTS.md` files say, the nearest last.
 *
 * @since 0.1.0
 * @category texts
 */
export const projectInstructions = (
  files: ReadonlyArray<{ readonly path: string; readonly text: string; readonly isCut: boolean }>
): string =>
  "# Instructions of this project\n\n" +
  "Follow them where they fit the task. Where they disagree, the later file counts; what the user says counts more.\n\n" +
  files.map(({ isCut, path, text }) => `## ${path}\n\n${text.trim()}${isCut ? goesOn : ""}`).join("\n\n")

/**
 * The skills that the model may use when it sees fit. `left` is how many there was no room for.
 *
 * @since 0.1.0
 * @category texts
 */
export const skills = (listed: ReadonlyArray<string>, left: number): string =>
  "# Skills\n\n" +
  "Each is a folder with instructions for one kind of task. When the task is of that kind, or a message names the " +
  "skill as $NAME, follow it for this turn: read its file first, unless you have been shown it, and of what it " +
  "mentions only what you need. Paths in a skill are relative to its folder; run its scripts where they lie. These " +
  "folders can be read with read, ls, grep and find even outside the workspace, and cannot be changed there.\n\n" +
  listed.join("\n") +
  (left === 0 ? "" : `\n\n[${left} more ${left === 1 ? "is" : "are"} not listed: there are too many.]`)

/**
 * A skill in that list.
 *
 * @since 0.1.0
 * @category texts
 */
export const skillListed = (
  { description, name, path }: { readonly name: string; readonly description: string; readonly path: string }
): string => `- ${name}: ${description} (${path})`

/**
 * A skill that the user has named, as a whole.
 *
 * @since 0.1.0
 * @category texts
 */
export const skill = ({ folder, isCut, name, path, text }: {
  readonly name: string
  readonly path: string
  readonly folder: string
  readonly text: string
  readonly isCut: boolean
}): string =>
  `# The skill $${name}\n\nThis is ${path}. Paths in it are relative to ${folder}.\n\n${text.trim()}${
    isCut ? goesOn : ""
  }`

const goesOn = "\n\n[The file goes on; read it if you need the rest.]"
