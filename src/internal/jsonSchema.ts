import * as JSONSchema from "effect/JSONSchema"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import type * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"

/**
 * The JSON Schema of the encoded side, with all schemas that it refers to in `$defs`. Servers want an object with
 * properties at the top, so only recursive schemas become references.
 */
export const jsonSchema = <A, I>(schema: Schema.Schema<A, I>): { readonly [key: string]: unknown } => {
  if (isEmptyStruct(schema.ast)) return { type: "object", properties: {}, additionalProperties: false }
  const $defs = {}
  const json = JSONSchema.fromAST(schema.ast, { definitions: $defs, topLevelReferenceStrategy: "skip" })
  const all: { readonly [key: string]: unknown } = Record.isEmptyRecord($defs) ? { ...json } : { ...json, $defs }
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
