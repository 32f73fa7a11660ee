/**
 * The built-in tool `ls`.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { quote } from "../../internal/quote.ts"
import * as CutOutput from "../../prompts/CutOutput.ts"
import * as FileFailures from "../../prompts/FileFailures.ts"
import * as ToolDescriptions from "../../prompts/ToolDescriptions.ts"
import * as ToolOutputs from "../../prompts/ToolOutputs.ts"
import * as BoundedOutput from "../command/BoundedOutput.ts"
import * as Tool from "../Tool.ts"
import type { Files } from "../workspace/Files.ts"
import type { Entry, FileSearch } from "../workspace/FileSearch.ts"
import * as FileTree from "../workspace/FileTree.ts"
import { failure, Workspace } from "../workspace/Workspace.ts"

const defaultLimit = 500
const maxLimit = BoundedOutput.maxLines

const Parameters = Schema.Struct({
  path: Schema.optional(
    Schema.String.annotations({ description: "The folder to list, relative to the workspace (default: the workspace)" })
  ),
  limit: Schema.optional(
    Schema.Number.pipe(Schema.int(), Schema.between(1, maxLimit)).annotations({
      description: `How many names to show at most (default ${defaultLimit})`
    })
  )
})

/**
 * Lists one folder.
 *
 * @since 0.1.0
 * @category tools
 */
export const tool: Tool.Tool<FileSearch | Files | FileSystem.FileSystem | Path.Path | Workspace> = Tool.make({
  name: "ls",
  description: ToolDescriptions.ls,
  parameters: Parameters,
  access: ({ path = "." }) => Tool.reads(path),
  replay: "safe",
  handler: (parameters) => ls(parameters)
})

const ls = Effect.fnUntraced(function*({ limit = defaultLimit, path: given = "." }: typeof Parameters.Type) {
  const path = yield* Path.Path
  const content = yield* FileTree.look(yield* resolveFolder(given))
  if (content === undefined) return yield* new Tool.ToolFailure({ message: FileFailures.mayNotRead(given) })
  const page = makePage(limit)
  for (const { kind, path: found } of content.shown) {
    if (!page.add(withKind(quote(path.basename(found)), kind))) break
  }
  return [
    ...page.lines,
    ...content.shown.length === 0 && content.left === 0 ? [ToolOutputs.folderEmpty] : [],
    ...page.isFull()
      ? [CutOutput.moreNames(page.lines.length, content.shown.length, limit < maxLimit ? maxLimit : undefined)]
      : [],
    ...content.left > 0 ? [CutOutput.namesNotShown(content.left)] : []
  ].join("\n")
})

/**
 * The real path of a folder that the model has named.
 *
 * @example
 * ```ts
 * import * as FileSystem from "@effect/platform/FileSystem"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 * import { Tool } from "effixir"
 * import { Ls, Workspace } from "effixir/tools"
 *
 * // A tool of your own that takes a folder as `ls` does.
 * const names = Tool.make({
 *   name: "names",
 *   description: "Lists the first names in a folder",
 *   parameters: Schema.Struct({ path: Schema.String }),
 *   access: ({ path }) => Tool.reads(path),
 *   handler: ({ path }) =>
 *     Effect.gen(function*() {
 *       const fs = yield* FileSystem.FileSystem
 *       const folder = yield* Ls.resolveFolder(path)
 *       const page = Ls.makePage(100)
 *       for (const name of yield* Effect.mapError(fs.readDirectory(folder), Workspace.failure(path))) {
 *         if (!page.add(Ls.withKind(name, "File"))) break
 *       }
 *       return page.lines.join("\n")
 *     })
 * })
 * ```
 *
 * @since 0.1.0
 * @category conversions
 */
export const resolveFolder: (
  given: string
) => Effect.Effect<string, Tool.ToolFailure, FileSystem.FileSystem | Workspace> = Effect.fnUntraced(function*(given) {
  const fs = yield* FileSystem.FileSystem
  const workspace = yield* Workspace
  const real = yield* Effect.mapError(workspace.resolveToRead(given), failure(given))
  const { type } = yield* Effect.mapError(fs.stat(real), failure(given))
  if (type !== "Directory") return yield* new Tool.ToolFailure({ message: FileFailures.noFolder(given) })
  return real
})

/** @since 0.1.0 @category conversions */
export const withKind = (name: string, kind: Entry["kind"]): string =>
  kind === "Folder" ? `${name}/` : kind === "Link" ? ToolOutputs.link(name) : name

/**
 * Lines up to a limit of their number and of their size. `add` returns whether there is room for more.
 *
 * @since 0.1.0
 * @category conversions
 */
export const makePage = (limit: number) => {
  const lines: Array<string> = []
  let bytes = 0
  let isFull = false
  return {
    lines,
    isFull: () => isFull,
    add: (line: string): boolean => {
      bytes += encoder.encode(line).length + 1
      isFull = lines.length === limit || bytes > BoundedOutput.maxBytes
      if (!isFull) lines.push(line)
      return !isFull
    }
  }
}

const encoder = new TextEncoder()
