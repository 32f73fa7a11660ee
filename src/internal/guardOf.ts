import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"

type Guard = (u: unknown) => boolean

/**
 * A guard that says the same as `Schema.is`, many times as fast, for schemas that transform nothing: it is worked out
 * when it is first used, and looks at a value without copying it. `known` are guards of declared schemas that are already
 * functions.
 */
export const guardOf = <A, I, R>(
  schema: () => Schema.Schema<A, I, R>,
  known: ReadonlyMap<AST.AST, Guard> = new Map()
): (u: unknown) => u is A => {
  let guard: Guard | undefined
  return (u): u is A => (guard ??= compile(schema().ast, known))(u)
}

const compile = (ast: AST.AST, known: ReadonlyMap<AST.AST, Guard>): Guard => {
  const guard = known.get(ast)
  if (guard !== undefined) return guard
  switch (ast._tag) {
    case "StringKeyword":
      return Predicate.isString
    case "NumberKeyword":
      return Predicate.isNumber
    case "BooleanKeyword":
      return Predicate.isBoolean
    case "UndefinedKeyword":
      return Predicate.isUndefined
    case "UnknownKeyword":
    case "AnyKeyword":
      return anything
    case "Literal":
      return (u) => u === ast.literal
    case "Union":
      return oneOf(ast, known)
    case "TupleType":
      return ast.elements.length === 0 && ast.rest.length === 1
        ? listOf(ast.rest.map(({ type }) => compile(type, known)))
        : bySchema(ast)
    case "TypeLiteral":
      return struct(ast, known)
    default:
      return bySchema(ast)
  }
}

const anything: Guard = () => true

const bySchema = (ast: AST.AST): Guard => Schema.is(Schema.make(ast))

const listOf = ([guard = anything]: ReadonlyArray<Guard>): Guard => (u) => Array.isArray(u) && u.every(guard)

const struct = (
  { indexSignatures, propertySignatures }: AST.TypeLiteral,
  known: ReadonlyMap<AST.AST, Guard>
): Guard => {
  const fields = propertySignatures.map(({ isOptional, name, type }) => ({
    name: String(name),
    isOptional,
    guard: compile(type, known)
  }))
  const values = indexSignatures.map(({ type }) => compile(type, known)).filter((guard) => guard !== anything)
  return (u) => {
    if (!Predicate.isRecord(u)) return false
    for (const { guard, isOptional, name } of fields) {
      const value = u[name]
      if (value === undefined && !Object.hasOwn(u, name)) {
        if (!isOptional) return false
      } else if (!guard(value)) return false
    }
    return values.every((guard) => Object.values(u).every(guard))
  }
}

/** Structs that differ by the literal of one field are told apart by it. */
const oneOf = ({ types }: AST.Union, known: ReadonlyMap<AST.AST, Guard>): Guard => {
  const guards = types.map((type) => compile(type, known))
  const literals = types.map((type) => type._tag === "TypeLiteral" ? tagOf(type) : undefined)
  const name = literals[0]?.name
  const byTag = new Map(literals.flatMap((tag, index) => {
    const guard = guards[index]
    return tag === undefined || guard === undefined || tag.name !== name ? [] : [[tag.literal, guard] as const]
  }))
  if (name === undefined || byTag.size < types.length) return (u) => guards.some((guard) => guard(u))
  return (u) => Predicate.hasProperty(u, name) && byTag.get(u[name] as AST.LiteralValue)?.(u) === true
}

const tagOf = ({ propertySignatures }: AST.TypeLiteral) => {
  for (const { isOptional, name, type } of propertySignatures) {
    if (!isOptional && type._tag === "Literal") return { name: String(name), literal: type.literal }
  }
  return undefined
}
