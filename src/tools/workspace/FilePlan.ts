/**
 * The changes that a call makes to files: computed first, shown to the approver, and then made as a whole or not at
 * all.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 * import { Tool } from "effixir"
 * import { FilePlan, TextFile } from "effixir/tools"
 *
 * const plan = (path: string, session: string) =>
 *   Effect.gen(function*() {
 *     const file = yield* TextFile.load(path)
 *     const text = yield* TextFile.textToChange(file, session)
 *     return [{ ...file, before: file, after: `${text.trimEnd()}\n` }]
 *   })
 *
 * // A person sees the diff before it is made, and exactly that one is made.
 * const trim = Tool.make({
 *   name: "trim",
 *   description: "Removes the empty lines at the end of a file",
 *   parameters: Schema.Struct({ path: Schema.String }),
 *   access: ({ path }) => Tool.writes(path),
 *   preview: ({ path }, { sessionId }) => Effect.flatMap(plan(path, sessionId), FilePlan.preview),
 *   handler: ({ path }, context) =>
 *     Effect.map(FilePlan.carryOut(plan(path, context.sessionId), context), (changes) =>
 *       new Tool.Result({ output: `Trimmed ${path}.`, details: FilePlan.details(changes) }))
 * })
 * ```
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import { resolve } from "../../internal/paths.ts"
import * as EditFailures from "../../prompts/EditFailures.ts"
import * as Tool from "../Tool.ts"
import * as FileChange from "./FileChange.ts"
import { Files } from "./Files.ts"
import { SeenFiles } from "./SeenFiles.ts"
import * as Sha256 from "./Sha256.ts"
import type * as TextFile from "./TextFile.ts"
import { failure, Workspace } from "./Workspace.ts"

/**
 * The change of a file. `before` is its current content: its bytes, its size if it is too large to be read, where it leads
 * if it is a link, or nothing. `after` is the new content; without it the file is deleted. `mode` is that of the file; a
 * new one has none. `from` is the current state of a file that moves here.
 *
 * @since 0.1.0
 * @category models
 */
export interface Draft {
  readonly path: string
  readonly real: string
  readonly mode: number | undefined
  readonly before: Pick<TextFile.Loaded, "bytes"> | FileChange.Link | number | undefined
  readonly after: string | undefined
  readonly from?: Pick<TextFile.Loaded, "path" | "real" | "bytes"> | undefined
}

/** @since 0.1.0 @category models */
export type Plan = ReadonlyArray<Draft>

/**
 * Shows a plan without carrying it out. `digest` is the same for the same plan over the same files.
 *
 * @since 0.1.0
 * @category showing
 */
export const preview = Effect.fnUntraced(function*(plan: Plan) {
  const { root } = yield* Workspace
  return { changes: yield* changesOf(root, plan), digest: yield* digest(plan) }
})

/**
 * Computes a plan and carries it out while no other call changes files. If a person has approved a plan, it must be
 * that very one.
 *
 * @since 0.1.0
 * @category running
 */
export const carryOut = <R>(
  plan: Effect.Effect<Plan, Tool.ToolFailure, R>,
  { agreed, sessionId }: Tool.CallContext
): Effect.Effect<ReadonlyArray<FileChange.FileChange>, Tool.ToolFailure, Files | R | SeenFiles | Workspace> =>
  Effect.flatMap(Workspace, (workspace) =>
    workspace.exclusively(Effect.gen(function*() {
      const drafts = yield* plan
      if (agreed !== undefined && agreed !== (yield* digest(drafts))) return yield* changedSince
      const changes = yield* changesOf(workspace.root, drafts)
      yield* commit(drafts, sessionId)
      return changes
    })))

/**
 * The changes of a call, as the details of its result.
 *
 * @since 0.1.0
 * @category conversions
 */
export const details = (changes: ReadonlyArray<FileChange.FileChange>) => ({ changes: FileChange.bound(changes) })

const changedSince = new Tool.ToolFailure({ message: EditFailures.changedSinceAgreed })

/** Makes all changes; if one fails, those before it are undone. */
const commit = (drafts: Plan, session: string): Effect.Effect<void, Tool.ToolFailure, Files | SeenFiles> =>
  // The session must remember what it has written, even if it is interrupted.
  Effect.uninterruptible(Effect.gen(function*() {
    const seen = yield* SeenFiles
    const done: Array<Draft> = []
    // New files are written first: nothing is deleted before they exist.
    for (const change of drafts.toSorted((a, b) => Number(a.after === undefined) - Number(b.after === undefined))) {
      yield* put(change, change.after).pipe(
        Effect.tapError(() => Effect.forEach(done.toReversed(), (change) => Effect.ignore(takeBack(change)))),
        Effect.mapError((error) =>
          new Tool.ToolFailure({ message: EditFailures.notWritten(failure(change.path)(error).message) })
        )
      )
      done.push(change)
    }
    for (const { after, real } of drafts) if (after !== undefined) yield* seen.note(session, real, after)
  }))

const put = (
  { before, mode, real }: Draft,
  content: string | Uint8Array | FileChange.Link | undefined
): Effect.Effect<void, PlatformError, Files> =>
  Effect.flatMap(Files, (files) => {
    if (FileChange.isLink(content)) return files.link(real, content.link)
    if (content !== undefined) return files.replace(real, content, mode)
    return before === undefined ? Effect.catchAll(files.remove(real), () => Effect.void) : files.remove(real)
  })

const takeBack = (draft: Draft) => {
  const { before } = draft
  if (typeof before === "number") return Effect.void
  return put(draft, FileChange.isLink(before) ? before : before?.bytes)
}

/** A moved file is listed once, at its new path. */
const changesOf = (root: string, plan: Plan): Effect.Effect<ReadonlyArray<FileChange.FileChange>> => {
  const gone = new Set(plan.flatMap(({ after, real }) => after === undefined ? [real] : []))
  const isMove = ({ after, from }: Draft) => from !== undefined && after !== undefined && gone.has(from.real)
  const moved = new Set(plan.flatMap((draft) => isMove(draft) ? [draft.from?.real] : []))
  return Effect.forEach(
    plan.filter(({ after, before, real }) => after !== undefined || before !== undefined && !moved.has(real)),
    (draft) => {
      const { after, from, path, real } = draft
      const before = typeof draft.before === "object" && !FileChange.isLink(draft.before)
        ? FileChange.readable(draft.before.bytes)
        : draft.before
      const place = { path, real, ...(resolve(root, path) === real ? {} : { isElsewhere: true }) }
      if (from !== undefined && isMove(draft)) {
        return FileChange.make({
          ...place,
          kind: "move",
          from: from.path,
          before: FileChange.readable(from.bytes),
          after
        })
      }
      const kind = after === undefined ? "delete" : before === undefined ? "create" : "edit"
      return FileChange.make({ ...place, kind, before, after })
    }
  )
}

const digest = (plan: Plan): Effect.Effect<string> =>
  Effect.map(
    Effect.forEach(plan, ({ after, before, real }) =>
      Effect.map(
        Effect.all([
          FileChange.isLink(before)
            ? Effect.succeed(`-> ${before.link}`)
            : typeof before === "object"
            ? Sha256.of(before.bytes)
            : Effect.succeed(before),
          after === undefined ? Effect.succeed(after) : Sha256.ofText(after)
        ]),
        (versions) => [real, ...versions.map((version) => version ?? null)]
      )),
    (files) => JSON.stringify(files)
  ).pipe(Effect.flatMap(Sha256.ofText))
