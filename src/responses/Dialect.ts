/**
 * The language of a model call over HTTP: where it is sent, how it is written, how the answer is read.
 *
 * @since 0.1.0
 */
import type { Request } from "./Request.ts"
import * as Sse from "./Sse.ts"

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
  /** Reads the body of an answer whose status is good, from its first byte to the outcome that `Responses.stream` ends with. */
  readonly decoder: () => Sse.Decoder
}

/** @since 0.1.0 @category dialects */
export const responses: Dialect = { path: "/responses", encode: (request) => request, decoder: Sse.decoder }
