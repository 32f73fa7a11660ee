/**
 * Arguments as a JSON Schema wants them, where a model has written them in another form: `null` for what it leaves out,
 * `"2"` for a number, a string that holds the JSON of an object. Nothing is changed that could mean something else.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import { parse, same, text } from "../internal/json.ts"

type Json = { readonly [keyword: string]: unknown }

/**
 * The arguments of a call in the types of the schema; the very same value where there is nothing to change.
 *
 * @since 0.1.0
 * @category conversions
 */
export const coerce = (schema: Json, args: unknown): unknown => within(schema)(schema, args)

/** Schemas refer to others below the root. */
const within = (root: Json) => {
  const resolved = (schema: unknown, hops = 0): Json | undefined => {
    if (!Predicate.isReadonlyRecord(schema)) return undefined
    const ref = text(schema["$ref"])
    return ref === undefined ? schema : hops > maxHops ? undefined : resolved(at(root, ref), hops + 1)
  }

  /** The alternatives of a union, and of the unions in it; each union once, as one may refer to itself. */
  const alternativesOf = (schema: Json, seen = new Set<Json>()): ReadonlyArray<Json> | undefined => {
    const listed = schema["anyOf"] ?? schema["oneOf"]
    if (!Array.isArray(listed)) return undefined
    if (seen.has(schema)) return []
    seen.add(schema)
    return listed.flatMap((one) => {
      const alternative = resolved(one)
      return alternative === undefined ? [] : alternativesOf(alternative, seen) ?? [alternative]
    })
  }

  const accepts = (schema: Json, value: unknown): boolean => {
    const alternatives = alternativesOf(schema)
    if (alternatives?.some((one) => accepts(one, value)) === false) return false
    const types = typesOf(schema)
    if (types !== undefined && !types.has(typeOf(value)) && !(types.has("number") && typeOf(value) === "integer")) {
      return false
    }
    const words = wordsOf(schema)
    return words === undefined || words.some((word) => same(word, value))
  }

  /** Whether an object can be of this alternative: it has its fields, and the literals that distinguish it from others. */
  const isMeant = (schema: Json, value: Json): boolean =>
    accepts(schema, value) &&
    [...requiredOf(schema)].every((name) => Object.hasOwn(value, name)) &&
    Object.entries(propertiesOf(schema)).every(([name, property]) => {
      const field = resolved(property)
      const isDiscriminator = field !== undefined && wordsOf(field) !== undefined
      return !isDiscriminator || !Object.hasOwn(value, name) || accepts(field, value[name]) ||
        accepts(field, convert(field, value[name]))
    })

  /** `tried` holds what each schema has been asked about this place: a schema may refer to itself. */
  const convert = (given: unknown, value: unknown, tried = new Map<Json, unknown>()): unknown => {
    const schema = resolved(given)
    if (schema === undefined || tried.has(schema) && tried.get(schema) === value) return value
    tried.set(schema, value)
    const alternatives = alternativesOf(schema)
    const meant = alternatives === undefined ? value : convertAny(alternatives, value, tried)
    const all = schema["allOf"]
    const whole = Array.isArray(all) ? all.reduce<unknown>((value, part) => convert(part, value, tried), meant) : meant
    const typed = accepts(schema, whole) ? whole : retyped(typesOf(schema), whole)
    if (Array.isArray(typed)) return convertList(schema, typed)
    return Predicate.isReadonlyRecord(typed) ? convertFields(schema, typed) : typed
  }

  const convertAny = (alternatives: ReadonlyArray<Json>, value: unknown, tried: Map<Json, unknown>): unknown => {
    if (Predicate.isReadonlyRecord(value)) {
      const meant = alternatives.find((one) => isMeant(one, value))
      return meant === undefined ? value : convert(meant, value, tried)
    }
    const fitting = alternatives.find((one) => accepts(one, value))
    if (fitting !== undefined) return convert(fitting, value, tried)
    const typed = alternatives.map((one) => retyped(typesOf(one), value))
    const other = typed.find((other, index) => other !== value && accepts(alternatives[index] ?? {}, other))
    return other === undefined ? value : convertAny(alternatives, other, tried)
  }

  const convertFields = (schema: Json, value: Json): Json => {
    const properties = propertiesOf(schema)
    const required = requiredOf(schema)
    let isChanged = false
    const fields = Object.entries(value).flatMap(([name, field]) => {
      const isNamed = Object.hasOwn(properties, name)
      const property = resolved(isNamed ? properties[name] : schema["additionalProperties"])
      if (property === undefined) return [[name, field] as const]
      // Some models say `null` of what they leave out.
      const isLeftOut = isNamed && field === null && !required.has(name) && !accepts(property, null)
      const converted = isLeftOut ? undefined : convert(property, field)
      isChanged ||= isLeftOut || converted !== field
      return isLeftOut ? [] : [[name, converted] as const]
    })
    return isChanged ? Object.fromEntries(fields) : value
  }

  const convertList = (schema: Json, value: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
    const first = schema["prefixItems"]
    const items = value.map((item, index) =>
      convert((Array.isArray(first) ? first[index] : undefined) ?? schema["items"], item)
    )
    return items.some((item, index) => item !== value[index]) ? items : value
  }

  return convert
}

