/**
 * The sessions of opencode: in its database, or in a file that `opencode export` has written.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import { readFileSync } from "node:fs"
import { field, parse } from "../../internal/json.ts"

/** As much of `node:sqlite` as is used; Node has it from 22.5 on. */
interface Sqlite {
  readonly DatabaseSync: new(path: string, options: { readonly readOnly: boolean }) => Database
}

interface Database {
  readonly prepare: (sql: string) => { readonly all: (...values: ReadonlyArray<string>) => ReadonlyArray<unknown> }
  readonly close: () => void
}

/** @since 0.1.0 @category models */
export interface Listed {
  readonly id: string
  readonly folder: string
}

const sqlite = (): Sqlite | undefined => {
  // Node warns that the module is experimental, which does not concern the person at the terminal.
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return process.getBuiltinModule("node:sqlite") as Sqlite | undefined
  } finally {
    process.emitWarning = emitWarning
  }
}

/** Whether this Node can read the database. */
export const canRead = (): boolean => sqlite() !== undefined

const using = <A>(path: string, use: (database: Database) => A): A => {
  const module = sqlite()
  if (module === undefined) throw new Error("this version of Node cannot read a database")
  const database = new module.DatabaseSync(path, { readOnly: true })
  try {
    return use(database)
  } finally {
    database.close()
  }
}

/** The sessions that a person has begun, the one that was used last first. */
export const list = (path: string): ReadonlyArray<Listed> =>
  using(
    path,
    (database) =>
      database.prepare("select id, directory from session where parent_id is null order by time_updated desc, id desc")
        .all().map((row) => ({ id: String(field(row, "id")), folder: String(field(row, "directory")) }))
  )

/** A session of the database. One message with its parts is held at a time. */
export const fromDatabase = (path: string, id: string): Iterable<unknown> => ({
  *[Symbol.iterator]() {
    const module = sqlite()
    if (module === undefined) return
    const database = new module.DatabaseSync(path, { readOnly: true })
    try {
      const [session] = database.prepare("select id, directory, title, revert from session where id = ?").all(id)
      if (Predicate.isRecord(session)) yield { ...session, revert: value(session["revert"]) }
      const parts = database.prepare("select data from part where message_id = ? order by id")
      const data = database.prepare("select data from message where id = ?")
      for (const row of database.prepare("select id from message where session_id = ? order by id").all(id)) {
        const messageId = String(field(row, "id"))
        const info = value(field(data.all(messageId)[0], "data"))
        yield Predicate.isRecord(info)
          ? { info: { ...info, id: messageId }, parts: parts.all(messageId).map((part) => value(field(part, "data"))) }
          : undefined
      }
    } finally {
      database.close()
    }
  }
})

/** What `opencode export` writes is one object, and is read as a whole. */
export const fromExport = (path: string): Iterable<unknown> => ({
  *[Symbol.iterator]() {
    const session = parse(readFileSync(path, "utf8"))
    yield field(session, "info")
    const messages = field(session, "messages")
    if (Array.isArray(messages)) yield* messages
  }
})

const value = (text: unknown): unknown => Predicate.isString(text) ? parse(text) : undefined
