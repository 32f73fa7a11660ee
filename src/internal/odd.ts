import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/**
 * A field that is good to have, in an answer that comes only once: `null` where it has another form, so that it does not
 * cost the rest.
 */
export const odd = <A, I, R>(schema: Schema.Schema<A, I, R>): Schema.Schema<A | null, I | null, R> =>
  Schema.NullOr(schema).annotations({ decodingFallback: () => Effect.succeed(null) })
