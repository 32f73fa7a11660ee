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
import type { Index, Indexed } from "../../session/SessionStore.ts"

/** Another number means that entries are made differently now. */
const version = "effixir sessions 1"

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
    const entries: ReadonlyArray<Indexed> = JSON.parse(body.toString("utf8"))
    return new Map(entries.map((entry) => [entry.summary.id, entry]))
  } catch {
    return new Map()
  }
}

/** Two processes that write at once each put a whole file there. */
const write = async (file: string, entries: ReadonlyArray<Indexed>): Promise<void> => {
  const body = Buffer.from(JSON.stringify(entries))
  const temporary = `${file}.${process.pid}.tmp`
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  try {
    await writeFile(temporary, Buffer.concat([Buffer.from(`${head(body)}\n`), body]), { mode: 0o600 })
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

const head = (body: Uint8Array): string => `${version} ${crc32(body)}`
