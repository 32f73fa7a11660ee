/**
 * The file of a cassette. Each call has a line for its request, one for each event, and one for how it ended. A request
 * that goes on with the conversation of an earlier one is written as what it adds: so a person sees what was new.
 *
 * @internal
 */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { same } from "../../internal/json.ts"
import { JsonObject } from "../../internal/wire.ts"
import { ModelError } from "../../responses/ModelError.ts"
import { fromJson, type StreamEvent } from "../../responses/StreamEvent.ts"

/** @since 0.1.0 @category models */
export type Json = { readonly [field: string]: unknown }

/**
 * One call: what was asked, what was said, and how it ended. One that its caller has closed has no end of its own.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  readonly request: Json
  readonly events: Array<StreamEvent>
  end: "completed" | "closed" | ModelError
}

const version = 1

const Header = Schema.Struct({ cassette: Schema.Literal(version) })

const RequestLine = Schema.Struct({
  call: Schema.Number,
  /** The fields that differ from those of the call that it goes on from; without such a call, all. */
  request: JsonObject,
  from: Schema.optional(Schema.Number),
  /** Fields that the earlier call has, and this one has not. */
  without: Schema.optional(Schema.Array(Schema.String)),
  /** What the conversation of the earlier call has come to since. */
  more: Schema.optional(Schema.Array(Schema.Unknown))
})

const EventLine = Schema.Struct({ call: Schema.Number, event: JsonObject })

const EndLine = Schema.Struct({
  call: Schema.Number,
  end: Schema.Union(Schema.Literal("completed", "closed"), Schema.Struct({ failed: ModelError }))
})

const Line = Schema.parseJson(Schema.Union(Header, RequestLine, EventLine, EndLine))

const decodeLine = Schema.decodeUnknownEither(Line)
const encodeError = Schema.encodeSync(ModelError)

/** @since 0.1.0 @category encoding */
export const write = (calls: ReadonlyArray<Call>): string => {
  const lines: Array<unknown> = [{ cassette: version }]
  for (const [call, { end, events, request }] of calls.entries()) {
    lines.push({ call, ...shortened(request, calls.slice(0, call)) })
    for (const event of events) lines.push({ call, event })
    lines.push({ call, end: end instanceof ModelError ? { failed: encodeError(withoutCause(end)) } : end })
  }
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("")
}

/** The cause is of this machine, and need not be JSON. */
const withoutCause = (error: ModelError): ModelError => new ModelError({ ...error, cause: undefined })

const shortened = (request: Json, earlier: ReadonlyArray<Call>): object => {
  const input = list(request["input"])
  const from = earlier.findLastIndex((call) => startsWith(input, list(call.request["input"])))
  const before = earlier[from]?.request
  if (before === undefined) return { request }
  const without = Object.keys(before).filter((name) => !(name in request))
  return {
    request: Object.fromEntries(
      Object.entries(request).filter(([name, value]) => name !== "input" && !same(value, before[name]))
    ),
    from,
    ...(without.length === 0 ? {} : { without }),
    more: input.slice(list(before["input"]).length)
  }
}

const list = (u: unknown): ReadonlyArray<unknown> => Array.isArray(u) ? u : []

const startsWith = (whole: ReadonlyArray<unknown>, start: ReadonlyArray<unknown>): boolean =>
  start.length <= whole.length && start.every((item, index) => same(item, whole[index]))

/**
 * The calls of a file, or what is wrong with it.
 *
 * @since 0.1.0
 * @category decoding
 */
export const read = (text: string): Either.Either<ReadonlyArray<Call>, string> =>
  Either.gen(function*() {
    const calls: Array<Call> = []
    for (const [index, line] of text.split("\n").entries()) {
      if (line === "") continue
      const wrong = (what: string) => `line ${index + 1} ${what}`
      const value = yield* Either.mapLeft(decodeLine(line), (error) => {
        const [first] = ParseResult.ArrayFormatter.formatErrorSync(error)
        return wrong(`is damaged, or of another version: ${first?.message ?? ""}`)
      })
      if ("cassette" in value) continue
      if ("request" in value) calls.push({ request: whole(value, calls), events: [], end: "closed" })
      const call = calls[value.call]
      if (call === undefined) return yield* Either.left(wrong("is about a call that has not begun"))
      if ("event" in value) call.events.push(eventOf(value.event))
      if ("end" in value) call.end = typeof value.end === "string" ? value.end : value.end.failed
    }
    return calls
  })

const whole = ({ from, more, request, without = [] }: typeof RequestLine.Type, calls: ReadonlyArray<Call>): Json => {
  const before = from === undefined ? undefined : calls[from]?.request
  if (before === undefined) return request
  const kept = Object.fromEntries(Object.entries(before).filter(([name]) => !without.includes(name)))
  return { ...kept, ...request, input: [...list(before["input"]), ...more ?? []] }
}

/** Events of the client itself, such as a retry, are kept as they are: no server sends them. */
const eventOf = (event: Json): StreamEvent =>
  event["type"] === "unknown" || event["type"] === "effixir.retry" ? event as unknown as StreamEvent : fromJson(event)
