/**
 * The output of a command as plain text: without escape sequences and other control characters, and of a line that was
 * written several times (a progress bar) only the last state.
 *
 * @internal
 */

/**
 * Takes bytes as they come in, and gives those of them that can be shown. A line that is not finished yet is kept back,
 * since it may be overwritten; `rest` gives it.
 *
 * @since 0.1.0
 * @category models
 */
export interface PlainOutput {
  readonly push: (bytes: Uint8Array) => Uint8Array
  readonly rest: () => Uint8Array
}

/** A line is kept back up to this length. In bytes. */
const maxLine = 64 * 1024

/** A sequence that goes on longer than this is none: its end was lost. In bytes. */
const maxSequence = 4096

/** @since 0.1.0 @category constructors */
export const make = (): PlainOutput => {
  let line: Array<number> = []
  let state: State = "text"
  let length = 0
  /** After a carriage return; only what is written next tells whether the line ends or begins again. */
  let isReturned = false

  return {
    push: (bytes) => {
      if (state === "text" && !isReturned && isPlain(bytes)) {
        // Most outputs are: they are passed on in whole pieces.
        const end = bytes.lastIndexOf(newline) + 1
        const before = end === 0 ? [] : line
        const open = bytes.subarray(end)
        if (before.length + open.length < maxLine) {
          line = end === 0 ? [...line, ...open] : [...open]
          return end === 0 ? new Uint8Array(0) : joined(before, bytes.subarray(0, end))
        }
      }
      const shown: Array<number> = []
      const flush = () => {
        for (const byte of line) shown.push(byte)
        line = []
      }
      for (const byte of bytes) {
        if (state !== "text") {
          state = length++ > maxSequence ? "text" : after(state, byte)
          // A line end is in no sequence: this one was cut off.
          if (byte !== newline) continue
          state = "text"
        }
        if (byte === escape) {
          state = "escape"
          length = 0
        } else if (byte === newline) {
          isReturned = false
          line.push(byte)
          flush()
        } else if (byte === carriageReturn) isReturned = true
        else if (byte === backspace) dropLast(line)
        else if (byte >= 0x20 && byte !== 0x7F || byte === tab) {
          if (isReturned) line = []
          isReturned = false
          line.push(byte)
          if (line.length >= maxLine) flush()
        }
      }
      return Uint8Array.from(shown)
    },
    rest: () => {
      const rest = Uint8Array.from(line)
      line = []
      return rest
    }
  }
}

const isPlain = (bytes: Uint8Array): boolean => {
  for (const byte of bytes) if (byte < 0x20 ? byte !== newline && byte !== tab : byte === 0x7F) return false
  return true
}

const joined = (before: ReadonlyArray<number>, bytes: Uint8Array): Uint8Array => {
  const all = new Uint8Array(before.length + bytes.length)
  all.set(before)
  all.set(bytes, before.length)
  return all
}

const newline = 10
const carriageReturn = 13
const backspace = 8
const tab = 9
const escape = 27
const bell = 7

/** - `string` up to a bell or `ESC \\`, as in titles and links; `stringEscape` where that end may have begun */
type State = "text" | "escape" | "intermediate" | "control" | "string" | "stringEscape"

const after = (state: State, byte: number): State => {
  switch (state) {
    case "escape":
      if (byte === 0x5B) return "control"
      if (byte === 0x5D || byte === 0x50 || byte === 0x58 || byte === 0x5E || byte === 0x5F) return "string"
      return byte >= 0x20 && byte <= 0x2F ? "intermediate" : "text"
    case "intermediate":
      return byte >= 0x20 && byte <= 0x2F ? "intermediate" : "text"
    case "control":
      return byte >= 0x20 && byte <= 0x3F ? "control" : "text"
    case "string":
      return byte === bell ? "text" : byte === escape ? "stringEscape" : "string"
    case "stringEscape":
      return byte === 0x5C ? "text" : "string"
    case "text":
      return "text"
  }
}

/** A character of several bytes goes as a whole. */
const dropLast = (line: Array<number>): void => {
  while (((line.at(-1) ?? 0) & 0xC0) === 0x80) line.pop()
  line.pop()
}
