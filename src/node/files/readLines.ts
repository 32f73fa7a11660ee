/**
 * The lines of a file, read piece by piece while they are gone through: neither all bytes nor all lines are ever in
 * memory at once. What follows the last line end comes back when there are no more lines.
 *
 * @param read fills a buffer from an offset on with the next bytes of the file, and says how many; 0 at the end
 * @param toLine what to give for a line, without its end; the buffer holds it only until the next one is asked for
 * @param maxLine in bytes; what is longer is cut there
 */
export function* readLines<A>(
  read: (buffer: Buffer, offset: number) => number,
  toLine: (bytes: Buffer, from: number, to: number) => A,
  maxLine = Infinity
): Generator<A, A> {
  let piece = Buffer.allocUnsafe(pieceSize)
  /** How many bytes at its start belong to a line whose end was not read yet. */
  let open = 0
  for (;;) {
    if (open === piece.length) piece = Buffer.concat([piece], piece.length * 2)
    const count = read(piece, open)
    if (count === 0) return toLine(piece, 0, open)
    const bytes = piece.subarray(0, open + count)
    let from = 0
    for (let end = bytes.indexOf(newline, open); end !== -1; end = bytes.indexOf(newline, from)) {
      yield toLine(bytes, from, Math.min(end, from + maxLine))
      from = end + 1
    }
    bytes.copyWithin(0, from)
    open = Math.min(bytes.length - from, maxLine)
  }
}

/** In bytes; what a disk gives best at once. */
const pieceSize = 256 * 1024

const newline = 10
