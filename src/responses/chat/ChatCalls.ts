/**
 * Puts the calls of a Chat Completions stream together. Servers differ: calls come without an id or an index, whole, or
 * all of them under index 0.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import { field, number, parse, text } from "../../internal/json.ts"
import * as Arguments from "../Arguments.ts"
import type { ChatOutput } from "./ChatOutput.ts"

/**
 * - `take` takes the next piece of a call
 * - `end` tells the calls whose name never came
 *
 * @since 0.1.0
 * @category models
 */
export interface ChatCalls {
  readonly take: (piece: unknown) => void
  readonly end: () => void
}

/** Its output begins with the name (`take`); before that, pieces wait in `json`. */
interface Call {
  readonly index: number | undefined
  id: string | undefined
  json: string
  more: object
  name: string | undefined
  take: ((piece: string) => void) | undefined
}

/** @since 0.1.0 @category constructors */
export const make = (output: Pick<ChatOutput, "call">, choice: number): ChatCalls => {
  const calls: Array<Call> = []

  /** The call that a piece goes on with, unless it begins another. */
  const knownFor = (id: string | undefined, index: number | undefined): Call | undefined => {
    const named = id === undefined ?
      undefined :
      calls.findLast((call) =>
        call.id === id && (index === undefined || call.index === undefined || call.index === index)
      )
    if (named !== undefined) return named
    if (index !== undefined) return calls.findLast((call) => call.index === index)
    return id === undefined ? calls.at(-1) : undefined
  }

  return {
    take: (piece) => {
      const id = word(field(piece, "id"))
      const name = word(field(field(piece, "function"), "name"))
      const index = number(field(piece, "index"))
      const json = Arguments.textOf(field(field(piece, "function"), "arguments"))
      const known = knownFor(id, index)
      const call = known === undefined || name !== undefined && isAnother(known, { id, index, json, name })
        ? { id, index, json: "", more: {}, name: undefined, take: undefined }
        : known
      if (call !== known) calls.push(call)
      call.more = { ...call.more, ...moreOf(piece) }
      if (call.name === undefined && name !== undefined) {
        call.name = name
        call.take = output.call(name, call.id ??= id, choice, () => call.more)
        if (call.json !== "") call.take(call.json)
      }
      if (json === "") return
      call.json += json
      call.take?.(json)
    },
    end: () => {
      for (const call of calls) {
        if (call.take === undefined) output.call("", call.id, choice, () => call.more)(call.json)
      }
    }
  }
}

/** What a server says of a call beyond the API, such as Gemini's signature of its thoughts; it wants that back. */
const moreOf = (piece: unknown): object => {
  const { function: told, id: _, index: _index, type: _type, ...rest } = Object(piece)
  const { arguments: _arguments, index: _at, name: _name, ...inner } = Object(told)
  const fields = withoutNulls(rest)
  const inside = withoutNulls(inner)
  return Object.keys(inside).length === 0 ? fields : { ...fields, function: inside }
}

const withoutNulls = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))

/** Whether a chunk with a name begins a new call, although it has the id or the index of this one. */
const isAnother = (
  known: Call,
  piece: {
    readonly id: string | undefined
    readonly index: number | undefined
    readonly name: string
    readonly json: string
  }
): boolean => {
  if (known.name === undefined) return false
  if (piece.name !== known.name) return true
  if (piece.id !== undefined && known.id !== undefined) return piece.id !== known.id
  const isWhole = piece.json !== "" && Predicate.isRecord(parse(known.json))
  // An empty object may stand for an argument that is still to come, and the whole may be told again.
  return isWhole && !(piece.index !== undefined && (!Arguments.isFilled(known.json) || piece.json === known.json))
}

/** Ollama sends an empty text for an absent one. */
export const word = (value: unknown): string | undefined => value === "" ? undefined : text(value)
