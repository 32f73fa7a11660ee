/**
 * The lines of the log of a session, read while they are gone through.
 *
 * @internal
 */
import type { PlatformError } from "@effect/platform/Error"
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs"
import { readLines } from "../files/readLines.ts"
import { problem, refused } from "../files/readPlainFile.ts"

/**
 * `size` is how many bytes hold whole lines, as far as these were gone through. What follows the last line end is the
 * beginning of a line that a crash has cut off, and no line.
 */
export interface LogLines extends Iterable<string> {
  readonly size: number
}

/** @param failed what iterating throws for an error of the file system */
export const make = (path: string, failed: (error: PlatformError) => unknown): LogLines => {
  const attempt = <A>(method: string, run: () => A): A => {
    try {
      return run()
    } catch (error) {
      throw failed(problem(method, path)(error))
    }
  }

  const lines: { size: number } & LogLines = {
    size: 0,
    *[Symbol.iterator]() {
      lines.size = 0
      // Opens a pipe without waiting for its other end.
      const file = attempt("open", () => openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)))
      try {
        if (!attempt("stat", () => fstatSync(file)).isFile()) {
          throw failed(refused(path, "EFTYPE: it is no regular file"))
        }
        const read = (buffer: Buffer, offset: number) =>
          attempt("read", () => readSync(file, buffer, offset, buffer.length - offset, null))
        for (const line of readLines(read)) {
          // Counted in bytes: text that is damaged may be decoded to something longer.
          lines.size += line.length + 1
          yield line.toString("utf8")
        }
      } finally {
        closeSync(file)
      }
    }
  }
  return lines
}

/** Whether there is no whole line. */
export const isEmpty = (lines: Iterable<string>): boolean => {
  for (const _ of lines) return false
  return true
}
