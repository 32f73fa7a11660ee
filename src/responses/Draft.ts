/**
 * An output item while it is streamed: as it was announced, as it was finished, and the deltas in between.
 *
 * Servers differ in which of these they send, and in what they hold. The last event about an item counts, and what only
 * the deltas hold is added to it: a person has seen that already.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import * as Json from "../internal/json.ts"
import * as Arguments from "./Arguments.ts"
import { isItem, type Item } from "./Item.ts"

/**
 * - `index` its place among the others
 * - `item` as far as it is known; `isDone` whether the server has finished it
 * - `pieces` its texts that were streamed
 *
 * @since 0.1.0
 * @category models
 */
export interface Draft {
  readonly index: number
  readonly item: Item
  readonly isDone: boolean
  readonly pieces: ReadonlyArray<Piece>
}

/**
 * What a piece belongs to: the text or the refusal of a message, the summary or the text of reasoning, the arguments or
 * the input of a call.
 *
 * @since 0.1.0
 * @category models
 */
export type Kind = "text" | "refusal" | "summary" | "thought" | "arguments" | "input"

/**
 * One text of an item, as far as it was streamed.
 *
 * - `part` which part of the item it is, of those of its kind
 * - `last` what was added last
 *
 * @since 0.1.0
 * @category models
 */
export interface Piece {
  readonly kind: Kind
  readonly part: number
  readonly said: string
  readonly last: string
}

/**
 * The type of item that has such pieces.
 *
 * @since 0.1.0
 * @category constants
 */
export const typeOf: { readonly [K in Kind]: string } = {
  text: "message",
  refusal: "message",
  summary: "reasoning",
  thought: "reasoning",
  arguments: "function_call",
  input: "custom_tool_call"
}

/**
 * Adds a delta to a piece, or replaces the piece by its full text. A full text that holds less than the deltas is ignored:
 * some servers end every text with an empty one.
 *
 * @since 0.1.0
 * @category combining
 */
export const addText = (self: Draft, piece: Piece, isFull: boolean): Draft => {
  const { kind, last, part, said } = piece
  const before = self.pieces.find((other) => other.kind === kind && other.part === part)
  if (before === undefined) return { ...self, pieces: [...self.pieces, piece] }
  const next = isFull
    ? lacks(said, before.said) ? before : piece
    : { kind, part, said: before.said + said, last }
  return { ...self, pieces: self.pieces.map((other) => other === before ? next : other) }
}

/**
 * The item with the texts of its pieces.
 *
 * @since 0.1.0
 * @category accessors
 */
export const whole = ({ item, pieces }: Draft): Item => pieces.reduce(withPiece, inForm(item))

/**
 * Whether an unfinished item has any content. One without would misrepresent the answer. A call
 * without a name does not count either.
 *
 * @since 0.1.0
 * @category predicates
 */
export const hasContent = (self: Draft): boolean => {
  const { item, pieces } = self
  if (isCall(item) && Json.text(item["name"]) === undefined) return false
  return pieces.some(({ said }) => said !== "") || !isEmptyItem(self)
}

/**
 * Whether an item has no content.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isEmptyItem = ({ item }: Pick<Draft, "item">): boolean =>
  item.type === "function_call"
    ? !Arguments.isFilled(Arguments.textOf(item["arguments"]))
    : contents.every((field) => isEmpty(item[field]))

/**
 * Whether an item has a text already.
 *
 * @since 0.1.0
 * @category predicates
 */
export const hasText = (self: Draft, piece: Piece): boolean => {
  const item = whole(self)
  return withPiece(item, piece) === item
}

/** @since 0.1.0 @category guards */
export const isCall = ({ type }: Item): boolean => type === "function_call" || type === "custom_tool_call"

/**
 * The item of a later event, with what only an earlier one holds: its content, or the name or id of its call.
 *
 * @since 0.1.0
 * @category combining
 */
export const merge = (earlier: Item, later: Item): Item => {
  const lacking = [...contents, "name", "call_id"].filter((field) => isEmpty(later[field]) && !isEmpty(earlier[field]))
  return lacking.length === 0
    ? later
    : { ...later, ...Object.fromEntries(lacking.map((field) => [field, earlier[field]])) }
}

const contents = ["content", "summary", "arguments", "input"]

