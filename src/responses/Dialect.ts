/**
 * The language of a model call over HTTP: where it is sent, how it is written, how the answer is read.
 *
 * @since 0.1.0
 */
import type * as Stream from "effect/Stream"
import type { ModelError } from "./ModelError.ts"
import type { Request } from "./Request.ts"
import * as Sse from "./Sse.ts"
import type { StreamEvent } from "./StreamEvent.ts"

/**
 * What is not the Responses API is translated at this edge, so that everybody else knows requests and events of one kind.
 *
 * @since 0.1.0
 * @category models
 */
export interface Dialect {
  /** Below the base URL. */
  readonly path: string
  /** The JSON of the body. */
  readonly encode: (request: Request) => unknown
  /** Reads the body of an answer whose status is good. It ends, or fails, like `Responses.stream` does. */
  readonly decode: <E>(bytes: Stream.Stream<Uint8Array, E>) => Stream.Stream<StreamEvent, E | ModelError>
}

/** @since 0.1.0 @category dialects */
export const responses: Dialect = { path: "/responses", encode: (request) => request, decode: Sse.decode }
