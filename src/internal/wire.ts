import * as Schema from "effect/Schema"

/** An object whose fields this program does not interpret. */
export const JsonObject = Schema.Record({ key: Schema.String, value: Schema.Unknown })

/** A text that some servers leave out and others send as `null`. */
export const NullableText = Schema.optional(Schema.NullOr(Schema.String))
