/**
 * JSON Schemas of the tools of MCP servers, as servers of models accept them: one that is not as they want it would make
 * them refuse the whole request.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"

type Json = { readonly [keyword: string]: unknown }

/** Longer descriptions are cut: some servers of models refuse them. In characters. */
const maxDescription = 1024

/**
 * The schema without what only costs tokens or is refused: `$schema`, definitions that nothing refers to, references to
 * nothing; and with the `properties` of objects and `items` of lists that must be there.
 *
 * @since 0.1.0
 * @category conversions
 */
export const clean = (given: unknown): Json => {
  const schema = Predicate.isReadonlyRecord(given) ? given : {}
  const cleaned = cleanOne({ ...schema, type: "object" }, schema)
  return withDefinitions(Predicate.isReadonlyRecord(cleaned) ? cleaned : {})
}

/**
 * A text that is cut where it is too long.
 *
 * @since 0.1.0
 * @category conversions
 */
export const cut = (text: string, length: number = maxDescription): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).toWellFormed()}…`

/** Keywords whose values are schemas by name. */
const byName = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"])

/** Keywords whose values are no schemas. */
const plain = new Set(["enum", "const", "default", "examples", "required"])

const dropped = new Set(["$schema", "$id", "$comment", "$anchor"])

const cleanOne = (given: unknown, root: Json): unknown => {
  if (Array.isArray(given)) return given.map((one) => cleanOne(one, root))
  if (!Predicate.isReadonlyRecord(given)) return given === true ? {} : given
  const kept = Record.filter(
    given,
    (value, keyword) => !dropped.has(keyword) && !(keyword === "$ref" && !leadsSomewhere(value, root))
  )
  const cleaned: Json = Record.map(kept, (value, keyword) =>
    keyword === "description" && typeof value === "string"
      ? cut(value)
      : plain.has(keyword)
      ? value
      : byName.has(keyword)
      ? Predicate.isReadonlyRecord(value) ? Record.map(value, (one) => cleanOne(one, root)) : {}
      : keyword === "additionalProperties" && typeof value === "boolean"
      ? value
      : cleanOne(value, root))
  const types = new Set([cleaned["type"]].flat())
  return {
    ...cleaned,
    ...types.has("object") && !Predicate.isReadonlyRecord(cleaned["properties"]) ? { properties: {} } : {},
    ...types.has("array") && !Predicate.isReadonlyRecord(cleaned["items"]) ? { items: {} } : {}
  }
}

/** Definitions may refer to each other: those that are reached from the schema itself are kept. */
const withDefinitions = (schema: Json): Json =>
  ["$defs", "definitions"].reduce<Json>((schema, keyword) => {
    const { [keyword]: given, ...rest } = schema
    if (!Predicate.isReadonlyRecord(given)) return rest
    const used = new Set<string>()
    const reach = (part: unknown): void => {
      for (const name of referredTo(part, keyword)) {
        if (used.has(name)) continue
        used.add(name)
        reach(given[name])
      }
    }
    reach(rest)
    return used.size === 0 ? rest : { ...rest, [keyword]: Record.filter(given, (_, name) => used.has(name)) }
  }, schema)

const referredTo = (part: unknown, keyword: string): ReadonlyArray<string> => {
  if (Array.isArray(part)) return part.flatMap((one) => referredTo(one, keyword))
  if (!Predicate.isReadonlyRecord(part)) return []
  const ref = part["$ref"]
  const own = typeof ref === "string" && ref.startsWith(`#/${keyword}/`) ? [pathOf(ref)[1] ?? ""] : []
  return [...own, ...Object.values(part).flatMap((one) => referredTo(one, keyword))]
}

const pathOf = (ref: string): ReadonlyArray<string> =>
  ref.slice(2).split("/").map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"))

const leadsSomewhere = (ref: unknown, root: Json): boolean =>
  ref === "#" || typeof ref === "string" && ref.startsWith("#/") &&
    pathOf(ref).reduce<unknown>(
        (part, name) => Predicate.isReadonlyRecord(part) && Object.hasOwn(part, name) ? part[name] : undefined,
        root
      ) !== undefined
