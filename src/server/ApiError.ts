/**
 * Why the server refuses a call, as its clients get it.
 *
 * @since 0.1.0
 */
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as Schema from "effect/Schema"
import { JsonObject } from "../internal/wire.ts"

/**
 * The one error of the API. `status` says what the caller can do, `kind` what it was.
 *
 * - 400 `BadInput` the call is not as the document says
 * - 401 `Unauthorized` the token is missing or wrong
 * - 403 `Forbidden` it comes from a page of somebody else, or by a name that is not this server's
 * - 404 `NotFound`, `SessionNotFound`, `NoQuestion`
 * - 409 `TurnRunning`, `NoTurnRunning`, `SessionBusy`, `SessionForked`, `OtherPayer`, `InboxFull`: not in the present state
 * - 413 `TooLarge` the body is
 * - 429 `TooManyTurns` as many turns run as may; `details.retry_after` says when to come back, in seconds
 * - 500 `Defect` and the kinds of failures that the disk or the settings of the server cause
 * - 503 `ShuttingDown`, `SignedOut`, and other kinds of an account that cannot be used
 *
 * @since 0.1.0
 * @category errors
 */
export class ApiError extends Schema.TaggedError<ApiError>("effixir/server/ApiError")("ApiError", {
  status: Schema.Literal(400, 401, 403, 404, 409, 413, 429, 500, 503),
  kind: Schema.String,
  message: Schema.String,
  details: JsonObject
}) {}

/** @since 0.1.0 @category models */
export type Status = ApiError["status"]

/**
 * What the body of a refusal holds.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Body = Schema.Struct({
  error: Schema.Struct({ kind: Schema.String, message: Schema.String, details: JsonObject })
}).annotations({ identifier: "Error" })

/** @since 0.1.0 @category constructors */
export const make = (
  status: Status,
  kind: string,
  message: string,
  details: { readonly [name: string]: unknown } = {}
): ApiError => new ApiError({ status, kind, message, details })

/** @since 0.1.0 @category conversions */
export const toBody = ({ details, kind, message }: ApiError): typeof Body.Type => ({
  error: { kind, message, details }
})

/**
 * The errors of a status, for the definition of an API.
 *
 * @since 0.1.0
 * @category schemas
 */
export const at = (status: Status, description: string) =>
  Schema.transform(Body, Schema.typeSchema(ApiError), {
    strict: true,
    decode: ({ error }) => new ApiError({ status, ...error }),
    encode: toBody
  }).annotations(HttpApiSchema.annotations({ status, description }))
