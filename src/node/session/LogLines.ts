/**
 * The lines of a log, read piece by piece while they are gone through: neither all bytes nor all lines are ever in
 * memory at once.
 *
 * @internal
 */
import type { PlatformError } from "@effect/platform/Error"
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs"
import { problem, refused } from "../files/readPlainFile.ts"

/** `size` is how many bytes hold whole lines, as far as they were gone through: the last may be cut off. */
export interface LogLines extends Iterable<string> {
  readonly size: number
}

/** Going through them throws what `failed` makes of an error of the disk. */
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
        let piece = Buffer.allocUnsafe(pieceSize)
        /** How many bytes at its start belong to a line of which the end was not read yet. */
        let open = 0
        for (;;) {
          if (open === piece.length) piece = Buffer.concat([piece], piece.length * 2)
          const count = attempt("read", () => readSync(file, piece, open, piece.length - open, null))
          if (count === 0) return
          const bytes = piece.subarray(0, open + count)
          let from = 0
          for (let end = bytes.indexOf(newline, open); end !== -1; end = bytes.indexOf(newline, from)) {
            const line = bytes.toString("utf8", from, end)
            // Counted in bytes: text that is damaged may be decoded to something longer.
            lines.size += end + 1 - from
            from = end + 1
            yield line
          }
          bytes.copyWithin(0, from)
          open = bytes.length - from
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

/** In bytes; what a disk gives best at once. */
const pieceSize = 256 * 1024

const newline = 10
