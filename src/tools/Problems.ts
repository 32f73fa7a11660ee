/**
 * What is wrong with the arguments of a call, in words that a model can act on.
 *
 * @internal
 */
import * as JSONSchema from "effect/JSONSchema"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as SchemaAST from "effect/SchemaAST"

/** More are a misunderstanding as a whole, and another list of the same would not mend it. */
const maxProblems = 8

/** How much of a text that does not fit is shown, in characters. */
const maxShown = 40

/**
 * All that a schema finds wrong: which argument, what it must be, and what came instead.
 *
 * @since 0.1.0
 * @category conversions
 */
export const tell = ({ issue }: ParseResult.ParseError): string => {
  const all = [...new Set(of(issue, [], undefined))]
  const more = all.length - maxProblems
  return all.slice(0, maxProblems).join("; ") + (more > 0 ? `; and ${more} more` : "")
}

/** @since 0.1.0 @category conversions */
export const notAnObject = (actual: unknown): string => mustBe([], "an object", actual)

/** @since 0.1.0 @category conversions */
export const missing = (name: string): string => `${name} is missing`

type Path = ReadonlyArray<PropertyKey>

/**
 * `around` is what holds the argument: it knows the names that there are. `whole` is the outermost of the filters that
 * are laid over each other: what is wrong with a number is told with all that it must be.
 */
const of = (
  issue: ParseResult.ParseIssue,
  path: Path,
  around: SchemaAST.AST | undefined,
  whole?: SchemaAST.AST
): ReadonlyArray<string> => {
  const own = ownWords(issue)
  if (own !== undefined) return [`${nameOf(path)}: ${own}`]
  switch (issue._tag) {
    case "Pointer":
      return of(issue.issue, path.concat(issue.path), around)
    case "Composite": {
      const only = SchemaAST.isUnion(issue.ast) ? present(issue.ast) : []
      if (only.length > 1) return [mustBe(path, expected(whole ?? issue.ast), issue.actual)]
      const issues = Array.isArray(issue.issues) ? issue.issues : [issue.issues as ParseResult.ParseIssue]
      // Of a union with nothing, that it could be nothing helps nobody.
      const telling = SchemaAST.isUnion(issue.ast)
        ? issues.filter((one: ParseResult.ParseIssue) => !isOfNothing(one))
        : issues
      return telling.flatMap((one: ParseResult.ParseIssue) => of(one, path, issue.ast))
    }
    case "Refinement":
      return issue.kind === "From"
        ? of(issue.issue, path, around, whole ?? issue.ast)
        : [reasonOf(issue.issue, path) ?? mustBe(path, expected(whole ?? issue.ast), issue.actual)]
    case "Transformation":
      return issue.kind === "Transformation"
        ? [reasonOf(issue.issue, path) ?? mustBe(path, expected(issue.ast.to), issue.actual)]
        : of(issue.issue, path, around)
    case "Missing": {
      const { ast } = issue
      const what = expected("type" in ast ? ast.type : ast)
      return [`${missing(nameOf(path))}; it must be ${what}`]
    }
    case "Unexpected": {
      const names = namesOf(around)
      const known = names.length === 0
        ? ""
        : `; ${path.length > 1 ? "here" : "the arguments"} can be ${names.join(", ")}`
      return [`there is no argument ${nameOf(path)}${known}`]
    }
    case "Type":
      return [reasonOf(issue, path) ?? mustBe(path, expected(whole ?? issue.ast), issue.actual)]
    case "Forbidden":
      return [`${nameOf(path)} cannot be checked here`]
  }
}

/** A message that the author of a schema has written says it best. */
const ownWords = (issue: ParseResult.ParseIssue): string | undefined => {
  if (!("ast" in issue)) return undefined
  const { ast } = issue
  const hasWords = ast.annotations[SchemaAST.MessageAnnotationId] !== undefined ||
    ast.annotations[SchemaAST.MissingMessageAnnotationId] !== undefined
  return hasWords ? ParseResult.ArrayFormatter.formatIssueSync(issue)[0]?.message : undefined
}

/** What a filter, or a step from one type to another, says by itself. */
const reasonOf = (issue: ParseResult.ParseIssue, path: Path): string | undefined =>
  issue._tag === "Type" && issue.message !== undefined ? `${nameOf(path)}: ${issue.message}` : undefined

const mustBe = (path: Path, what: string, actual: unknown): string =>
  `${nameOf(path)} must be ${what}, not ${shown(actual)}`

/** As JavaScript would reach it: `edits[1].path`. */
const nameOf = (path: Path): string => {
  if (path.length === 0) return "the arguments as a whole"
  return path.reduce<string>((name, key) => {
    if (Predicate.isNumber(key)) return `${name}[${key}]`
    const word = brief(String(key))
    return name === "" ? word : `${name}.${word}`
  }, "")
}

