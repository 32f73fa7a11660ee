/**
 * What has become of a call that was to change files, by what it was about to do to them and how they are now.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 * import { Tool } from "effixir"
 * import { FilePlan, FileRecovery, TextFile } from "effixir/tools"
 *
 * const plan = (path: string) => Effect.map(TextFile.target(path), (file) => [{ ...file, after: "" }])
 *
 * // After a crash the files tell whether the call has done its work.
 * const empty = Tool.make({
 *   name: "empty",
 *   description: "Makes a file empty",
 *   parameters: Schema.Struct({ path: Schema.String }),
 *   access: ({ path }) => Tool.writes(path),
 *   intent: ({ path }) => Effect.flatMap(plan(path), FileRecovery.intentOf),
 *   replay: ({ path }, { intent }) => FileRecovery.reconcile(intent, `${path} is empty now.`),
 *   handler: ({ path }, context) => Effect.as(FilePlan.carryOut(plan(path), context), `${path} is empty now.`)
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { below, isWithin, resolve } from "../../internal/paths.ts"
import * as Tool from "../Tool.ts"
import * as FileChange from "./FileChange.ts"
import type { FileIntent } from "./FileIntent.ts"
import type { Draft, Plan } from "./FilePlan.ts"
import { Files } from "./Files.ts"
import * as Sha256 from "./Sha256.ts"
import * as TextFile from "./TextFile.ts"
import { failure, Workspace } from "./Workspace.ts"

/**
 * What a plan is about to do, for the log.
 *
 * @since 0.1.0
 * @category planning
 */
export const intentOf = Effect.fnUntraced(function*(plan: Plan) {
  const { root } = yield* Workspace
  return yield* Effect.forEach(plan, ({ after, before, real }) =>
    Effect.gen(function*() {
      const version = yield* versionBefore(before)
      return {
        path: below(root, real) ?? real,
        ...version === undefined ? {} : { before: version },
        after: after === undefined ? absent : yield* Sha256.ofText(after)
      } satisfies FileIntent
    }))
})

/**
 * Says that a call has done nothing where all its files are as before it, and that it has done its work where all are as
 * the call was to leave them. Everything else is unknown: some of its files may be changed, or somebody has changed one
 * since. One that was put back to exactly what it was counts as before.
 *
 * @since 0.1.0
 * @category recovering
 */
export const reconcile = Effect.fnUntraced(function*(
  intent: ReadonlyArray<FileIntent> | undefined,
  output: string
) {
  if (intent === undefined || intent.length === 0) return Tool.unknown
  const files = yield* Effect.forEach(intent, found)
  if (files.every(({ before, now }) => before !== undefined && now.version === before)) return Tool.notDone
  if (!files.every(({ after, now }) => now.version === after)) return Tool.unknown
  const changes = yield* Effect.forEach(files.filter(({ after, before }) => before !== after), changeOf)
  return Tool.done(new Tool.Result({ output, details: { changes: FileChange.bound(changes) } }))
})

interface Now {
  readonly version: string | undefined
  readonly bytes?: Uint8Array
}

interface Found extends FileIntent {
  readonly real: string
  readonly now: Now
}

const found = Effect.fnUntraced(function*(intent: FileIntent) {
  const { root } = yield* Workspace
  const real = resolve(root, intent.path)
  // A log may have been written elsewhere.
  const now: Now = isWithin(root, real)
    ? yield* Effect.mapError(current(real), failure(intent.path))
    : { version: undefined }
  return { ...intent, real, now } satisfies Found
})

const current = Effect.fnUntraced(function*(real: string) {
  const files = yield* Files
  const info = Option.getOrUndefined(yield* files.stat(real))
  if (info === undefined) return { version: absent } satisfies Now
  if (info.target !== undefined) return { version: linkTo(info.target) } satisfies Now
  if (info.type !== "File" || info.size > TextFile.maxSize) return { version: undefined } satisfies Now
  const bytes = yield* files.read(real, TextFile.maxSize + 1)
  return bytes.length > TextFile.maxSize
    ? { version: undefined } satisfies Now
    : { version: yield* Sha256.of(bytes), bytes } satisfies Now
})

/** Of a file that was there, the log knows that it has changed, and not what it was: there are no lines to show. */
const changeOf = ({ after, before, now, path, real }: Found): Effect.Effect<FileChange.FileChange> => {
  const text = now.bytes === undefined ? undefined : FileChange.readable(now.bytes)
  if (before === absent && typeof text === "string") {
    return FileChange.make({ path, real, kind: "create", before: undefined, after: text })
  }
  const kind = before === absent ? "create" : after === absent ? "delete" : "edit"
  return Effect.succeed({ path, real, kind, diff: "", added: 0, removed: 0, note: notKnown })
}

const notKnown = "what was there before is not known: the call was cut off"

const versionBefore = (before: Draft["before"]): Effect.Effect<string | undefined> =>
  before === undefined
    ? Effect.succeed(absent)
    : FileChange.isLink(before)
    ? Effect.succeed(linkTo(before.link))
    : typeof before === "number"
    ? Effect.succeed(undefined)
    : Sha256.of(before.bytes)

const absent = "absent"

const linkTo = (target: string): string => `-> ${target}`
