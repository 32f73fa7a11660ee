/**
 * The arguments of a call as JSON, also from servers that stream them in ways of their own.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import { endOfValue } from "../internal/balanced.ts"
import { parse, same } from "../internal/json.ts"

/**
 * A text as it is, and any other value as its JSON.
 *
 * @since 0.1.0
 * @category conversions
 */
export const textOf = (value: unknown): string =>
  Predicate.isString(value) ? value : value == null ? "" : JSON.stringify(value)

/**
 * Whether a text is a JSON object with at least one field.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isFilled = (json: string): boolean => {
  const value = parse(json)
  return Predicate.isRecord(value) && Object.keys(value).length > 0
}

/**
 * The deltas of the arguments of a call as one JSON object. Some servers begin with an empty object, and some repeat the
 * whole object at the end. What cannot be read stays as it is; the tool then tells the model what is wrong.
 *
 * @param said all pieces
 * @param last the last of them
 *
 * @since 0.1.0
 * @category conversions
 */
export const repair = (said: string, last: string): string => {
  if (Predicate.isRecord(parse(said))) return said
  const objects = valuesIn(said) ?? []
  const filled = objects.filter(isFilled)
  const [first = objects[0]] = filled
  if (first !== undefined && filled.every((other) => other === first || same(parse(other), parse(first)))) return first
  return isFilled(last) ? last : said
}

/** The objects of a text that is nothing but objects, one after the other. */
const valuesIn = (text: string): ReadonlyArray<string> | undefined => {
  const values: Array<string> = []
  let start = 0
  for (let end = endOfValue(text, start); end !== undefined; end = endOfValue(text, start)) {
    values.push(text.slice(start, end).trim())
    start = end
  }
  return text.slice(start).trim() === "" ? values : undefined
}
