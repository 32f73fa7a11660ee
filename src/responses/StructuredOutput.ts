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
import { objectsIn } from "../internal/balanced.ts"
import { decoding } from "../internal/decoding.ts"
import { isDeepText, parse, problemOf, tooDeep } from "../internal/json.ts"
import { jsonSchema } from "../internal/jsonSchema.ts"
import { isInStrictSubset, withoutNotes } from "../internal/strictSchema.ts"
import * as Conversation from "../prompts/Conversation.ts"
import { answer as answerIn, type Item, type Message, refusal, userMessage } from "./Item.ts"
import { ModelError } from "./ModelError.ts"
import type { TextOptions } from "./Request.ts"

/**
 * `decode` and `json` fail with a sentence for the model: what of its answer is wrong. `json` is the text of the value
 * alone. Models whose servers do not enforce the schema write more than JSON: of such a text the one object in it that
 * fits is the answer.
 *
 * @since 0.1.0
 * @category models
 */
export interface StructuredOutput<out A> {
  readonly declaration: NonNullable<TextOptions["format"]>
  readonly schema: Json
  readonly decode: (answer: Answer) => Effect.Effect<A, string>
  readonly json: (answer: Answer) => Effect.Effect<string, string>
}

/**
 * What a model has answered. `finishReason` is `stop`, or the server's name for what cut the answer short.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer {
  readonly items: ReadonlyArray<Item>
  readonly finishReason?: string | undefined
}

type Json = { readonly [keyword: string]: unknown }

/** A value, and its text. */
interface Read<out A> {
  readonly value: A
  readonly json: string
}

type Decode<A> = (text: string) => Effect.Effect<Read<A>, ParseResult.ParseError | string>

/** @since 0.1.0 @category constructors */
export const make = <A, I>(schema: Schema.Schema<A, I>): StructuredOutput<A> => {
  const { $defs, ...json } = jsonSchema(schema)
  const decode = decoding(schema, { errors: "all" })
  const decodeText = decoding(Schema.parseJson(schema), { errors: "all" })
  // Servers take an object at the top and nothing else.
  return json["type"] === "object"
    ? of(
      { ...json, ...$defs === undefined ? {} : { $defs } },
      (text) => Effect.map(decodeText(text), (value) => ({ value, json: text.trim() }))
    )
    : of(
      wrapped(json, $defs),
      Effect.fnUntraced(function*(text) {
        const { value } = yield* decodeWrapped(text)
        return { value: yield* decode(value), json: JSON.stringify(value) }
      })
    )
}

/**
 * An answer that fits a JSON Schema, for a program that has one from elsewhere. `problemOf` checks a value, and says what
 * is wrong with it. `None` for a schema that servers cannot be sent: where its top is no object, it is moved below one,
 * and may refer to nothing but its `$defs`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromJsonSchema = (
  schema: Json,
  problemOf: (value: unknown) => string | undefined
): Option.Option<StructuredOutput<unknown>> => {
  const lean = withoutNotes(schema)
  const check = (value: unknown) =>
    Option.match(Option.fromNullable(problemOf(value)), { onNone: () => Effect.succeed(value), onSome: Effect.fail })
  if (lean["type"] === "object") {
    return Option.some(
      of(lean, (text) => Effect.map(Effect.flatMap(parsed(text), check), (value) => ({ value, json: text.trim() })))
    )
  }
  const { $defs, ...rest } = lean
  if (!refersOnlyTo$defs(lean)) return Option.none()
  return Option.some(of(
    wrapped(rest, $defs),
    Effect.fnUntraced(function*(text) {
      const { value } = yield* decodeWrapped(text)
      return { value: yield* check(value), json: JSON.stringify(value) }
    })
  ))
}

const refersOnlyTo$defs = (schema: unknown): boolean => {
  if (Array.isArray(schema)) return schema.every(refersOnlyTo$defs)
  if (!Predicate.isReadonlyRecord(schema)) return true
  const { $ref } = schema
  return (!Predicate.isString($ref) || $ref.startsWith("#/$defs/")) && Object.values(schema).every(refersOnlyTo$defs)
}

const parsed = (text: string): Effect.Effect<unknown, string> => {
  const problem = problemOf(text)
  return problem === undefined ? Effect.succeed(parse(text)) : Effect.fail(problem)
}

const wrapped = (schema: Json, $defs: unknown): Json => ({
  type: "object",
  properties: { value: schema },
  required: ["value"],
  additionalProperties: false,
  ...$defs === undefined ? {} : { $defs }
})

const decodeWrapped = Schema.decodeUnknown(Schema.parseJson(Schema.Struct({ value: Schema.Unknown })))

const of = <A>(schema: Json, decode: Decode<A>): StructuredOutput<A> => {
  const read = (answer: Answer): Effect.Effect<Read<A>, string> =>
    Effect.mapError(
      Effect.suspend(() => {
        const text = answerIn(answer.items)
        if (isDeepText(text)) return Effect.fail(tooDeep)
        // Of an answer that was cut short, a part could look whole.
        if ((answer.finishReason ?? "stop") !== "stop") return decode(text)
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
  return {
    declaration: { type: "json_schema", name: "answer", schema, strict: isInStrictSubset(schema) },
    schema,
    decode: (answer) => Effect.map(read(answer), ({ value }) => value),
    json: (answer) => Effect.map(read(answer), ({ json }) => json)
  }
}

/**
 * Why it is no use to ask once more for an answer that does not fit: it would cost the same and change nothing.
 *
 * @since 0.1.0
 * @category repairs
 */
export const whyHopeless = ({ finishReason = "stop", items }: Answer): ModelError | undefined => {
  const declined = items.map(refusal).join("")
  if (declined !== "") return new ModelError({ reason: { _tag: "ContentFiltered" }, detail: declined })
  if (finishReason === "stop") return undefined
  return new ModelError({
    reason: { _tag: finishReason === "content_filter" ? "ContentFiltered" : "MalformedOutput" },
    detail: `the answer was cut short (${finishReason})`
  })
}

/**
 * What the model is asked where its answer does not fit: with the schema in words, since not every server takes it from
 * the request.
 *
 * @since 0.1.0
 * @category repairs
 */
export const repair = ({ schema }: Pick<StructuredOutput<unknown>, "schema">, problem: string): Message =>
  userMessage(Conversation.unusableAnswer(problem, JSON.stringify(schema)))

/**
 * The failure of an answer that does not fit, even after the model was asked once more.
 *
 * @since 0.1.0
 * @category repairs
 */
export const unfit = (problem: string): ModelError =>
  new ModelError({ reason: { _tag: "MalformedOutput" }, detail: `it does not fit the schema: ${problem}` })

/** The one object in a text that fits. Where several differ, the model has to say which it means. */
const decodeWithin = Effect.fnUntraced(function*<A>(text: string, decode: Decode<A>) {
  const read = parse(text)
  // A text that is JSON is what the model has to say, unless it is a string that holds the JSON.
  if (read !== undefined && !Predicate.isString(read)) return yield* Effect.fail(undefined)
  const said = (read ?? text).replace(/^[^]*<\/think>/, "")
  const fitting = new Map<string, Read<A>>()
  const objects = objectsIn(said)
  for (let next = objects.next(false); next.done !== true;) {
    const object = next.value
    const value = yield* Effect.option(decode(object))
    if (Option.isSome(value)) fitting.set(JSON.stringify(parse(object)), value.value)
    next = objects.next(Option.isSome(value))
  }
  const [first] = fitting
  return first !== undefined && fitting.size === 1 ? first[1] : yield* Effect.fail(undefined)
})