/** More references in a row are a cycle. */
const maxHops = 32

/** The target of a reference such as `#/$defs/Tree`. */
const at = (root: Json, ref: string): unknown =>
  ref === "#" ? root : !ref.startsWith("#/") ? undefined : ref.slice(2).split("/").reduce<unknown>((part, name) => {
    const key = name.replaceAll("~1", "/").replaceAll("~0", "~")
    return Predicate.isReadonlyRecord(part) && Object.hasOwn(part, key) ? part[key] : undefined
  }, root)

const propertiesOf = ({ properties }: Json): Json => Predicate.isReadonlyRecord(properties) ? properties : {}

const requiredOf = ({ required }: Json): ReadonlySet<string> =>
  new Set(Array.isArray(required) ? required.filter(Predicate.isString) : [])

const wordsOf = (schema: Json): ReadonlyArray<unknown> | undefined =>
  "const" in schema ? [schema["const"]] : Array.isArray(schema["enum"]) ? schema["enum"] : undefined

/** The types that a schema takes; `undefined` if it takes any. */
const typesOf = (schema: Json): ReadonlySet<string> | undefined => {
  const { nullable, type } = schema
  const listed = Array.isArray(type) ? type.filter(Predicate.isString) : Predicate.isString(type) ? [type] : undefined
  const types = listed ?? wordsOf(schema)?.map(typeOf) ??
    ("properties" in schema ? ["object"] : "items" in schema ? ["array"] : undefined)
  return types && new Set(nullable === true ? [...types, "null"] : types)
}

const typeOf = (value: unknown): string => {
  if (value === null) return "null"
  if (Array.isArray(value)) return "array"
  return Number.isInteger(value) ? "integer" : typeof value
}

/** A string as the number, the boolean or the JSON that it spells, where the schema wants that. */
const retyped = (types: ReadonlySet<string> | undefined, value: unknown): unknown => {
  if (types === undefined || !Predicate.isString(value)) return value
  const number = types.has("number") || types.has("integer") ? numberIn(value) : undefined
  if (number !== undefined && (types.has("number") || Number.isInteger(number))) return number
  if (types.has("boolean") && (value === "true" || value === "false")) return value === "true"
  if (!types.has("object") && !types.has("array")) return value
  const inside = /^\s*[[{]/.test(value) ? parse(value) : undefined
  return inside !== undefined && types.has(typeOf(inside)) ? inside : value
}

/** The number that a text spells; `undefined` if a number of JavaScript would lose some of its digits. */
const numberIn = (text: string): number | undefined => {
  if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text)) return undefined
  const digits = text.includes(".") ? text.replace(/\.?0+$/, "") : text
  return String(Number(digits)) === digits ? Number(digits) : undefined
}