const brief = (text: string): string =>
  text.length > maxShown ? `${text.slice(0, maxShown).toWellFormed()}…` : text.toWellFormed()

const shown = (value: unknown): string => {
  if (Predicate.isString(value)) return value === "" ? "an empty string" : `the string ${JSON.stringify(brief(value))}`
  if (Predicate.isNumber(value)) return `the number ${value}`
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list"
  return Predicate.isRecord(value) ? "an object" : String(value)
}

const namesOf = (ast: SchemaAST.AST | undefined): ReadonlyArray<string> =>
  ast === undefined ? [] : SchemaAST.getPropertySignatures(SchemaAST.encodedAST(ast)).map(({ name }) => String(name))

const isOfNothing = (issue: ParseResult.ParseIssue): boolean =>
  issue._tag === "Type" && SchemaAST.isUndefinedKeyword(issue.ast)

const present = (ast: SchemaAST.Union): ReadonlyArray<SchemaAST.AST> =>
  ast.types.filter((type) => !SchemaAST.isUndefinedKeyword(type))

/** In the words of the JSON Schema, which is what the model has been told. */
const expected = (ast: SchemaAST.AST): string => {
  const types = SchemaAST.isUnion(ast) ? present(ast) : [ast]
  const plain = SchemaAST.isUnion(ast) ? SchemaAST.Union.make(types, ast.annotations) : ast
  const definitions: Record<string, JSONSchema.JsonSchema7> = {}
  try {
    const json: Json = { ...JSONSchema.fromAST(plain, { definitions, topLevelReferenceStrategy: "skip" }) }
    return inWords(json, definitions, 0) ?? called(plain)
  } catch {
    // Not everything that can be checked has a JSON Schema.
    return called(plain)
  }
}

const called = (ast: SchemaAST.AST): string => SchemaAST.isRefinement(ast) ? called(ast.from) : ast.toString()

type Json = { readonly [name: string]: unknown }

const inWords = (json: Json, definitions: Json, depth: number): string | undefined => {
  const { anyOf, enum: words, maximum, maxItems, maxLength, minimum, minItems, minLength, pattern, type } = json
  if (Predicate.isString(json["$ref"])) {
    const found = definitions[json["$ref"].slice("#/$defs/".length)]
    return depth > 2 || !Predicate.isRecord(found) ? undefined : inWords(found, definitions, depth + 1)
  }
  if (Array.isArray(words)) {
    const all = words.map((word) => JSON.stringify(word))
    return all.length === 1 ? all[0] : `one of ${all.join(", ")}`
  }
  if (Array.isArray(anyOf)) {
    const each = anyOf.map((one) => Predicate.isRecord(one) ? inWords(one, definitions, depth + 1) : undefined)
    return each.every(Predicate.isString) ? [...new Set(each)].join(" or ") : undefined
  }
  switch (type) {
    case "string": {
      const size = range(minLength, maxLength)
      if (Predicate.isString(pattern)) return `a string that matches ${pattern}`
      return size === undefined ? "a string" : minLength === 1 && maxLength === undefined
        ? "a string that is not empty"
        : `a string of ${size} characters`
    }
    case "number":
    case "integer": {
      const size = limits(minimum, maximum, json)
      return `a ${type === "integer" ? "whole " : ""}number${size === undefined ? "" : ` ${size}`}`
    }
    case "boolean":
      return "true or false"
    case "null":
      return "null"
    case "array": {
      const size = range(minItems, maxItems)
      return size === undefined ? "a list" : `a list of ${size} elements`
    }
    case "object": {
      const required = Array.isArray(json["required"]) ? json["required"] : []
      return required.length === 0 ? "an object" : `an object with ${required.join(", ")}`
    }
    default:
      return undefined
  }
}

const range = (least: unknown, most: unknown): string | undefined => {
  if (Predicate.isNumber(least) && Predicate.isNumber(most)) return least === most ? `${least}` : `${least} to ${most}`
  if (Predicate.isNumber(least)) return `at least ${least}`
  return Predicate.isNumber(most) ? `at most ${most}` : undefined
}

const limits = (least: unknown, most: unknown, json: Json): string | undefined => {
  const { exclusiveMaximum: below, exclusiveMinimum: above } = json
  if (Predicate.isNumber(least) && Predicate.isNumber(most)) return `from ${least} to ${most}`
  const words = [
    ...Predicate.isNumber(least) ? [`of at least ${least}`] : [],
    ...Predicate.isNumber(above) ? [`above ${above}`] : [],
    ...Predicate.isNumber(most) ? [`of at most ${most}`] : [],
    ...Predicate.isNumber(below) ? [`below ${below}`] : []
  ]
  return words.length === 0 ? undefined : words.join(" and ")
}
