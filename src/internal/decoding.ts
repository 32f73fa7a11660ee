import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { identity } from "effect/Function"
import type * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { ParseOptions } from "effect/SchemaAST"

/**
 * `Schema.decodeUnknown` for what others have written. A union of effect 3 makes a text of the field that tells its
 * members apart, which throws for valid JSON such as `{"kind": {"toString": 1}}`: here that is a failure like any other.
 */
export const decoding = <A, I, R>(schema: Schema.Schema<A, I, R>, options?: ParseOptions) => {
  const decode = Schema.decodeUnknown(schema, options)
  return (u: unknown): Effect.Effect<A, ParseResult.ParseError, R> =>
    Effect.catchAllDefect(Effect.suspend(() => decode(u)), (defect) => Effect.fail(unreadable(schema, u, defect)))
}

/** {@link decoding} for a schema that needs no effects. */
export const decodingEither = <A, I>(schema: Schema.Schema<A, I>, options?: ParseOptions) => {
  const decode = Schema.decodeUnknownEither(schema, options)
  return (u: unknown): Either.Either<A, ParseResult.ParseError> =>
    Either.flatMap(
      Either.try({ try: () => decode(u), catch: (thrown) => unreadable(schema, u, thrown) }),
      identity
    )
}

/** {@link decodingEither} where it does not matter what is wrong. */
export const decodingOption = <A, I>(schema: Schema.Schema<A, I>, options?: ParseOptions) => {
  const decode = decodingEither(schema, options)
  return (u: unknown): Option.Option<A> => Either.getRight(decode(u))
}

const unreadable = (schema: Schema.Schema.All, u: unknown, thrown: unknown) =>
  ParseResult.parseError(
    new ParseResult.Type(schema.ast, u, thrown instanceof Error ? thrown.message : String(thrown))
  )
