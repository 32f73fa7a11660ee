/**
 * The built-in tool `grep`.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as CutOutput from "../../prompts/CutOutput.ts"
import * as ToolDescriptions from "../../prompts/ToolDescriptions.ts"
import * as ToolFailures from "../../prompts/ToolFailures.ts"
import * as ToolOutputs from "../../prompts/ToolOutputs.ts"
import * as BoundedOutput from "../command/BoundedOutput.ts"
import * as Tool from "../Tool.ts"
import type { Files } from "../workspace/Files.ts"
import { FileSearch, type Hit, type Query } from "../workspace/FileSearch.ts"
import * as FileTree from "../workspace/FileTree.ts"
import type { Workspace } from "../workspace/Workspace.ts"
import * as SearchedFiles from "./SearchedFiles.ts"
import * as SearchTimeout from "./SearchTimeout.ts"

const defaultLimit = 100
const maxLimit = 1000
const maxContext = 20

const Parameters = Schema.Struct({
  pattern: Schema.String.annotations({
    description: "The regular expression that a line must match; case counts unless ignore_case is set"
  }),
  path: Schema.optional(
    Schema.String.annotations({ description: "The folder or file to search, relative to the workspace" })
  ),
  glob: Schema.optional(
    Schema.String.annotations({
      description: "Search only files that match, as *.ts or src/**/*.ts; with ! in front, only others"
    })
  ),
  ignore_case: Schema.optional(Schema.Boolean.annotations({ description: "Take upper and lower case as the same" })),
  literal: Schema.optional(
    Schema.Boolean.annotations({ description: "Take the pattern as plain text, not as a regular expression" })
  ),
  context: Schema.optional(
    Schema.Number.pipe(Schema.int(), Schema.between(0, maxContext)).annotations({
      description: "How many lines to show before and after each match"
    })
  ),
  limit: Schema.optional(
    Schema.Number.pipe(Schema.int(), Schema.between(1, maxLimit)).annotations({
      description: `How many matching lines to show at most (default ${defaultLimit})`
    })
  )
})

/**
 * Finds lines. The same call on the same files has the same output, whichever program does the searching.
 *
 * @since 0.1.0
 * @category tools
 */
export const tool: Tool.Tool<FileSearch | Files | FileSystem.FileSystem | Path.Path | Workspace> = Tool.make({
  name: "grep",
  description: ToolDescriptions.grep,
  parameters: Parameters,
  access: ({ path = "." }) => Tool.reads(path),
  replay: "safe",
  handler: (parameters, { sessionId }) => grep(parameters, sessionId)
})

const grep = Effect.fnUntraced(function*(parameters: typeof Parameters.Type, session: string) {
  const { context = 0, limit = defaultLimit, path = ".", pattern } = parameters
  if (pattern === "") return yield* new Tool.ToolFailure({ message: ToolFailures.patternEmpty })
  if (/[\r\n]/.test(pattern)) return yield* new Tool.ToolFailure({ message: ToolFailures.patternHasLineBreak })
  const search = yield* FileSearch
  const query: Query = {
    pattern,
    isLiteral: parameters.literal === true,
    ignoresCase: parameters.ignore_case === true,
    context,
    // One more match than shown reveals that there are more.
    maxPerFile: limit + 1
  }

  const page = yield* makePage(limit, context)
  const isComplete = yield* SearchedFiles.batches({ path, glob: parameters.glob, session }).pipe(
    // The next files are found while these are searched.
    Stream.buffer({ capacity: 1 }),
    Stream.flatMap(({ left, selection }) => {
      // Counted here and not where files are found: that runs ahead by a varying amount, and the output must not vary.
      page.leave(left)
      return selection.files.length === 0 ? Stream.empty : search.lines(query, selection)
    }),
    Stream.runForEachWhile(page.add),
    SearchTimeout.endsInTime
  )
  return page.read(isComplete)
})

/** Collects lines until there are enough. */
const makePage = Effect.fnUntraced(function*(limit: number, context: number) {
  const displayed = yield* Effect.context<Workspace | Path.Path>()
  const lines: Array<{ readonly text: string; readonly file: string; readonly number: number }> = []
  let last: { readonly file: string; readonly number: number } | undefined
  let name = { file: "", shown: "" }
  let bytes = 0
  let matches = 0
  const left = { secret: 0, denied: 0, unreadable: 0 }
  let isFull = false

  const add = Effect.fnUntraced(function*(hit: Hit) {
    if (hit._tag === "Unreadable") {
      left.unreadable++
      return true
    }
    if (hit.file !== name.file) {
      name = { file: hit.file, shown: yield* Effect.provide(FileTree.display(hit.file), displayed) }
    }
    const before = lines.at(-1)
    const isApart = context > 0 && before !== undefined &&
      (before.file !== hit.file || before.number + 1 !== hit.number)
    const mark = hit.isMatch ? ":" : "-"
    const text = `${isApart ? "--\n" : ""}${name.shown}${mark}${hit.number}${mark}${hit.text}`
    bytes += encoder.encode(text).length + 1
    isFull = hit.isMatch && matches === limit || bytes > BoundedOutput.maxBytes ||
      lines.length >= BoundedOutput.maxLines / 2
    if (isFull) return false
    lines.push({ text, file: hit.file, number: hit.number })
    if (hit.isMatch) {
      matches++
      last = hit
    }
    return true
  })

  const read = (isComplete: boolean): string => {
    // Drop the context lines before a match that did not fit.
    const shown = isFull
      ? lines.filter(({ file, number }, index) =>
        index <= lines.findLastIndex((line) => line.file === last?.file && line.number <= last.number + context) &&
        (file !== last?.file || number <= last.number + context)
      )
      : lines
    return [
      ...shown.map(({ text }) => text),
      ...matches === 0 && isComplete ? [ToolOutputs.noLineMatches] : [],
      ...isFull ? [CutOutput.moreMatches(matches, limit < maxLimit && matches === limit)] : [],
      ...isComplete ? [] : [SearchTimeout.note],
      ...left.secret > 0 ? [CutOutput.secretsLeftOut(left.secret)] : [],
      ...left.denied > 0 ? [CutOutput.deniedLeftOut(left.denied)] : [],
      ...left.unreadable > 0 ? [CutOutput.unreadableFiles(left.unreadable)] : []
    ].join("\n")
  }

  return {
    add,
    read,
    leave: (more: SearchedFiles.Batch["left"]) => {
      left.secret += more.secret
      left.denied += more.denied
      left.unreadable += more.unreadable
    }
  }
})

const encoder = new TextEncoder()
