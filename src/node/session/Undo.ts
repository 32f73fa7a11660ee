/**
 * What the tools of an agent have changed in files, turn by turn, so that it can be taken back. It is kept beside the
 * log of the session, and needs no git.
 *
 * @internal
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { createHash } from "node:crypto"
import { field, number, parse, text } from "../../internal/json.ts"
import type { Files } from "../../tools/workspace/Files.ts"

/** A larger file is not kept. */
const maxBytes = 16 * 1024 * 1024

/** How many turns of a session can be taken back. */
const maxTurns = 50

/**
 * What taking back a turn has done.
 *
 * - `prompt` what the turn was asked
 * - `restored` files that are as they were before it, `removed` those that it had made
 * - `kept` files that stay as they are, each with the reason
 * - `commands` how many commands it ran: what they have changed is not known
 *
 * @since 0.1.0
 * @category models
 */
export interface Report {
  readonly prompt: string
  readonly restored: ReadonlyArray<string>
  readonly removed: ReadonlyArray<string>
  readonly kept: ReadonlyArray<{ readonly path: string; readonly reason: string }>
  readonly commands: number
}

/** @since 0.1.0 @category models */
export interface Undo {
  /** What changes from now on belongs to a new turn of this session. */
  readonly begin: (session: string, prompt: string) => Effect.Effect<void>
  /** A command has run in the turn. */
  readonly ran: Effect.Effect<void>
  /** The same files, noted before they change. */
  readonly around: (files: typeof Files.Service) => typeof Files.Service
  /** Takes back the last turn of a session that has changed something; nothing if there is none. */
  readonly takeBack: (
    session: string,
    files: typeof Files.Service
  ) => Effect.Effect<Option.Option<Report>, PlatformError>
}

/** A file before its first change in a turn, and what it was last made. The content lies in a file beside. */
interface Noted {
  readonly path: string
  readonly before: { readonly content: string; readonly mode: number } | { readonly link: string } | "none" | "not kept"
  readonly after: string | undefined
}

