import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Dialect } from "../../src/responses/Dialect.ts"
import type { ModelError } from "../../src/responses/ModelError.ts"
import * as Request from "../../src/responses/Request.ts"
import type { StreamEvent } from "../../src/responses/StreamEvent.ts"
import * as Sse from "../../src/responses/transport/Sse.ts"

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** One event as a block of its own. */
export const block = (event: { readonly type: string; readonly [field: string]: unknown }): string =>
  `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`

/**
 * The bytes as a network would bring them: each piece a chunk of its own. A long stream only repeats itself, so it
 * comes in larger pieces behind its first part.
 */
export const pieces = (bytes: Uint8Array, size: number): Stream.Stream<Uint8Array> =>
  Stream.fromIteratorSucceed(cut(bytes, size), 1)

/** The bytes cut at these places. */
export const cutAt = (bytes: Uint8Array, places: ReadonlyArray<number>): Stream.Stream<Uint8Array> => {
  const edges = [0, ...places.toSorted((a, b) => a - b), bytes.length]
  return Stream.rechunk(Stream.fromIterable(edges.slice(1).map((end, index) => bytes.subarray(edges[index], end))), 1)
}

function* cut(bytes: Uint8Array, size: number) {
  for (let at = 0, next = 0; at < bytes.length; at = next) {
    next = at + (at < 16_000 ? size : Math.max(size, 1021))
    yield bytes.subarray(at, next)
  }
}

export interface Read {
  readonly events: ReadonlyArray<StreamEvent>
  readonly failure: ModelError | undefined
}

const request = Request.make({ model: "m", instructions: "", input: [], cacheKey: "s" })

/** All that a stream tells, and how it ends. */
export const read = (
  stream: Stream.Stream<Uint8Array>,
  decoder: Dialect["decoder"] = Sse.decoder,
  tools: ReadonlyArray<Request.ToolDeclaration> = []
): Effect.Effect<Read> =>
  Effect.suspend(() => {
    const events: Array<StreamEvent> = []
    return Sse.decodeWith(() => decoder({ ...request, tools }))(stream).pipe(
      Stream.runForEachChunk((chunk) => Effect.sync(() => Array.from(chunk, (event) => events.push(event)))),
      Effect.either,
      Effect.map((end) => ({ events, failure: Option.getOrUndefined(Either.getLeft(end)) }))
    )
  })

/** The same, of a text that comes in one piece. */
export const readText = (text: string): Effect.Effect<Read> => read(Stream.make(bytes(text)))
