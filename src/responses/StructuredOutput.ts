/**
 * An answer as a value of a Schema: what is sent to the model, and how its text is read.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { field, isDeepText, tooDeep } from "../internal/json.ts"
import { jsonSchema } from "../internal/jsonSchema.ts"
import type { TextOptions } from "./Request.ts"
import * as Response from "./Response.ts"

/**
 * `decode` fails with a sentence for the model: what of its answer is wrong. It ignores a code fence around the JSON,
 * which models write whose servers do not enforce the schema.
 *
 * @since 0.1.0
 * @category models
 */
export interface StructuredOutput<out A> {
  readonly declaration: NonNullable<TextOptions["format"]>
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
  declaration: { type: "json_schema", name: "answer", schema, strict: isStrict(schema) },
  decode: (response) =>
    Effect.mapError(
      Effect.suspend((): Effect.Effect<A, ParseResult.ParseError | string> => {
        const text = unfenced(Response.text(response))
        return isDeepText(text) ? Effect.fail(tooDeep) : decode(text)
      }),
      (error) =>
        Predicate.isString(error) ?
          error :
          ParseResult.ArrayFormatter.formatErrorSync(error)
            .map(({ message, path }) => path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`)
            .join("; ")
    )
})

const unfenced = (text: string): string => /^\s*```\w*\n([^]*?)\n?```\s*$/.exec(text)?.[1] ?? text

/** The server can enforce only a schema in which every object lists all its fields as required. */
const isStrict = (schema: unknown): boolean => {
  if (Array.isArray(schema)) return schema.every(isStrict)
  if (!Predicate.isRecord(schema)) return true
  if (schema["type"] === "object") {
    const names = Object.keys(field(schema, "properties") ?? {})
    const required = field(schema, "required")
    const isWhole = Array.isArray(required) && names.every((name) => required.includes(name)) &&
      schema["additionalProperties"] === false
    if (!isWhole) return false
  }
  return Object.values(schema).every(isStrict)
}
