import { closeSync, constants, openSync, readSync } from "node:fs"
import { parse } from "../../internal/json.ts"
import { readLines } from "../files/readLines.ts"

/** A line that is longer counts as damaged. In bytes. */
const maxLine = 256 * 1024 * 1024

/**
 * The values in a file of JSON lines, without the blank ones; a line that is not JSON gives `undefined`. Nothing after
 * the first `size` bytes is read, so that a file that grows is the same however often it is gone through.
 */
export const jsonLines = (path: string, size: number): Iterable<unknown> => ({
  *[Symbol.iterator]() {
    const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      let left = size
      const lines = readLines(
        (buffer, offset) => {
          const count = readSync(file, buffer, offset, Math.min(buffer.length - offset, left), null)
          left -= count
          return count
        },
        textOf,
        maxLine
      )
      let next: IteratorResult<string | undefined, string | undefined>
      do {
        next = lines.next()
        if (next.value === undefined) yield undefined
        else if (next.value.trim() !== "") yield parse(next.value)
      } while (next.done !== true)
    } finally {
      closeSync(file)
    }
  }
})

const textOf = (bytes: Buffer, from: number, to: number): string | undefined =>
  to - from < maxLine ? decoder.decode(bytes.subarray(from, to)) : undefined

/** Leaves out a byte order mark, and reads damaged characters as such. */
const decoder = new TextDecoder()
