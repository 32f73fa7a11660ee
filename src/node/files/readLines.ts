/**
 * The lines of a file, read piece by piece while they are gone through: neither all bytes nor all lines are ever in
 * memory at once. A line is given without its end, and its bytes hold only until the next one is asked for. What follows
 * the last line end comes back when there are no more lines.
 *
 * @param read fills a buffer from an offset on with the next bytes of the file, and says how many; 0 at the end
 * @param maxLine in bytes; what is longer is cut there
 */
export function* readLines(
  read: (buffer: Buffer, offset: number) => number,
  maxLine = Infinity
): Generator<Buffer, Buffer> {
  let piece = Buffer.allocUnsafe(pieceSize)
  /** How many bytes at its start belong to a line whose end was not read yet. */
  let open = 0
  for (;;) {
    if (open === piece.length) piece = Buffer.concat([piece], piece.length * 2)
    const count = read(piece, open)
    if (count === 0) return piece.subarray(0, open)
    const bytes = piece.subarray(0, open + count)
    let from = 0
    for (let end = bytes.indexOf(newline, open); end !== -1; end = bytes.indexOf(newline, from)) {
      yield bytes.subarray(from, Math.min(end, from + maxLine))
      from = end + 1
    }
    bytes.copyWithin(0, from)
    open = Math.min(bytes.length - from, maxLine)
  }
}

/** In bytes; what a disk gives best at once. */
const pieceSize = 256 * 1024

const newline = 10
