/**
 * The built-in tool `read`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as Schema from "effect/Schema"
import * as CutOutput from "../../prompts/CutOutput.ts"
import * as FileFailures from "../../prompts/FileFailures.ts"
import * as ToolDescriptions from "../../prompts/ToolDescriptions.ts"
import * as ToolOutputs from "../../prompts/ToolOutputs.ts"
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
  description: ToolDescriptions.read(BoundedOutput),
  parameters: Parameters,
  access: ({ path }) => Tool.reads(path),
  replay: "safe",
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
  if (text === "") return Effect.succeed(ToolOutputs.fileEmpty)
  const lines = text.split("\n")
  const count = text.endsWith("\n") ? lines.length - 1 : lines.length
  if (offset > count) return new Tool.ToolFailure({ message: FileFailures.noSuchLine(path, count, offset) })
  const part = offset === 1 ? text : lines.slice(offset - 1).join("\n")
  const shown = BoundedOutput.head(part, Math.min(limit, BoundedOutput.maxLines))
  return Effect.succeed(shown.isCut ? `${shown.text}\n${note(shown, offset, count)}` : shown.text)
}

const showImage = (
  { bytes, path }: TextFile.Loaded,
  type: string
): Effect.Effect<ReadonlyArray<Item>, Tool.ToolFailure> => {
  const size = FileKind.size(bytes.length)
  if (bytes.length > maxImageSize) {
    const maxSize = FileKind.size(maxImageSize)
    return new Tool.ToolFailure({ message: FileFailures.imageTooLarge({ path, type, size, maxSize }) })
  }
  return FileKind.isWholeImage(bytes, type)
    ? Effect.succeed([
      { type: "input_text", text: ToolOutputs.image(path, type, size) },
      { type: "input_image", image_url: `data:${type};base64,${Encoding.encodeBase64(bytes)}` }
    ])
    : new Tool.ToolFailure({ message: FileFailures.imageCutOff({ path, type, size }) })
}

const note = (shown: BoundedOutput.Head, line: number, count: number): string => {
  const after = line + shown.lines
  const next = after > count ? undefined : after
  return shown.isLineCut
    ? CutOutput.longLine({ line, count, bytes: BoundedOutput.maxBytes, next })
    : CutOutput.linesShown({ line, last: after - 1, count, next })
}
