import * as Schema from "effect/Schema"

/** An object whose fields are somebody else's affair. */
export const JsonObject = Schema.Record({ key: Schema.String, value: Schema.Unknown })

/** Servers leave a text out or send `null`, as they like. */
export const NullableText = Schema.optional(Schema.NullOr(Schema.String))
