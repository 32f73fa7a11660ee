/**
 * What was said last in a session, for whoever looks for one in a list. Only the end of its log is read: it may be long.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs"
import { line, prose } from "../../internal/visible.ts"
import { isMessage, text as textOf } from "../../responses/Item.ts"
import * as Log from "../../session/Log.ts"
import type { Stored } from "../../session/SessionEvent.ts"

/** How much of a log is read, in bytes. */
const maxBytes = 256 * 1024

/** How many lines of an answer are shown. */
const answerLines = 4

/** The last prompt, and the beginning of the last answer. A log that cannot be read has neither. */
export const ofLog = (path: string): ReadonlyArray<string> => {
  const events = Log.readable(linesAtEnd(path)).events.map(({ event }) => event)
  const asked = events.findLastIndex((event) =>
    event._tag === "TurnStarted" || event._tag === "InputAdded" && event.kind !== "background"
  )
  const answer = events.findLast(({ _tag }) => _tag === "TurnCompleted")
  return [
    ...asked === -1 ? [] : promptOf(events[asked]),
    ...answer?._tag !== "TurnCompleted"
      ? []
      : prose(answer.answer).split("\n").filter((row) => row.trim() !== "").slice(0, answerLines).map((row) =>
        `  ${row}`
      )
  ]
}

const promptOf = (event: Stored["event"] | undefined): ReadonlyArray<string> => {
  if (event?._tag !== "TurnStarted" && event?._tag !== "InputAdded") return []
  const said = event.input.filter(isMessage).findLast(({ role }) => role === "user")
  const text = said === undefined ? "" : line(textOf(said).trim())
  return text === "" ? [] : [`  > ${text}`]
}

/** Without the first of them, which may have lost its beginning. */
const linesAtEnd = (path: string): ReadonlyArray<string> => {
  try {
    const file = openSync(path, "r")
    try {
      const { size } = fstatSync(file)
      const bytes = Buffer.alloc(Math.min(size, maxBytes))
      const read = readSync(file, bytes, 0, bytes.length, size - bytes.length)
      const lines = bytes.toString("utf8", 0, read).split("\n").filter((line) => line !== "")
      return size > maxBytes ? lines.slice(1) : lines
    } finally {
      closeSync(file)
    }
  } catch {
    return []
  }
}
