/**
 * The built-in tool `read`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as Schema from "effect/Schema"
import type { Item } from "../../responses/Item.ts"
import * as BoundedOutput from "../command/BoundedOutput.ts"
import * as Tool from "../Tool.ts"
import * as FileKind from "../workspace/FileKind.ts"
import type { Files } from "../workspace/Files.ts"
import type { SeenFiles } from "../workspace/SeenFiles.ts"
import * as TextFile from "../workspace/TextFile.ts"
import type { Workspace } from "../workspace/Workspace.ts"

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

/** An image larger than this would fill the request. In bytes. */
const maxImageSize = 5 * 1024 * 1024

/**
 * Reads a text file, or a part of it, as it is; an image is shown to the model.
 *
 * @since 0.1.0
 * @category tools
 */
export const tool: Tool.Tool<Files | SeenFiles | Workspace> = Tool.make({
  name: "read",
  description: `Read a text file of the workspace, or look at an image (PNG, JPEG, GIF, WebP). At most ` +
    `${BoundedOutput.maxLines} lines and ${BoundedOutput.maxBytes / 1024} KB of text come at once; use offset and ` +
    "limit for a part.",
  parameters: Parameters,
  access: ({ path }) => Tool.reads(path),
  describe: ({ offset, path }) => `read ${path}${offset === undefined ? "" : ` from line ${offset}`}`,
  handler: (parameters, { sessionId }) => read(parameters, sessionId)
})

const read = Effect.fnUntraced(function*(parameters: typeof Parameters.Type, session: string) {
  const file = yield* TextFile.loadToRead(parameters.path)
  const type = FileKind.fromBytes(file.bytes)?.image
  if (type !== undefined) return yield* showImage(file, type)
  return yield* showText(yield* TextFile.text(file, session), parameters)
})

const showText = (
  text: string,
  { limit = BoundedOutput.maxLines, offset = 1, path }: typeof Parameters.Type
): Effect.Effect<string, Tool.ToolFailure> => {
  if (text === "") return Effect.succeed("[The file is empty.]")
  const lines = text.split("\n")
  const count = text.endsWith("\n") ? lines.length - 1 : lines.length
  if (offset > count) return new Tool.ToolFailure({ message: `${path} has ${count} lines; there is no line ${offset}` })
  const part = offset === 1 ? text : lines.slice(offset - 1).join("\n")
  const shown = BoundedOutput.head(part, Math.min(limit, BoundedOutput.maxLines))
  return Effect.succeed(shown.isCut ? `${shown.text}\n${note(shown, offset, count)}` : shown.text)
}

const showImage = (
  { bytes, path }: TextFile.Loaded,
  type: string
): Effect.Effect<ReadonlyArray<Item>, Tool.ToolFailure> => {
  const size = FileKind.size(bytes.length)
  return bytes.length > maxImageSize
    ? new Tool.ToolFailure({
      message: `${path} is too large to show (${type}, ${size}; at most ${
        FileKind.size(maxImageSize)
      }); make it smaller`
    })
    : Effect.succeed([
      { type: "input_text", text: `[${path}: ${type}, ${size}]` },
      { type: "input_image", image_url: `data:${type};base64,${Encoding.encodeBase64(bytes)}` }
    ])
}

const note = (shown: BoundedOutput.Head, offset: number, count: number): string => {
  const next = offset + shown.lines
  const readOn = next > count ? "" : ` Read on with offset=${next}.`
  return shown.isLineCut
    ? `[Line ${offset} of ${count} is too long: its first ${BoundedOutput.maxBytes} bytes are shown. ` +
      `Use bash (cut -c) for the rest.${readOn}]`
    : `[Lines ${offset}-${next - 1} of ${count} are shown.${readOn}]`
}
