/**
 * The built-in tool `apply_patch`, for models that were trained on it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { resolve } from "../../internal/paths.ts"
import * as EditFailures from "../../prompts/EditFailures.ts"
import * as ToolDescriptions from "../../prompts/ToolDescriptions.ts"
import * as ToolOutputs from "../../prompts/ToolOutputs.ts"
import * as Tool from "../Tool.ts"
import * as FileChange from "../workspace/FileChange.ts"
import * as FilePlan from "../workspace/FilePlan.ts"
import * as FileRecovery from "../workspace/FileRecovery.ts"
import { Files } from "../workspace/Files.ts"
import type { SeenFiles } from "../workspace/SeenFiles.ts"
import * as TextFile from "../workspace/TextFile.ts"
import { failure, Workspace } from "../workspace/Workspace.ts"
import * as Patch from "./Patch.ts"

/** The largest patch that is accepted. In characters. */
const maxLength = 1024 * 1024

/**
 * Changes any number of files, or none: every hunk must fit before the first file is touched.
 *
 * @example
 * ```ts
 * import { Toolkit } from "effixir"
 * import { ApplyPatch, Read } from "effixir/tools"
 *
 * // An agent that may only read and patch.
 * const toolkit = Toolkit.make(Read.tool, ApplyPatch.tool)
 *
 * // What a user interface shows of such a call.
 * const line = ApplyPatch.summary("*** Begin Patch\n*** Add File: notes.md\n+Hello\n*** End Patch")
 * ```
 *
 * @since 0.1.0
 * @category tools
 */
export const tool: Tool.Tool<Files | SeenFiles | Workspace> = Tool.freeform({
  name: "apply_patch",
  description: ToolDescriptions.applyPatch,
  syntax: "lark",
  grammar: ToolDescriptions.patchGrammar,
  concurrency: "exclusive",
  access: (patch) =>
    Either.match(Patch.parse(patch.slice(0, maxLength)), {
      onLeft: () => Tool.nothing,
      onRight: (changes) => Tool.writes(...changes.flatMap(pathsOf))
    }),
  describe: (patch) => `apply a patch: ${summary(patch)}`,
  intent: (patch, { sessionId }) => Effect.flatMap(plan(patch, sessionId), FileRecovery.intentOf),
  replay: (patch, { intent }) => FileRecovery.reconcile(intent, ToolOutputs.patched(listOf(patch))),
  preview: (patch, { sessionId }) => Effect.flatMap(plan(patch, sessionId), FilePlan.preview),
  handler: (patch, context) =>
    Effect.gen(function*() {
      const notes: Array<string> = []
      const changes = yield* FilePlan.carryOut(plan(patch, context.sessionId, notes), context)
      return new Tool.Result({
        output: [ToolOutputs.patched(listOf(patch)), ...notes].join("\n"),
        details: FilePlan.details(changes)
      })
    })
})

/**
 * The files of a patch in one line, each with its kind of change (`A`, `M` or `D`).
 *
 * @since 0.1.0
 * @category conversions
 */
export const summary = (patch: string): string =>
  Either.match(Patch.parse(patch.slice(0, maxLength)), {
    onLeft: (problem) => `it cannot be read (${problem})`,
    onRight: (changes) => changes.map(tellChange).join(", ")
  })

const listOf = (patch: string): ReadonlyArray<string> =>
  Either.match(Patch.parse(patch), { onLeft: () => [], onRight: (changes) => changes.map(tellChange) })

/** Computes the new content of each file, in the order of the patch. What the model should know of it goes to the notes. */
const plan = Effect.fnUntraced(function*(patch: string, session: string, notes: Array<string> = []) {
  if (patch.length > maxLength) return yield* fail(EditFailures.patchTooLarge)
  const changes = Patch.parse(patch)
  if (Either.isLeft(changes)) return yield* fail(EditFailures.patchUnreadable(changes.left))
  const drafts: Drafts = new Map()
  for (const change of changes.right) yield* draft(drafts, change, session, notes)
  return [...drafts.values()]
})

/** Existing files are loaded. */
interface Draft extends FilePlan.Draft {
  readonly before: TextFile.Loaded | FileChange.Link | undefined
}

type Drafts = Map<string, Draft>

