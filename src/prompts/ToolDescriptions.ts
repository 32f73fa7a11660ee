/**
 * What the model is told of each built-in tool. What it is told of a parameter stands beside its Schema.
 *
 * @internal
 */

import { first } from "./CutOutput.ts"

/** @since 0.1.0 @category texts */
export const read = ({ maxBytes, maxLines }: { readonly maxLines: number; readonly maxBytes: number }): string =>
  `Read a text file of the workspace, or look at an image (PNG, JPEG, GIF, WebP). At most ${maxLines} lines and ` +
  `${maxBytes / 1024} KB of text come at once; use offset and limit for a part.`

/** @since 0.1.0 @category texts */
export const write = "Write a file of the workspace: make it, with the folders above it, or replace its whole content."

/** @since 0.1.0 @category texts */
export const edit =
  "Replace a piece of text in a file of the workspace. old_string must be in the file exactly once, " +
  "white space included, unless replace_all is set."

/** @since 0.1.0 @category texts */
export const applyPatch = "Change files of the workspace with a patch. All of it is applied, or nothing. " +
  "This is a FREEFORM tool: write the patch itself, not JSON."

/**
 * The grammar that a patch is held to; `Patch.parse` reads it, and more.
 *
 * @since 0.1.0
 * @category texts
 */
export const patchGrammar = `start: begin_patch hunk+ end_patch
begin_patch: "*** Begin Patch" LF
end_patch: "*** End Patch" LF?

hunk: add_hunk | delete_hunk | update_hunk
add_hunk: "*** Add File: " filename LF add_line+
delete_hunk: "*** Delete File: " filename LF
update_hunk: "*** Update File: " filename LF change_move? change?

filename: /(.+)/
add_line: "+" /(.*)/ LF -> line

change_move: "*** Move to: " filename LF
change: (change_context | change_line)+ eof_line?
change_context: ("@@" | "@@ " /(.+)/) LF
change_line: ("+" | "-" | " ") /(.*)/ LF
eof_line: "*** End of File" LF

%import common.LF
`

/** @since 0.1.0 @category texts */
export const bash =
  "Run a shell command in the workspace and get its output (stdout and stderr together) and exit code. " +
  "It has no stdin. Processes it leaves in the background are stopped when it ends; do not rely on setsid."

/** @since 0.1.0 @category texts */
export const process =
  "Work with commands that bash has started with background: read what they print, write to them, wait for their end, " +
  "stop them. They end with the session."

/**
 * The same where commands run in a sandbox. `writable` are folders beside the workspace and the temporary folder.
 *
 * @since 0.1.0
 * @category texts
 */
export const bashInSandbox = (
  { mode, network, writable }: {
    readonly mode: "workspace-write" | "read-only"
    readonly network: boolean
    readonly writable: ReadonlyArray<string>
  }
): string =>
  `${bash} Commands run in a sandbox: they can write ${
    mode === "read-only"
      ? "nowhere"
      : `only in ${
        first([
          "the workspace",
          "the temporary folder",
          "the .git of its repository (not its config and hooks)",
          ...writable
        ])
      }`
  }, and cannot open secret files such as .env${network ? "" : " or reach the network"}.`

/** @since 0.1.0 @category texts */
export const grep =
  "Find lines in the files of the workspace. Output: path:line:text, with path-line-text for lines of the " +
  "context. Binary and hidden files, and what .gitignore leaves out, are not searched unless path names them."

/** @since 0.1.0 @category texts */
export const find = "Find files and folders of the workspace by a glob. Output: paths relative to the workspace, in " +
  "order, folders with a slash at the end. What is hidden is found only when the glob says so (.github/**), and what " +
  ".gitignore leaves out only when path names it."

/** @since 0.1.0 @category texts */
export const ls =
  "List a folder of the workspace: names in order, folders with a slash at the end. What is hidden or " +
  "left out by .gitignore is only counted."

/** @since 0.1.0 @category texts */
export const updatePlan = "Show the person a plan of the steps of a longer task, and keep it up to date. " +
  "Each call replaces the plan as a whole."

/** @since 0.1.0 @category texts */
export const waitUntil =
  "Wait until a time, for hours or days if need be, and then go on. What the person says meanwhile ends " +
  "the wait early."

/** @since 0.1.0 @category texts */
export const waitForAnswer = "Ask the person something, and wait for the answer, for hours or days if need be. " +
  "Use it where you cannot go on without one."
