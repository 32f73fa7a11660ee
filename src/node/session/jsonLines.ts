import { closeSync, constants, openSync, readSync } from "node:fs"
import { parse } from "../../internal/json.ts"

/** A line that is longer counts as damaged. In bytes. */
const maxLine = 256 * 1024 * 1024
const chunkSize = 256 * 1024
const newline = 10

/**
 * The values in a file of JSON lines, without the blank ones; a line that is no JSON gives `undefined`. No more than a
 * line is held at a time. What is appended after `size` bytes is not seen, however often the file is gone through.
 */
export const jsonLines = (path: string, size: number): Iterable<unknown> => ({
  *[Symbol.iterator]() {
    const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      for (const line of lines(file, size)) {
        if (line === undefined) yield undefined
        else if (line.trim() !== "") yield parse(line)
      }
    } finally {
      closeSync(file)
    }
  }
})

function* lines(file: number, size: number): Generator<string | undefined> {
  let parts: Array<Buffer> = []
  let length = 0
  const end = (): string | undefined => {
    const text = length > maxLine ? undefined : decoder.decode(Buffer.concat(parts))
    parts = []
    length = 0
    return text
  }
  for (let left = size; left > 0;) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkSize, left))
    const read = readSync(file, chunk, 0, chunk.length, null)
    if (read === 0) break
    left -= read
    let from = 0
    for (let to = chunk.indexOf(newline); to !== -1 && to < read; to = chunk.indexOf(newline, from)) {
      parts.push(chunk.subarray(from, to))
      length += to - from
      yield end()
      from = to + 1
    }
    length += read - from
    // What is longer is not kept.
    if (length <= maxLine) parts.push(chunk.subarray(from, read))
  }
  if (length > 0) yield end()
}

/** Leaves out a byte order mark, and reads damaged characters as such. */
const decoder = new TextDecoder()