/**
 * @param sessions the folder of all sessions
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(sessions: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folderOf = (session: string) => path.join(sessions, session, "undo")
  const alone = yield* Effect.makeSemaphore(1)
  let turn = { session: "", prompt: "" }
  /** The folder of the turn, once it has changed something, and the files that it has noted. */
  let place: { readonly folder: string; readonly seen: Set<string> } | undefined

  const turnsOf = (session: string) =>
    fs.readDirectory(folderOf(session)).pipe(
      Effect.orElseSucceed(() => []),
      Effect.map((names) => names.filter((name) => /^\d+$/.test(name)).toSorted((a, b) => Number(a) - Number(b)))
    )

  /** The folder of a session is not made here: one that is deleted must not come back. */
  const placeOf = Effect.gen(function*() {
    if (place !== undefined) return place
    const { prompt, session } = turn
    const turns = yield* turnsOf(session)
    yield* Effect.forEach(
      turns.slice(0, Math.max(0, turns.length + 1 - maxTurns)),
      (old) => fs.remove(path.join(folderOf(session), old), { recursive: true })
    )
    const folder = path.join(folderOf(session), String(Number(turns.at(-1) ?? 0) + 1))
    if (turns.length === 0) yield* Effect.ignore(fs.makeDirectory(folderOf(session), { mode: 0o700 }))
    yield* fs.makeDirectory(folder, { mode: 0o700 })
    place = { folder, seen: new Set() }
    yield* append(place.folder, { prompt })
    return place
  })

  const append = (folder: string, line: object) =>
    fs.writeFileString(path.join(folder, "changes.jsonl"), `${JSON.stringify(line)}\n`, { flag: "a", mode: 0o600 })

  const contentOf = Effect.fnUntraced(
    function*(files: typeof Files.Service, real: string, folder: string, name: string) {
      const info = yield* files.stat(real)
      if (Option.isNone(info)) return "none" as const
      const { mode, size, target, type } = info.value
      if (target !== undefined) return { link: target }
      if (type !== "File" || size > maxBytes) return "not kept" as const
      yield* fs.writeFile(path.join(folder, name), yield* files.read(real, maxBytes), { mode: 0o600 })
      return { content: name, mode }
    }
  )

  const note = (files: typeof Files.Service, real: string, after: string | Uint8Array | undefined) =>
    Effect.gen(function*() {
      if (turn.session === "") return
      const { folder, seen } = yield* placeOf
      const isFirst = !seen.has(real)
      seen.add(real)
      const before = isFirst
        ? yield* Effect.orElseSucceed(
          contentOf(files, real, folder, String(seen.size)),
          () => "not kept" as const
        )
        : undefined
      yield* append(folder, { path: real, before, after: after === undefined ? undefined : sum(after) })
    }).pipe(
      alone.withPermits(1),
      // The change itself is what was asked for.
      Effect.catchAll((error) => Effect.logWarning(`A change of ${real} cannot be taken back: ${error.message}`))
    )

  const undo: Undo = {
    begin: (session, prompt) =>
      Effect.sync(() => {
        turn = { session, prompt }
        place = undefined
      }),
    ran: Effect.flatMap(placeOf, ({ folder }) => append(folder, { command: true })).pipe(
      alone.withPermits(1),
      Effect.ignore
    ),
    around: (files) => ({
      ...files,
      replace: (real, content, mode) => Effect.zipRight(note(files, real, content), files.replace(real, content, mode)),
      link: (real, target) => Effect.zipRight(note(files, real, linkText(target)), files.link(real, target)),
      remove: (real) => Effect.zipRight(note(files, real, undefined), files.remove(real))
    }),
    takeBack: Effect.fnUntraced(function*(session, files) {
      const last = (yield* turnsOf(session)).at(-1)
      if (last === undefined) return Option.none<Report>()
      const folder = path.join(folderOf(session), last)
      const { commands, noted, prompt } = read(
        yield* Effect.orElseSucceed(fs.readFileString(path.join(folder, "changes.jsonl")), () => "")
      )
      const restored: Array<string> = []
      const removed: Array<string> = []
      const kept: Array<Report["kept"][number]> = []
      for (const { after, before, path: real } of noted) {
        const keep = (reason: string) => void kept.push({ path: real, reason })
        const now = yield* sumOf(files, real)
        if (before === "not kept") keep("what it was before is not kept: it was too large, or no plain file")
        else if (now === "unreadable" || now !== after) {
          const old = before === "none"
            ? undefined
            : "link" in before
            ? sum(linkText(before.link))
            : yield* oldSum(path.join(folder, before.content))
          if (now !== old) keep("it was changed after the turn, or could not be read")
        } else if (before === "none") {
          yield* files.remove(real)
          removed.push(real)
        } else if ("link" in before) {
          yield* files.link(real, before.link)
          restored.push(real)
        } else {
          yield* files.replace(real, yield* fs.readFile(path.join(folder, before.content)), before.mode)
          restored.push(real)
        }
      }
      yield* fs.remove(folder, { recursive: true })
      place = undefined
      return Option.some<Report>({ prompt, restored, removed, kept, commands })
    }, alone.withPermits(1))
  }

  const oldSum = (file: string) => Effect.map(fs.readFile(file), sum)

  return undo
})

/** The sum of a file's content; nothing if there is no file. */
const sumOf = (files: typeof Files.Service, real: string) =>
  Effect.gen(function*() {
    const info = yield* files.stat(real)
    if (Option.isNone(info)) return undefined
    if (info.value.target !== undefined) return sum(linkText(info.value.target))
    if (info.value.type !== "File" || info.value.size > maxBytes) return "unreadable"
    return sum(yield* files.read(real, maxBytes))
  }).pipe(Effect.orElseSucceed(() => "unreadable"))

const linkText = (target: string): string => `link to ${target}`

const sum = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex")

/** Of each file its first content counts, and its last. */
const read = (lines: string) => {
  const noted = new Map<string, Noted>()
  let prompt = ""
  let commands = 0
  for (const line of lines.split("\n")) {
    const value = parse(line)
    if (field(value, "command") === true) commands++
    prompt = text(field(value, "prompt")) ?? prompt
    const path = text(field(value, "path"))
    if (path === undefined) continue
    const before = noted.get(path)?.before ?? beforeOf(field(value, "before"))
    noted.set(path, { path, before, after: text(field(value, "after")) })
  }
  return { prompt, commands, noted: [...noted.values()] }
}

const beforeOf = (value: unknown): Noted["before"] => {
  if (value === "none") return "none"
  const link = text(field(value, "link"))
  if (link !== undefined) return { link }
  const content = text(field(value, "content"))
  return content === undefined || !/^\d+$/.test(content)
    ? "not kept"
    : { content, mode: number(field(value, "mode")) ?? 0o644 }
}
