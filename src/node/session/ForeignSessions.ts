/**
 * Finds the sessions of other agents on this machine. They are only read.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { closeSync, constants, openSync, readdirSync, readSync, realpathSync, type Stats, statSync } from "node:fs"
import { homedir } from "node:os"
import { basename, join, resolve } from "node:path"
import { diskProblem } from "../../internal/diskProblem.ts"
import { field } from "../../internal/json.ts"
import { quote } from "../../internal/quote.ts"
import type { Tool } from "../../session/import/ForeignSession.ts"
import { formats, ImportError, type Source } from "../../session/import/SessionImport.ts"
import { attemptSync } from "../files/readPlainFile.ts"
import { jsonLines } from "./jsonLines.ts"
import * as OpenCodeSessions from "./OpenCodeSessions.ts"

/** Where an agent keeps its sessions: the folder or file that a variable names, or its usual place. */
const inHome = (variable: string, ...names: ReadonlyArray<string>): Config.Config<string> =>
  Config.nonEmptyString(variable).pipe(Config.orElse(() => Config.sync(() => join(homedir(), ...names))))

const places: { readonly [tool in Tool]: Config.Config<string> } = {
  codex: inHome("CODEX_HOME", ".codex"),
  claude: inHome("CLAUDE_CONFIG_DIR", ".claude").pipe(Config.map((folder) => join(folder, "projects"))),
  pi: inHome("PI_CODING_AGENT_DIR", ".pi", "agent").pipe(Config.map((folder) => join(folder, "sessions"))),
  opencode: inHome("XDG_DATA_HOME", ".local", "share").pipe(
    Config.map((folder) => join(folder, "opencode", "opencode.db"))
  )
}

/** The paths, below that place, of the sessions that a person has begun. */
const names: { readonly [tool in Tool]: RegExp } = {
  codex: /^(?:archived_)?sessions[/\\](?:.*[/\\])?rollout-[^/\\]*\.jsonl$/,
  claude: /^[^/\\]*[/\\](?!agent-)[^/\\]*\.jsonl$/,
  pi: /\.jsonl$/,
  opencode: /\.json$/
}

/**
 * The session that is meant: a file, or any part of an id that only one has, or else the one of this folder that was
 * used last.
 *
 * @example
 * ```ts
 * import { ForeignSessions } from "effixir/node"
 *
 * // The last session that Codex has had in this folder.
 * const last = ForeignSessions.find("codex", undefined, "/home/ada/app")
 * ```
 *
 * @since 0.1.0
 * @category reading
 */
export const find: (
  tool: Tool,
  given: string | undefined,
  folder: string
) => Effect.Effect<Source, ImportError | ConfigError> = Effect.fnUntraced(
  function*(tool, given, folder) {
    if (given !== undefined && isPath(folder, given)) return yield* fromFile(tool, resolve(folder, given), folder)
    const place = yield* places[tool]
    return yield* tool === "opencode" ? inDatabase(place, given, folder) : inFiles(tool, place, given, folder)
  }
)

const isPath = (folder: string, given: string): boolean =>
  /[/\\]|\.(?:jsonl?|db|zst)$/.test(given) || statSync(resolve(folder, given), { throwIfNoEntry: false }) !== undefined

const refuse = (reason: ImportError["reason"], detail: string) => new ImportError({ reason, detail })

const fromFile = Effect.fnUntraced(function*(tool: Tool, path: string, folder: string) {
  const name = quote(path)
  if (path.endsWith(".zst")) {
    return yield* refuse("Unusable", `${name} is compressed; unpack it first: zstd -d ${quote(basename(path))}`)
  }
  const info: Stats | undefined = yield* attemptSync(
    "stat",
    path,
    () => statSync(path, { throwIfNoEntry: false })
  ).pipe(Effect.mapError((error) => refuse("Io", `${name} cannot be read: ${diskProblem(error)}`)))
  if (info === undefined) return yield* refuse("NotFound", `There is no file ${name}`)
  if (info.isDirectory()) return yield* refuse("Unusable", `${name} is a folder; give the file of a session, or its id`)
  if (!info.isFile()) return yield* refuse("Unusable", `${name} is no regular file`)
  if (info.size === 0) return yield* refuse("Unusable", `${name} is empty`)
  if (tool !== "opencode") return source(tool, name, jsonLines(path, info.size))
  const isDatabase = yield* Effect.try({
    try: () => startOf(path).startsWith("SQLite format 3"),
    catch: (cause) => new ImportError({ reason: "Io", detail: `${name} cannot be read: ${String(cause)}`, cause })
  })
  if (isDatabase) return yield* inDatabase(path, undefined, folder)
  return info.size > maxExport
    ? yield* refuse("Unusable", `${name} is larger than an export of opencode may be (256 MB)`)
    : source(tool, name, OpenCodeSessions.fromExport(path))
})

