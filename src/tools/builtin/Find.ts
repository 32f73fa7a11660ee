/**
 * The built-in tool `find`.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as CutOutput from "../../prompts/CutOutput.ts"
import * as ToolDescriptions from "../../prompts/ToolDescriptions.ts"
import * as ToolOutputs from "../../prompts/ToolOutputs.ts"
import * as BoundedOutput from "../command/BoundedOutput.ts"
import * as Tool from "../Tool.ts"
import type { Files } from "../workspace/Files.ts"
import { FileSearch } from "../workspace/FileSearch.ts"
import * as FileTree from "../workspace/FileTree.ts"
import type { Workspace } from "../workspace/Workspace.ts"
import * as Ls from "./Ls.ts"
import * as SearchTimeout from "./SearchTimeout.ts"

const defaultLimit = 500
const maxLimit = BoundedOutput.maxLines

const Parameters = Schema.Struct({
  pattern: Schema.String.annotations({
    description:
      "The glob that a path must match, relative to path, as src/**/*.ts; one without a slash is for names " +
      "at any depth, as *.ts"
  }),
  path: Schema.optional(
    Schema.String.annotations({ description: "The folder to search, relative to the workspace" })
  ),
  limit: Schema.optional(
    Schema.Number.pipe(Schema.int(), Schema.between(1, maxLimit)).annotations({
      description: `How many paths to show at most (default ${defaultLimit})`
    })
  )
})

/**
 * Finds files and folders by their paths.
 *
 * @since 0.1.0
 * @category tools
 */
export const tool: Tool.Tool<FileSearch | Files | FileSystem.FileSystem | Path.Path | Workspace> = Tool.make({
  name: "find",
  description: ToolDescriptions.find,
  parameters: Parameters,
  access: ({ path = "." }) => Tool.reads(path),
  replay: "safe",
  handler: (parameters) => find(parameters)
})

const find = Effect.fnUntraced(function*({ limit = defaultLimit, path: given = ".", pattern }: typeof Parameters.Type) {
  const search = yield* FileSearch
  const folder = yield* Ls.resolveFolder(given)
  const isWanted = yield* FileTree.glob(pattern)
  const onlyFolders = pattern.endsWith("/")
  const page = Ls.makePage(limit)
  let missed = 0

  const isComplete = yield* FileTree.walk({ folder, includesHidden: FileTree.namesHidden(pattern) }).pipe(
    // By chunks: one by one, the time limit for patterns would cost more than all the rest.
    Stream.mapChunksEffect((found) =>
      search.withRegExpTimeout(pattern, () => {
        missed += Chunk.size(Chunk.filter(found, ({ isUnreadable }) => isUnreadable))
        return Chunk.filter(found, (one) =>
          one.path !== folder && (one.kind === "Folder" || !onlyFolders) &&
          isWanted(FileTree.relative(folder, one.path)))
      })
    ),
    Stream.mapEffect((one) => Effect.map(FileTree.display(one.path), (name) => Ls.withKind(name, one.kind))),
    Stream.runForEachWhile((line) => Effect.sync(() => page.add(line))),
    SearchTimeout.endsInTime
  )
  return [
    ...page.lines,
    ...page.lines.length === 0 && isComplete ? [ToolOutputs.noPathMatches] : [],
    ...page.isFull() ? [CutOutput.morePaths(page.lines.length)] : [],
    ...isComplete ? [] : [SearchTimeout.note],
    ...missed > 0 ? [CutOutput.unreadableFolders(missed)] : []
  ].join("\n")
})
