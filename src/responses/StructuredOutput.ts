/**
 * An answer as a value of a Schema: what is sent to the model, and how its text is read.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { endOfValue } from "../internal/balanced.ts"
import { isDeepText, parse, tooDeep } from "../internal/json.ts"
import { jsonSchema } from "../internal/jsonSchema.ts"
import { isInStrictSubset } from "../internal/strictSchema.ts"
import type { TextOptions } from "./Request.ts"
import * as Response from "./Response.ts"

/**
 * `decode` fails with a sentence for the model: what of its answer is wrong. Models whose servers do not enforce the
 * schema write more than JSON: of such a text the one object in it that fits is the answer.
 *
 * @since 0.1.0
 * @category models
 */
export interface StructuredOutput<out A> {
  readonly declaration: NonNullable<TextOptions["format"]>
  readonly schema: { readonly [keyword: string]: unknown }
  readonly decode: (response: Response.Response) => Effect.Effect<A, string>
}

/** @since 0.1.0 @category constructors */
export const make = <A, I>(schema: Schema.Schema<A, I>): StructuredOutput<A> => {
  const { $defs, ...json } = jsonSchema(schema)
  const definitions = $defs === undefined ? {} : { $defs }
  // Servers take an object at the top and nothing else.
  return json["type"] === "object"
    ? of({ ...json, ...definitions }, Schema.decodeUnknown(Schema.parseJson(schema), { errors: "all" }))
    : of(
      { type: "object", properties: { value: json }, required: ["value"], additionalProperties: false, ...definitions },
      Effect.fnUntraced(function*(text: unknown) {
        const { value } = yield* decodeWrapped(text)
        return yield* Schema.decodeUnknown(schema, { errors: "all" })(value)
      })
    )
}

const Wrapped = Schema.parseJson(Schema.Struct({ value: Schema.Unknown }))
const decodeWrapped = (text: unknown) => Schema.decodeUnknown(Wrapped)(text)

const of = <A>(
  schema: { readonly [key: string]: unknown },
  decode: (text: unknown) => Effect.Effect<A, ParseResult.ParseError>
): StructuredOutput<A> => ({
  declaration: { type: "json_schema", name: "answer", schema, strict: isInStrictSubset(schema) },
  schema,
  decode: (response) =>
    Effect.mapError(
      Effect.suspend((): Effect.Effect<A, ParseResult.ParseError | string> => {
        const text = Response.text(response)
        if (isDeepText(text)) return Effect.fail(tooDeep)
        // Of an answer that was cut short, a part could look whole.
        if ((response.finishReason ?? "stop") !== "stop") return decode(text)
        return Effect.catchAll(decode(text), (error) =>
          Effect.catchAll(decodeWithin(text, decode), () => Effect.fail(error)))
      }),
      (error) =>
        Predicate.isString(error) ?
          error :
          ParseResult.ArrayFormatter.formatErrorSync(error)
            .map(({ message, path }) =>
              path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`
            )
            .join("; ")
    )
})

/** The one object in a text that fits. Where several differ, the model has to say which it means. */
const decodeWithin = Effect.fnUntraced(function*<A>(
  text: string,
  decode: (text: unknown) => Effect.Effect<A, ParseResult.ParseError>
) {
  const read = parse(text)
  // A text that is JSON is what the model has to say, unless it is a string that holds the JSON.
  if (read !== undefined && !Predicate.isString(read)) return yield* Effect.fail(undefined)
  const said = (read ?? text).replace(/^[^]*<\/think>/, "")
  const fitting = new Map<string, A>()
  for (let at = said.indexOf("{"), tries = 0; at !== -1 && tries < maxTries; tries++) {
    const end = endOfValue(said, at)
    const object = said.slice(at, end)
    const value = end === undefined ? Option.none() : yield* Effect.option(decode(object))
    if (Option.isSome(value)) fitting.set(JSON.stringify(parse(object)), value.value)
    at = said.indexOf("{", Option.isSome(value) ? end : at + 1)
  }
  const [first] = fitting
  return first !== undefined && fitting.size === 1 ? first[1] : yield* Effect.fail(undefined)
})

/** A text may have any number of braces. */
const maxTries = 1000
