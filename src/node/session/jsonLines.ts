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
      const lines = readLines((buffer, offset) => {
        const count = readSync(file, buffer, offset, Math.min(buffer.length - offset, left), null)
        left -= count
        return count
      }, maxLine)
      let next: IteratorResult<Buffer, Buffer>
      do {
        next = lines.next()
        const line = next.value.length < maxLine ? decoder.decode(next.value) : undefined
        if (line === undefined) yield undefined
        else if (line.trim() !== "") yield parse(line)
      } while (next.done !== true)
    } finally {
      closeSync(file)
    }
  }
})

/** Leaves out a byte order mark, and reads damaged characters as such. */
const decoder = new TextDecoder()