const maxExport = 256 * 1024 * 1024

const source = (tool: Tool, name: string, lines: Source["lines"]): Source => ({ tool, name, lines })

const startOf = (path: string): string => {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const start = Buffer.alloc(16)
    return start.subarray(0, readSync(file, start)).toString("latin1")
  } finally {
    closeSync(file)
  }
}

interface Found {
  readonly path: string
  readonly at: number
  readonly size: number
}

const inFiles = Effect.fnUntraced(function*(tool: Tool, place: string, given: string | undefined, folder: string) {
  const found = yield* attemptSync("readDirectory", place, () => filesIn(place, names[tool])).pipe(
    Effect.mapError((error) => refuse("Io", `${quote(place)} cannot be read: ${diskProblem(error)}`))
  )
  const { name } = formats[tool]
  if (given === undefined) {
    const latest = found.find(({ path, size }) => size > 0 && isOf(tool, path, size, folder))
    return latest === undefined
      ? yield* refuse(
        "NotFound",
        `${name} has no session of this folder in ${quote(place)}; give the id of another, or its file`
      )
      : yield* fromFile(tool, latest.path, folder)
  }
  const meant = found.filter(({ path }) => basename(path).toLowerCase().includes(given.trim().toLowerCase()))
  return yield* fromFile(tool, yield* one(name, place, given, meant.map(({ path }) => path)), folder)
})

/** How many of the sessions that an id could mean are listed. */
const listed = 10

const one = (name: string, place: string, given: string, meant: ReadonlyArray<string>) => {
  const [first, ...more] = given.trim() === "" ? [] : meant
  if (first === undefined) {
    return refuse("NotFound", `${name} has no session with ${quote(given)} in its id in ${quote(place)}`)
  }
  const some = meant.slice(0, listed).map((path) => basename(path)).join(", ")
  return more.length === 0 ? Effect.succeed(first) : refuse(
    "Ambiguous",
    `${meant.length} sessions of ${name} have ${quote(given)} in their id; give more of it: ${some}${
      meant.length > listed ? ", …" : ""
    }`
  )
}

/** The one that was written to last comes first. */
const filesIn = (place: string, name: RegExp): ReadonlyArray<Found> => {
  const all = statSync(place, { throwIfNoEntry: false }) === undefined
    ? []
    : readdirSync(place, { encoding: "utf8", recursive: true })
  return all.filter((path) => name.test(path))
    .flatMap((path) => {
      const whole = join(place, path)
      const info = statSync(whole, { throwIfNoEntry: false })
      return info?.isFile() === true ? [{ path: whole, at: info.mtimeMs, size: info.size }] : []
    })
    .toSorted((a, b) => b.at - a.at)
}

/** The folder is in one of the first lines. */
const isOf = (tool: Tool, path: string, size: number, folder: string): boolean => {
  let at = 0
  for (const line of jsonLines(path, size)) {
    const meta = tool === "codex" ? field(line, "payload") ?? line : line
    if (field(meta, "source") !== undefined && typeof field(meta, "source") === "object") return false
    const cwd = field(meta, "cwd")
    if (typeof cwd === "string") return isSame(cwd, folder)
    if (++at === 20) return false
  }
  return false
}

const isSame = (a: string, b: string): boolean => real(a) === real(b)

const real = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    return resolve(path)
  }
}

const inDatabase = Effect.fnUntraced(function*(path: string, given: string | undefined, folder: string) {
  const name = quote(path)
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    return yield* refuse("NotFound", `opencode keeps no sessions here: there is no ${name}`)
  }
  if (!OpenCodeSessions.canRead()) {
    return yield* refuse(
      "Io",
      `${name} is a database, which only Node 22.5 and later can read (this is ${process.version}). ` +
        "Have opencode write the session down, and give that file: opencode export ID > session.json"
    )
  }
  const sessions = yield* Effect.try({
    try: () => OpenCodeSessions.list(path),
    catch: (cause) =>
      new ImportError({
        reason: "Unusable",
        detail: `${name} cannot be read as the database of opencode: ${
          cause instanceof Error ? cause.message : String(cause)
        }`,
        cause
      })
  })
  const id = given === undefined
    ? Option.fromNullable(sessions.find((session) => isSame(session.folder, folder))?.id)
    : Option.some(
      yield* one("opencode", path, given, sessions.map(({ id }) => id).filter((id) => id.includes(given.trim())))
    )
  return Option.isNone(id)
    ? yield* refuse("NotFound", `opencode has no session of this folder in ${name}; give the id of another`)
    : source("opencode", `${name} (${id.value})`, OpenCodeSessions.fromDatabase(path, id.value))
})
