/**
 * Limits a tool's output, so that one call cannot fill the model's context: 2,000 lines and 50 KB, never cut inside a
 * character, and with a last line that says what is missing and how to read on.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 * import type { ToolCall } from "effixir"
 * import { BoundedOutput } from "effixir/tools"
 *
 * // The output of a tool of your own, as much of it as a model should get.
 * const ofText = (text: string) => BoundedOutput.bound(text)
 * const ofParts = (output: ToolCall.Output) => BoundedOutput.boundOutput(output)
 * const beginning = (text: string) => BoundedOutput.head(text, 10).text
 *
 * // The end of what a command prints, however much that is.
 * const endOf = (output: Stream.Stream<Uint8Array>) =>
 *   Effect.suspend(() => {
 *     const tail = BoundedOutput.makeTail()
 *     return Effect.map(Stream.runForEach(output, (bytes) => Effect.sync(() => tail.push(bytes))), tail.read)
 *   })
 * ```
 *
 * @since 0.1.0
 */
import * as CutOutput from "../../prompts/CutOutput.ts"
import type { Item } from "../../responses/Item.ts"
import { type Output, outputText } from "../../responses/ToolCall.ts"

/** @since 0.1.0 @category limits */
export const maxLines = 2000

/** @since 0.1.0 @category limits */
export const maxBytes = 50 * 1024

/** How many parts a list may have, and how long a part other than text may be: an image of 5 MB. */
const maxParts = 20
const maxPartSize = 7 * 1024 * 1024

/** Room for the last line that tools add themselves. */
const noteBytes = 1024

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/**
 * The beginning of a text. `lines` and `bytes` count what `text` holds; `isCut` tells whether something is missing.
 *
 * @since 0.1.0
 * @category models
 */
export interface Head {
  readonly text: string
  readonly lines: number
  readonly isCut: boolean
  /** The last line of `text` is itself incomplete: it alone is larger than the limit. */
  readonly isLineCut: boolean
}

/**
 * As many whole lines as fit; of a first line that does not fit, as many whole characters as fit.
 *
 * @since 0.1.0
 * @category bounding
 */
export const head = (text: string, limit: number = maxLines): Head => {
  const lines = text.split("\n")
  // A newline at the end finishes the last line, it does not begin another one.
  const count = text.endsWith("\n") ? lines.length - 1 : lines.length
  let bytes = 0
  let taken = 0
  while (taken < Math.min(count, limit)) {
    const size = encoder.encode(lines[taken]).length + 1
    if (bytes + size > maxBytes + 1) break
    bytes += size
    taken++
  }
  if (taken === count) return { text, lines: count, isCut: false, isLineCut: false }
  if (taken > 0) return { text: lines.slice(0, taken).join("\n"), lines: taken, isCut: true, isLineCut: false }
  return { text: firstBytes(lines[0] ?? ""), lines: 1, isCut: true, isLineCut: true }
}

/**
 * Bounds the output of a tool that does not do so itself.
 *
 * @since 0.1.0
 * @category bounding
 */
export const bound = (text: string): string => {
  // Most outputs are short; only long ones are counted.
  if (text.length <= maxBytes / 3 && text.length <= maxLines) return text
  const size = encoder.encode(text).length
  const lines = countLines(text)
  if (size <= maxBytes + noteBytes && lines <= maxLines + 2) return text
  const shown = head(text)
  return `${shown.text}\n${
    CutOutput.outputCut(shown.isLineCut ? { bytes: maxBytes } : { lines: shown.lines, of: lines })
  }`
}

/**
 * Bounds an output of either kind: the texts of a list count together, and every other part has its own limit.
 *
 * @since 0.1.0
 * @category bounding
 */
export const boundOutput = (output: Output): Output => {
  if (typeof output === "string") return bound(output)
  const texts = output.filter(isText)
  const others = output.filter((part) => !isText(part))
  const kept = others.filter((part) => sizeOf(part) <= maxPartSize).slice(0, maxParts)
  const left = others.length - kept.length
  const text = outputText(texts)
  const shown = bound(text) + (left === 0 ? "" : `\n${CutOutput.partsLeftOut(left)}`)
  return shown === text && texts.length <= maxParts ? output : [{ type: "input_text", text: shown }, ...kept]
}

const isText = (part: Item): boolean => part.type === "input_text"

const sizeOf = (part: Item): number =>
  Object.values(part).reduce<number>(
    (sum, value) => sum + (typeof value === "string" ? value.length : JSON.stringify(value ?? null).length),
    0
  )

/**
 * The end of a text that is too long to keep. `lines` counts all lines of the text.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tail {
  readonly text: string
  readonly shownLines: number
  readonly lines: number
  readonly isCut: boolean
}

/**
 * Keeps the end of what is pushed into it, in bounded memory however much that is.
 *
 * @since 0.1.0
 * @category bounding
 */
export const makeTail = (): {
  readonly push: (chunk: Uint8Array) => void
  /** Whether something of what was pushed cannot be shown any more. */
  readonly isCut: () => boolean
  readonly read: () => Tail
} => {
  // A character cut in two at the limit needs up to three bytes more.
  const keep = maxBytes + 3
  let kept: Array<Uint8Array> = []
  let keptBytes = 0
  let bytes = 0
  let newlines = 0
  let endsInNewline = true
  return {
    push: (chunk) => {
      if (chunk.length === 0) return
      bytes += chunk.length
      newlines += countNewlines(chunk)
      endsInNewline = chunk[chunk.length - 1] === newline
      kept.push(chunk.slice(-keep))
      keptBytes += Math.min(chunk.length, keep)
      if (keptBytes > 4 * keep) {
        kept = [concat(kept).slice(-keep)]
        keptBytes = keep
      }
    },
    isCut: () => bytes > maxBytes || newlines > maxLines,
    read: () => {
      const all = concat(kept)
      // Decoding makes invalid bytes longer; the limit applies to the decoded text.
      const whole = decoder.decode(all)
      const text = lastLines(lastBytes(whole))
      const lines = newlines + (endsInNewline ? 0 : 1)
      return { text, shownLines: countLines(text), lines, isCut: bytes > all.length || text !== whole }
    }
  }
}

const newline = 10

const countNewlines = (bytes: Uint8Array): number => {
  let count = 0
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) count++
  return count
}

const countLines = (text: string): number => text === "" ? 0 : text.split("\n").length - (text.endsWith("\n") ? 1 : 0)

const concat = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80

const firstBytes = (text: string): string => {
  const bytes = encoder.encode(text)
  let end = Math.min(bytes.length, maxBytes)
  while (end > 0 && isContinuation(bytes[end])) end--
  return decoder.decode(bytes.subarray(0, end))
}

const lastBytes = (text: string): string => {
  const bytes = encoder.encode(text)
  let start = Math.max(0, bytes.length - maxBytes)
  if (start > 0) { while (isContinuation(bytes[start])) start++ }
  return decoder.decode(bytes.subarray(start))
}

const lastLines = (text: string): string => {
  const lines = text.split("\n")
  const keep = maxLines + (text.endsWith("\n") ? 1 : 0)
  return lines.length <= keep ? text : lines.slice(-keep).join("\n")
}
