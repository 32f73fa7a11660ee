import { maxMessage } from "./StdioTransport.ts"

/** A `fetch` whose bodies fail when one message in them is too large. */
export const boundedFetch = (fetch: typeof globalThis.fetch): typeof globalThis.fetch => async (input, init) => {
  const response = await fetch(input, init)
  if (response.body === null) return response
  const isEvents = /^text\/event-stream/i.test(response.headers.get("content-type") ?? "")
  let size = 0
  const counting = new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => {
      // An event has its data in one line.
      const end = isEvents ? chunk.lastIndexOf(10) : -1
      size = end === -1 ? size + chunk.length : chunk.length - end
      if (size > maxMessage) controller.error(new Error("the answer is too large"))
      else controller.enqueue(chunk)
    }
  })
  const { headers, status, statusText } = response
  const body = response.body.pipeThrough(counting)
  const bounded = new Response(isWithoutBody(status) ? null : body, { headers, status, statusText })
  Object.defineProperty(bounded, "url", { value: response.url })
  return bounded
}

const isWithoutBody = (status: number): boolean => status === 204 || status === 205 || status === 304