/** Computes a change without making it. */
const draft = Effect.fnUntraced(function*(
  drafts: Drafts,
  change: Patch.Change,
  session: string,
  notes: Array<string>
) {
  const { path } = change
  if (change._tag === "Add") {
    const target = yield* free(drafts, path)
    drafts.set(target.real, { ...target, after: change.lines.map((line) => `${line}\n`).join("") })
    return
  }
  const link = yield* linkAt(drafts, path)
  if (change._tag === "Delete") {
    const source = link ?? (yield* existing(drafts, path))
    drafts.set(source.real, { ...source, after: undefined, from: undefined })
    return
  }
  const source = yield* existing(drafts, path)
  const before = FileChange.isLink(source.before) ? undefined : source.before
  const text = source.after ?? (yield* TextFile.textToChange(before ?? (yield* gone(path)), session))
  const after = Patch.apply(withoutMark(text), change.hunks)
  if (Either.isLeft(after)) return yield* fail(EditFailures.patchDoesNotFit(path, after.left))
  notes.push(...after.right.alike.map((hunk) => ToolOutputs.matchedAlike(path, hunk)))
  const updated = (text.startsWith(byteOrderMark) ? byteOrderMark : "") + after.right.text
  if (change.moveTo === undefined) drafts.set(source.real, { ...source, after: updated })
  else {
    const target = yield* free(drafts, change.moveTo)
    const moved = link ?? source
    drafts.set(moved.real, { ...moved, after: undefined, from: undefined })
    // For a file that the patch moves several times, `from` is the first place. Where a link moves, its file stays.
    const from = link === undefined ? source.from ?? before : undefined
    drafts.set(target.real, { ...target, mode: source.mode, after: updated, from })
  }
})

/** The link that is at a path itself, and that the patch has not taken away before. */
const linkAt = Effect.fnUntraced(function*(drafts: Drafts, path: string) {
  const files = yield* Files
  const real = yield* TextFile.resolvePlace(path)
  if (drafts.has(real)) return undefined
  const info = Option.getOrUndefined(yield* Effect.mapError(files.stat(real), failure(path)))
  return info?.target === undefined
    ? undefined
    : { path, real, mode: undefined, before: { link: info.target }, after: undefined } satisfies Draft
})

/** Where a path leads once the changes before are made: one that was a link leads no further. */
const follow = Effect.fnUntraced(function*(drafts: Drafts, path: string) {
  const { root } = yield* Workspace
  const through = [...drafts.values()].find(({ after, before, real }) =>
    after === undefined && FileChange.isLink(before) && resolve(root, path).startsWith(`${real}/`)
  )
  if (through !== undefined) return yield* fail(EditFailures.leadsThroughDeleted(path, through.path))
  const place = yield* TextFile.resolvePlace(path)
  return drafts.has(place) ? place : yield* TextFile.resolveToMake(path)
})

/** A path that will be free when this change is made. */
const free = Effect.fnUntraced(function*(drafts: Drafts, path: string) {
  const files = yield* Files
  const real = yield* follow(drafts, path)
  const drafted = drafts.get(real)
  const isThere = drafted === undefined
    ? Option.isSome(yield* Effect.mapError(files.stat(real), failure(path)))
    : drafted.after !== undefined
  if (isThere) return yield* fail(EditFailures.alreadyThere(path))
  return { path, real, mode: drafted?.mode, before: drafted?.before }
})

/** A file that exists, or will by then. `after` is only set if the patch has changed it before. */
const existing = Effect.fnUntraced(function*(drafts: Drafts, path: string) {
  const drafted = drafts.get(yield* follow(drafts, path))
  if (drafted === undefined) {
    const before = yield* TextFile.load(path)
    return { path, real: before.real, mode: before.mode, before, after: undefined, from: undefined }
  }
  return drafted.after === undefined ? yield* gone(path) : drafted
})

const fail = (message: string) => new Tool.ToolFailure({ message })

const gone = (path: string) => fail(EditFailures.notThereAnyMore(path))

const pathsOf = (change: Patch.Change): ReadonlyArray<string> =>
  change._tag === "Update" && change.moveTo !== undefined ? [change.path, change.moveTo] : [change.path]

const tellChange = (change: Patch.Change): string => {
  if (change._tag !== "Update") return `${change._tag === "Add" ? "A" : "D"} ${change.path}`
  return change.moveTo === undefined ? `M ${change.path}` : `M ${change.path} -> ${change.moveTo}`
}

const byteOrderMark = "\uFEFF"
const withoutMark = (text: string): string => text.startsWith(byteOrderMark) ? text.slice(1) : text