const isEmpty = (value: unknown): boolean =>
  value == null || value === "" ||
  Array.isArray(value) && value.every((part) => Predicate.isRecord(part) && (part["text"] ?? part["refusal"]) === "")

/**
 * An item brought into the form of this API, where a server uses another. An item in that form is returned as it is.
 *
 * @since 0.1.0
 * @category conversions
 */
export const inForm = (item: Item): Item => {
  switch (item.type) {
    case "message": {
      const { content, role } = item
      if (Predicate.isString(role) && Array.isArray(content) && content.every(isItem)) return item
      return { ...item, role: Json.text(role) ?? "assistant", content: partsOf(content, "output_text") }
    }
    case "reasoning": {
      const { content, summary } = item
      const isPlain = (parts: unknown) => Array.isArray(parts) && parts.every(isItem)
      if (isPlain(summary) && (content == null || isPlain(content))) return item
      return {
        ...item,
        summary: partsOf(summary, "summary_text"),
        ...(content == null ? {} : { content: partsOf(content, "reasoning_text") })
      }
    }
    case "function_call": {
      const repaired = Arguments.repair(Arguments.textOf(item["arguments"]), "")
      const isPlain = repaired === item["arguments"] && Predicate.isString(item["name"])
      return isPlain ? item : { ...item, name: Json.text(item["name"]) ?? "", arguments: repaired }
    }
    case "custom_tool_call":
      return Predicate.isString(item["input"]) && Predicate.isString(item["name"])
        ? item
        : { ...item, name: Json.text(item["name"]) ?? "", input: Arguments.textOf(item["input"]) }
    default:
      return item
  }
}

/** A text alone, one part alone, or a list of either. */
const partsOf = (content: unknown, type: string): ReadonlyArray<Item> => {
  const parts: ReadonlyArray<unknown> = Array.isArray(content) ? content : content == null ? [] : [content]
  return parts.flatMap((part): ReadonlyArray<Item> => {
    if (isItem(part)) return [part]
    if (Predicate.isString(part)) return part === "" ? [] : [partOf(type, part)]
    const text = Json.text(Json.field(part, "text"))
    return text === undefined ? [] : [{ ...Object(part), ...partOf(type, text) }]
  })
}

const partOf = (type: string, text: string): Item => {
  if (type === "refusal") return { type, refusal: text }
  return type === "output_text" ? { type, text, annotations: [] } : { type, text }
}

const withPiece = (item: Item, piece: Piece): Item => {
  const { kind, last, said } = piece
  switch (kind) {
    case "text":
      return withPart(item, "content", "output_text", piece)
    case "refusal":
      return withPart(item, "content", "refusal", piece)
    case "summary":
      return withPart(item, "summary", "summary_text", piece)
    case "thought":
      return withPart(item, "content", "reasoning_text", piece)
    case "arguments": {
      const json = Json.text(item["arguments"]) ?? ""
      if (json === said || Arguments.isFilled(json)) return item
      const told = Arguments.repair(said, last)
      return json !== "" && !Arguments.isFilled(told) ? item : { ...item, arguments: told }
    }
    case "input":
      return lacks(Json.text(item["input"]) ?? "", said) ? { ...item, input: said } : item
  }
}

/** Where the item has another text in the place of this one, the item counts: the server has revised it. */
const withPart = (item: Item, field: string, type: string, { part, said }: Piece): Item => {
  const parts = Array.isArray(item[field]) ? item[field] : []
  const name = type === "refusal" ? "refusal" : "text"
  const textAt = (index: number) => Json.text(Json.field(parts[index], name))
  const own = textAt(part)
  if (own === said || said === "") return item
  if (parts.map((_, index) => textAt(index) ?? "").join("").includes(said.trim())) return item
  const place = own !== undefined
    ? part
    : parts.findIndex((_, index) => {
      const text = textAt(index)
      return text !== undefined && lacks(text, said)
    })
  if (place === -1) return { ...item, [field]: [...parts, partOf(type, said)] }
  if (!lacks(textAt(place) ?? "", said)) return item
  return { ...item, [field]: parts.map((other, index) => index === place ? { ...Object(other), [name]: said } : other) }
}

/** Whether a text has only a part of the words of another. */
const lacks = (text: string, told: string): boolean => {
  const [less, more] = [text.trim(), told.trim()]
  return less.length < more.length && more.includes(less)
}
