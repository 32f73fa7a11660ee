import * as Predicate from "effect/Predicate"

type Json = { readonly [keyword: string]: unknown }

/**
 * Whether a server can hold the model to a schema (`strict: true`): OpenAI documents which keywords it takes then, asks
 * for every field to be required and for objects to be closed, and refuses the request otherwise.
 */
export const isInStrictSubset = (schema: Json): boolean => {
  const count = { properties: 0, words: 0, length: 0 }

  const all = (schemas: unknown, depth: number): boolean =>
    Predicate.isReadonlyRecord(schemas) && Object.entries(schemas).every(([name, one]) => {
      count.length += name.length
      return fits(one, depth)
    })

  const fits = (one: unknown, depth: number): boolean => {
    if (!Predicate.isReadonlyRecord(one)) return false
    const keywords = Object.keys(one)
    if ("$ref" in one) return keywords.length === 1 && Predicate.isString(one["$ref"])
    const { $defs, anyOf, type } = one
    if ($defs !== undefined && !all($defs, depth)) return false
    if (Array.isArray(anyOf)) {
      return keywords.every((keyword) => ofAny.has(keyword)) && anyOf.every((part) => fits(part, depth))
    }
    const types: ReadonlyArray<unknown> = Array.isArray(type) ? type : [type]
    const allowed = new Set([...ofAny, ...types.flatMap((type) => keywordsOf.get(type) ?? [])])
    allowed.delete("anyOf")
    if (!types.every((type) => keywordsOf.has(type)) || !keywords.every((keyword) => allowed.has(keyword))) {
      return false
    }
    if (one["format"] !== undefined && !formats.has(one["format"])) return false
    const words = Array.isArray(one["enum"]) ? one["enum"] : "const" in one ? [one["const"]] : []
    count.words += words.length
    const length = words.reduce<number>((length, word) => length + String(word).length, 0)
    count.length += length
    if (words.length > 250 && length > 15_000) return false
    return (!types.includes("array") || fits(one["items"], depth)) &&
      (!types.includes("object") || isClosed(one, depth))
  }

  const isClosed = ({ additionalProperties, properties, required }: Json, depth: number): boolean => {
    const names = Predicate.isReadonlyRecord(properties) ? Object.keys(properties) : []
    count.properties += names.length
    return depth <= maxDepth && additionalProperties === false && Array.isArray(required) &&
      names.every((name) => required.includes(name)) &&
      all(properties, depth + 1)
  }

  return schema["type"] === "object" && !("anyOf" in schema) && fits(schema, 1) &&
    count.properties <= 5000 && count.words <= 1000 && count.length <= 120_000
}

/**
 * The same schema without what only people read (`$schema`, `default`, `examples`, …), which servers do not take where
 * they hold a model to a schema. Shared parts are in `$defs`.
 */
export const withoutNotes = (schema: Json): Json => {
  const isRenamed = "definitions" in schema && !("$defs" in schema)

  const lean = (one: unknown): unknown => {
    if (!Predicate.isReadonlyRecord(one)) return one
    return Object.fromEntries(
      Object.entries(one).filter(([keyword]) => !notes.has(keyword)).map(([keyword, value]) => {
        const name = isRenamed && keyword === "definitions" ? "$defs" : keyword
        if (keyword === "$ref" && isRenamed && Predicate.isString(value)) {
          return [name, value.replace(/^#\/definitions\//, "#/$defs/")]
        }
        if (maps.has(keyword) && Predicate.isReadonlyRecord(value)) {
          return [name, Object.fromEntries(Object.entries(value).map(([key, part]) => [key, lean(part)]))]
        }
        if (Array.isArray(value)) return [name, lists.has(keyword) ? value.map(lean) : value]
        return [name, schemas.has(keyword) ? lean(value) : value]
      })
    )
  }

  return { ...Object(lean(schema)) }
}

const notes: ReadonlySet<string> = new Set([
  "$schema",
  "$comment",
  "default",
  "examples",
  "deprecated",
  "readOnly",
  "writeOnly"
])

const maps: ReadonlySet<string> = new Set(["properties", "$defs", "definitions", "patternProperties"])
const lists: ReadonlySet<string> = new Set(["anyOf", "oneOf", "allOf", "prefixItems", "items"])
const schemas: ReadonlySet<string> = new Set([
  "items",
  "additionalProperties",
  "contains",
  "propertyNames",
  "not",
  "if",
  "then",
  "else"
])

const maxDepth = 10

const ofAny: ReadonlySet<string> = new Set(["type", "anyOf", "description", "title", "enum", "const", "$defs"])

const ofNumbers = ["multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"]

const keywordsOf: ReadonlyMap<unknown, ReadonlyArray<string>> = new Map([
  ["string", ["pattern", "format"]],
  ["number", ofNumbers],
  ["integer", ofNumbers],
  ["boolean", []],
  ["null", []],
  ["array", ["items", "minItems", "maxItems"]],
  ["object", ["properties", "required", "additionalProperties"]]
])

const formats: ReadonlySet<unknown> = new Set([
  "date-time",
  "time",
  "date",
  "duration",
  "email",
  "hostname",
  "ipv4",
  "ipv6",
  "uuid"
])
