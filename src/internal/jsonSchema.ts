import * as JSONSchema from "effect/JSONSchema"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import type * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { same, text } from "./json.ts"

type Json = { readonly [keyword: string]: unknown }

/**
 * The JSON Schema of the encoded side, with all schemas that it refers to in `$defs`. Servers want an object with
 * properties at the top, so only recursive schemas become references.
 */
export const jsonSchema = <A, I>(schema: Schema.Schema<A, I>): Json => {
  if (isEmptyStruct(schema.ast)) return { type: "object", properties: {}, additionalProperties: false }
  const $defs = {}
  const json = JSONSchema.fromAST(schema.ast, { definitions: $defs, topLevelReferenceStrategy: "skip" })
  const all: Json = Record.isEmptyRecord($defs) ? { ...json } : { ...json, $defs }
  return Record.map(all, withoutFilterNames)
}

/** Removes titles such as `between(1, 20)`, which filters set: the keywords beside them tell a model the same. */
const withoutFilterNames = (json: unknown): unknown => {
  if (Array.isArray(json)) return json.map(withoutFilterNames)
  if (!Predicate.isRecord(json)) return json
  const isFilterName = (value: unknown, key: string) =>
    key === "title" && typeof value === "string" && /^\w+\(.*\)$/s.test(value)
  return Record.map(Record.filter(json, (value, key) => !isFilterName(value, key)), withoutFilterNames)
}

const isEmptyStruct = (ast: SchemaAST.AST): boolean =>
  SchemaAST.isTypeLiteral(ast) && ast.propertySignatures.length === 0 && ast.indexSignatures.length === 0

/**
 * The same as one object with properties, as servers want a declaration to be: the properties of all alternatives, with
 * those required that every alternative requires. A schema that holds no object is left as it is.
 */
export const objectAtRoot = (schema: Json): Json => {
  if (!combining.some((keyword) => keyword in schema)) {
    return schema["type"] === "object" && !Predicate.isReadonlyRecord(schema["properties"])
      ? { ...schema, properties: {} }
      : schema
  }
  const shape = shapeOf(schema, schema, 0)
  if (shape === undefined) return schema
  const properties = Record.map(Object.fromEntries(shape.properties), oneOf)
  return {
    ...Record.filter(schema, (_, keyword) => !combining.includes(keyword)),
    type: "object",
    properties,
    ...(shape.required.size === 0 ? {} : { required: [...shape.required] }),
    ...(shape.isClosed ? { additionalProperties: false } : {})
  }
}

/** What servers refuse at the root. */
const combining = ["$ref", "anyOf", "oneOf", "allOf", "not", "enum", "const"]

interface Shape {
  /** The schemas that a property has in the alternatives. */
  readonly properties: ReadonlyMap<string, ReadonlyArray<unknown>>
  readonly required: ReadonlySet<string>
  readonly isClosed: boolean
}

const shapeOf = (schema: unknown, root: Json, hops: number): Shape | undefined => {
  if (!Predicate.isReadonlyRecord(schema) || hops > 32) return undefined
  const below = (one: unknown) => shapeOf(one, root, hops + 1) ?? []
  const [, name] = /^#\/(?:\$defs|definitions)\/(.+)$/.exec(text(schema["$ref"]) ?? "") ?? []
  const definitions = schema["$ref"] === undefined ? undefined : root["$defs"] ?? root["definitions"]
  const named = name !== undefined && Predicate.isReadonlyRecord(definitions) ? [below(definitions[name])].flat() : []
  const listed = schema["anyOf"] ?? schema["oneOf"]
  const alternatives = Array.isArray(listed) ? listed.flatMap(below) : []
  const parts = Array.isArray(schema["allOf"]) ? schema["allOf"].flatMap(below) : []
  const { properties, required } = schema
  const own: ReadonlyArray<Shape> = Predicate.isReadonlyRecord(properties) || schema["type"] === "object"
    ? [{
      properties: new Map(Object.entries(properties ?? {}).map(([name, property]) => [name, [property]])),
      required: new Set(Array.isArray(required) ? required.filter(Predicate.isString) : []),
      isClosed: schema["additionalProperties"] === false
    }]
    : []
  const whole = [...own, ...named, ...parts, ...alternatives.length === 0 ? [] : [either(alternatives)]]
  return whole.length === 0 ? undefined : {
    properties: joined(whole),
    required: new Set(whole.flatMap(({ required }) => [...required])),
    isClosed: whole.every(({ isClosed }) => isClosed)
  }
}

const either = (shapes: ReadonlyArray<Shape>): Shape => ({
  properties: joined(shapes),
  required: new Set(
    [...shapes[0]?.required ?? []].filter((name) => shapes.every(({ required }) => required.has(name)))
  ),
  isClosed: shapes.every(({ isClosed }) => isClosed)
})

const joined = (shapes: ReadonlyArray<Shape>): Shape["properties"] => {
  const all = new Map<string, ReadonlyArray<unknown>>()
  for (const [name, schemas] of shapes.flatMap(({ properties }) => [...properties])) {
    const known = all.get(name) ?? []
    all.set(name, [...known, ...schemas.filter((one) => !known.some((other) => same(one, other)))])
  }
  return all
}

/** Enums of one type become one enum, such as that of the field by which alternatives are told apart; all else a union. */
const oneOf = (schemas: ReadonlyArray<unknown>): unknown => {
  const [first] = schemas
  if (schemas.length === 1) return first
  const words = schemas.flatMap((schema) =>
    Predicate.isReadonlyRecord(schema) && Array.isArray(schema["enum"]) ? [schema["enum"]] : []
  )
  const isOfWords = words.length === schemas.length &&
    schemas.every((schema) =>
      Predicate.isReadonlyRecord(schema) && Predicate.isReadonlyRecord(first) && schema["type"] === first["type"]
    )
  return isOfWords ? { ...Object(first), enum: [...new Set(words.flat())] } : { anyOf: schemas }
}
