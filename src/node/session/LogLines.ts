/**
 * The lines of the log of a session, read while they are gone through.
 *
 * @internal
 */
import type { PlatformError } from "@effect/platform/Error"
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs"
import type { Lines } from "../../session/SessionDriver.ts"
import { readLines } from "../files/readLines.ts"
import { problem, refused } from "../files/readPlainFile.ts"

/**
 * `size` is how many bytes hold whole lines, as far as these were gone through. What follows the last line end is the
 * beginning of a line that a crash has cut off, and no line.
 */
export interface LogLines extends Lines {
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

  /** Gives what fills a buffer from an offset on with the next bytes of the file. */
  const opened = () => {
    // Opens a pipe without waiting for its other end.
    const file = attempt("open", () => openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)))
    const close = () => closeSync(file)
    if (!attempt("stat", () => fstatSync(file)).isFile()) {
      close()
      throw failed(refused(path, "EFTYPE: it is no regular file"))
    }
    const read = (buffer: Buffer, offset: number) =>
      attempt("read", () => readSync(file, buffer, offset, buffer.length - offset, null))
    return { read, close }
  }

  const lines: { size: number } & LogLines = {
    size: 0,
    mayHold: (text) => {
      const { close, read } = opened()
      try {
        return holds(read, Buffer.from(text))
      } finally {
        close()
      }
    },
    *[Symbol.iterator]() {
      lines.size = 0
      const { close, read } = opened()
      try {
        let size = 0
        for (
          const line of readLines(read, (bytes, from, to) => {
            size = to - from + 1
            return bytes.toString("utf8", from, to)
          })
        ) {
          // Counted in bytes: text that is damaged may be decoded to something longer.
          lines.size += size
          yield line
        }
      } finally {
        close()
      }
    }
  }
  return lines
}

/** Whether what is read has something in it. */
const holds = (read: (buffer: Buffer, offset: number) => number, wanted: Buffer): boolean => {
  const piece = Buffer.allocUnsafe(pieceSize)
  for (let open = 0;;) {
    const count = read(piece, open)
    const bytes = piece.subarray(0, open + count)
    if (bytes.includes(wanted)) return true
    if (count === 0) return false
    // What a piece ends with may be the beginning of what is wanted.
    open = Math.min(bytes.length, wanted.length - 1)
    bytes.copyWithin(0, bytes.length - open)
  }
}

/** In bytes. */
const pieceSize = 256 * 1024

/** Whether there is no whole line. */
export const isEmpty = (lines: Iterable<string>): boolean => {
  for (const _ of lines) return false
  return true
}
