/**
 * How much a server over HTTP may send at once.
 *
 * @internal
 */
import { maxMessage } from "./StdioTransport.ts"

/**
 * A `fetch` whose bodies fail when one message in them is larger than {@link maxMessage}; `onTooMuch` is called then.
 *
 * @since 0.1.0
 * @category constructors
 */
export const boundedFetch = (
  fetch: typeof globalThis.fetch,
  onTooMuch: () => void = () => {}
): typeof globalThis.fetch =>
async (input, init) => {
  const response = await fetch(input, init)
  if (response.body === null) return response
  const isEvents = /^text\/event-stream/i.test(response.headers.get("content-type") ?? "")
  const sizeWith = isEvents ? sizeOfEvent() : sizeOfAll()
  const counting = new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => {
      if (sizeWith(chunk) <= maxMessage) return controller.enqueue(chunk)
      controller.error(new Error("the answer is too large"))
      onTooMuch()
    }
  })
  const { headers, status, statusText } = response
  const body = response.body.pipeThrough(counting)
  const bounded = new Response(isWithoutBody(status) ? null : body, { headers, status, statusText })
  Object.defineProperty(bounded, "url", { value: response.url })
  return bounded
}

const sizeOfAll = () => {
  let size = 0
  return (chunk: Uint8Array): number => size += chunk.length
}

/** The largest event of a chunk, with what came of it before. An event ends at a blank line; lines end in CR, LF or both. */
const sizeOfEvent = () => {
  let size = 0
  let isLineEmpty = true
  let before = 0
  return (chunk: Uint8Array): number => {
    let largest = size
    for (const byte of chunk) {
      size++
      if (byte === lf && before === cr) {
        // It belongs to the end of the line before.
      } else if (byte === lf || byte === cr) {
        if (isLineEmpty) size = 0
        isLineEmpty = true
      } else {
        isLineEmpty = false
        if (size > largest) largest = size
      }
      before = byte
    }
    return Math.max(largest, size)
  }
}

const lf = 10
const cr = 13

const isWithoutBody = (status: number): boolean => status === 204 || status === 205 || status === 304
