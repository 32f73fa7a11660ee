/**
 * The built-in tool `read`.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as BoundedOutput from "./BoundedOutput.ts"
import * as TextFile from "./TextFile.ts"
import * as Tool from "./Tool.ts"
import type { Workspace } from "./Workspace.ts"

const Parameters = Schema.Struct({
  path: Schema.String.annotations({ description: "The file, relative to the workspace" }),
  offset: Schema.optional(
    Schema.Number.pipe(Schema.int(), Schema.greaterThanOrEqualTo(1)).annotations({
      description: "The first line to read, counted from 1"
    })
  ),
  limit: Schema.optional(
    Schema.Number.pipe(Schema.int(), Schema.greaterThanOrEqualTo(1)).annotations({
      description: "How many lines to read at most"
    })
  )
})

/**
 * Reads a text file, or a part of it, as it is.
 *
 * @since 0.1.0
 * @category tools
 */
export const tool: Tool.Tool<FileSystem.FileSystem | Workspace> = Tool.make({
  name: "read",
  description: `Read a text file of the workspace. At most ${BoundedOutput.maxLines} lines and ` +
    `${BoundedOutput.maxBytes / 1024} KB come at once; use offset and limit for a part.`,
  parameters: Parameters,
  handler: ({ limit = BoundedOutput.maxLines, offset = 1, path }) =>
    Effect.flatMap(TextFile.read(path), (text) => {
      if (text === "") return Effect.succeed("[The file is empty.]")
      const lines = text.split("\n")
      const count = text.endsWith("\n") ? lines.length - 1 : lines.length
      if (offset > count) {
        return new Tool.ToolFailure({ message: `${path} has ${count} lines; there is no line ${offset}` })
      }
      const part = offset === 1 ? text : lines.slice(offset - 1).join("\n")
      const shown = BoundedOutput.head(part, Math.min(limit, BoundedOutput.maxLines))
      return Effect.succeed(shown.isCut ? `${shown.text}\n${note(shown, offset, count)}` : shown.text)
    })
})

const note = (shown: BoundedOutput.Head, offset: number, count: number): string => {
  const next = offset + shown.lines
  const readOn = next > count ? "" : ` Read on with offset=${next}.`
  return shown.isLineCut
    ? `[Line ${offset} of ${count} is too long: its first ${BoundedOutput.maxBytes} bytes are shown. ` +
      `Use bash (cut -c) for the rest.${readOn}]`
    : `[Lines ${offset}-${next - 1} of ${count} are shown.${readOn}]`
}
