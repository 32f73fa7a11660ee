/**
 * Remembers in a file what a list shows of sessions. The file is never trusted: it carries a checksum, and each entry
 * counts only for a log that is as it was. Without the file, or when it is damaged, the logs are read.
 *
 * A list of thousands waits for every byte: each folder is there once, and of the sessions below it those that are not
 * asked for stay text.
 *
 * ```text
 * effixir sessions 2 <checksum of what follows>
 * "/home/ada/app"
 * <id> [<revision>,<title>,…]
 * <id> [<revision>,<title>,…]
 * ```
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { mkdir, rename, rm, writeFile } from "node:fs/promises"
import { dirname } from "node:path"
import { crc32 } from "node:zlib"
import type { Index, Indexed, Remembered } from "../../session/SessionDriver.ts"
import type { Summary } from "../../session/Summary.ts"

/** Another number means that entries are made differently now. */
const version = "effixir sessions 2"

interface Entry {
  readonly workspace: Summary["workspace"]
  /** A {@link Row} as JSON. */
  readonly row: string
}

type Row = readonly [
  revision: string,
  title: Summary["title"],
  model: Summary["model"],
  status: Summary["status"],
  createdAt: number,
  updatedAt: number,
  turns: number,
  inputTokens: number,
  cachedInputTokens: number,
  outputTokens: number,
  reasoningOutputTokens: number,
  costUsd: number | null,
  forkOf: Summary["forkOf"],
  parent: Summary["parent"],
  damaged: number
]

const toEntry = ({ revision, summary }: Indexed): Entry => {
  const row: Row = [
    revision,
    summary.title,
    summary.model,
    summary.status,
    summary.createdAt,
    summary.updatedAt,
    summary.turns,
    summary.usage.inputTokens,
    summary.usage.cachedInputTokens,
    summary.usage.outputTokens,
    summary.usage.reasoningOutputTokens,
    summary.usage.costUsd ?? null,
    summary.forkOf,
    summary.parent,
    summary.damaged
  ]
  return { workspace: summary.workspace, row: ascii(JSON.stringify(row)) }
}

const fromEntry = (id: string, { row, workspace }: Entry): Indexed => {
  const parsed: Row = JSON.parse(row)
  return {
    revision: parsed[0],
    summary: {
      id,
      title: parsed[1],
      workspace,
      model: parsed[2],
      status: parsed[3],
      createdAt: parsed[4],
      updatedAt: parsed[5],
      turns: parsed[6],
      usage: {
        inputTokens: parsed[7],
        cachedInputTokens: parsed[8],
        outputTokens: parsed[9],
        reasoningOutputTokens: parsed[10],
        ...parsed[11] === null ? {} : { costUsd: parsed[11] }
      },
      forkOf: parsed[12],
      parent: parsed[13],
      damaged: parsed[14]
    }
  }
}

export const make = (file: string): Index => ({
  load: Effect.sync(() => remembered(read(file))),
  // What cannot be kept is made again.
  save: (changed, gone) => Effect.ignore(Effect.tryPromise(() => update(file, changed, gone)))
})

const remembered = (entries: ReadonlyMap<string, Entry>): Remembered => ({
  keys: () => entries.keys(),
  get: (id) => {
    const entry = entries.get(id)
    return entry && fromEntry(id, entry)
  },
  workspaceOf: (id) => entries.get(id)?.workspace
})

const read = (file: string): Map<string, Entry> => {
  const entries = new Map<string, Entry>()
  try {
    const content = readFileSync(file)
    const body = content.subarray(content.indexOf("\n") + 1)
    if (content.toString("latin1", 0, content.length - body.length) !== head(body)) return entries
    // All of it is ASCII, which is read faster as one byte a character.
    const text = body.toString("latin1")
    let workspace: Entry["workspace"] = null
    for (let at = 0, end = 0; (end = text.indexOf("\n", at)) >= 0; at = end + 1) {
      if (isFolder(text, at)) {
        workspace = JSON.parse(text.slice(at, end))
        continue
      }
      const row = text.indexOf(" ", at)
      entries.set(text.slice(at, row), { workspace, row: text.slice(row + 1, end) })
    }
    return entries
  } catch {
    return new Map()
  }
}

/** A folder is a string or `null` as JSON; an id has no quotes, and a row behind it. */
const isFolder = (text: string, at: number): boolean => text.startsWith("\"", at) || text.startsWith("null\n", at)

/** What two processes write at once may be mixed, which the checksum tells. */
const update = async (file: string, changed: ReadonlyArray<Indexed>, gone: ReadonlyArray<string>): Promise<void> => {
  const entries = read(file)
  if (changed.length === 0 && !gone.some((id) => entries.has(id))) return
  for (const id of gone) entries.delete(id)
  for (const one of changed) entries.set(one.summary.id, toEntry(one))
  const body = Buffer.from(format(entries), "latin1")
  const temporary = `${file}.tmp`
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  try {
    await writeFile(temporary, Buffer.concat([Buffer.from(head(body)), body]), { mode: 0o600 })
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

const format = (entries: ReadonlyMap<string, Entry>): string => {
  const byFolder = new Map<Entry["workspace"], string>()
  for (const [id, { row, workspace }] of entries) {
    const above = byFolder.get(workspace) ?? `${ascii(JSON.stringify(workspace))}\n`
    byFolder.set(workspace, `${above}${id} ${row}\n`)
  }
  return [...byFolder.values()].join("")
}

const ascii = (json: string): string =>
  json.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)

const head = (body: Uint8Array): string => `${version} ${crc32(body)}\n`
