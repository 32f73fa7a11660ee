import * as JSONSchema from "effect/JSONSchema"
import * as Record from "effect/Record"
import type * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"

/**
 * The JSON Schema of what is encoded, with all that it refers to in `$defs`. Servers want an object with properties at
 * the top, so references are left to schemas that hold themselves.
 */
export const jsonSchema = <A, I>(schema: Schema.Schema<A, I>): { readonly [key: string]: unknown } => {
  if (isEmptyStruct(schema.ast)) return { type: "object", properties: {}, additionalProperties: false }
  const $defs = {}
  const json = JSONSchema.fromAST(schema.ast, { definitions: $defs, topLevelReferenceStrategy: "skip" })
  return Record.isEmptyRecord($defs) ? { ...json } : { ...json, $defs }
}

const isEmptyStruct = (ast: SchemaAST.AST): boolean =>
  SchemaAST.isTypeLiteral(ast) && ast.propertySignatures.length === 0 && ast.indexSignatures.length === 0
