/**
 * What the model is told before it hears from the user: what the project says, and which skills there are.
 *
 * @internal
 */

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
