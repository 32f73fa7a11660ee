/**
 * Remembers in a file what a list shows of sessions. The file is never trusted: it carries a checksum, and each entry
 * counts only for a log that is as it was. Without the file, or when it is damaged, the logs are read.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { mkdir, rename, rm, writeFile } from "node:fs/promises"
import { dirname } from "node:path"
import { crc32 } from "node:zlib"
import type { Index, Indexed } from "../../session/SessionDriver.ts"
import type { Summary } from "../../session/Summary.ts"

/** Another number means that entries are made differently now. */
const version = "effixir sessions 1"

/** Rows rather than objects, and each folder once: a list of thousands waits for every byte. */
interface Content {
  readonly workspaces: ReadonlyArray<string>
  readonly rows: ReadonlyArray<Row>
}

type Row = readonly [
  revision: string,
  id: string,
  title: Summary["title"],
  workspace: number,
  model: Summary["model"],
  status: Summary["status"],
  createdAt: number,
  updatedAt: number,
  turns: number,
  inputTokens: number,
  cachedInputTokens: number,
  outputTokens: number,
  reasoningOutputTokens: number,
  forkOf: Summary["forkOf"],
  parent: Summary["parent"],
  damaged: number
]

const contentOf = (entries: ReadonlyArray<Indexed>): Content => {
  const numbers = new Map<string, number>()
  const numberOf = (workspace: string | null): number => {
    if (workspace === null) return -1
    const number = numbers.get(workspace) ?? numbers.size
    numbers.set(workspace, number)
    return number
  }
  const rows = entries.map(({ revision, summary }): Row => [
    revision,
    summary.id,
    summary.title,
    numberOf(summary.workspace),
    summary.model,
    summary.status,
    summary.createdAt,
    summary.updatedAt,
    summary.turns,
    summary.usage.inputTokens,
    summary.usage.cachedInputTokens,
    summary.usage.outputTokens,
    summary.usage.reasoningOutputTokens,
    summary.forkOf,
    summary.parent,
    summary.damaged
  ])
  return { workspaces: [...numbers.keys()], rows }
}

const entriesOf = ({ rows, workspaces }: Content): ReadonlyMap<string, Indexed> => {
  const entries = new Map<string, Indexed>()
  for (const row of rows) {
    entries.set(row[1], {
      revision: row[0],
      summary: {
        id: row[1],
        title: row[2],
        workspace: workspaces[row[3]] ?? null,
        model: row[4],
        status: row[5],
        createdAt: row[6],
        updatedAt: row[7],
        turns: row[8],
        usage: {
          inputTokens: row[9],
          cachedInputTokens: row[10],
          outputTokens: row[11],
          reasoningOutputTokens: row[12]
        },
        forkOf: row[13],
        parent: row[14],
        damaged: row[15]
      }
    })
  }
  return entries
}

export const make = (file: string): Index => ({
  load: Effect.sync(() => read(file)),
  // What cannot be kept is made again.
  save: (entries) => Effect.ignore(Effect.tryPromise(() => write(file, entries)))
})

const read = (file: string): ReadonlyMap<string, Indexed> => {
  try {
    const content = readFileSync(file)
    const end = content.indexOf(10)
    const body = content.subarray(end + 1)
    if (content.toString("latin1", 0, end) !== head(body)) return new Map()
    // All of it is ASCII, which is read faster as one byte a character.
    const parsed: Content = JSON.parse(body.toString("latin1"))
    return entriesOf(parsed)
  } catch {
    return new Map()
  }
}

/** What two processes write at once may be mixed, which the checksum tells. */
const write = async (file: string, entries: ReadonlyArray<Indexed>): Promise<void> => {
  const body = Buffer.from(ascii(JSON.stringify(contentOf(entries))))
  const temporary = `${file}.tmp`
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  try {
    await writeFile(temporary, Buffer.concat([Buffer.from(`${head(body)}\n`), body]), { mode: 0o600 })
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

const ascii = (json: string): string =>
  json.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)

const head = (body: Uint8Array): string => `${version} ${crc32(body)}`
