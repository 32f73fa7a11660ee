/**
 * The language of a model call over HTTP: where it is sent, how it is written, how the answer is read.
 *
 * @since 0.1.0
 */
import type { Wire } from "../auth/Host.ts"
import type { ModelProfile } from "./account/ModelProfile.ts"
import * as Body from "./Body.ts"
import { ModelError } from "./ModelError.ts"
import type { Request } from "./Request.ts"
import * as Sse from "./transport/Sse.ts"

/**
 * Other APIs than the Responses API are translated here, so that all other code handles one kind of requests and
 * events.
 *
 * @since 0.1.0
 * @category models
 */
export interface Dialect {
  /** Below the base URL. */
  readonly path: string
  /**
   * What a person can do about a server that does not know this path. The code that chose the dialect and the URL
   * supplies it.
   */
  readonly advice?: string | undefined
  /** The JSON of the body, for a model of this profile, as the host takes it. */
  readonly encode: (request: Request, profile: ModelProfile, wire: Wire) => unknown
  /** Reads the body of an answer to the request, whose status is good, to the outcome that `Responses.stream` ends with. */
  readonly decoder: (request: Request, wire?: Wire) => Sse.Decoder
}

/** @since 0.1.0 @category dialects */
export const responses: Dialect = {
  path: "/responses",
  encode: Body.encode,
  decoder: (_, wire) => wire?.hasThinkTags === true ? Sse.decoderWithThinkTags() : Sse.decoder()
}

/**
 * Adds the advice of a dialect where a server does not know its path. Not added if the server says that it is the
 * model, or another id, that it does not know.
 *
 * @since 0.1.0
 * @category combining
 */
export const advised = ({ advice }: Dialect) => (error: ModelError): ModelError =>
  advice === undefined || error.status !== 404 || error.reason._tag !== "InvalidRequest" ||
    /\bwith id\b/i.test(error.detail)
    ? error
    : new ModelError({ ...error, detail: error.detail === "" ? advice : `${error.detail}; ${advice}` })
