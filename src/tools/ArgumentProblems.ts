/**
 * What a Schema finds wrong with the arguments of a call, in words that a model can act on.
 *
 * @internal
 */
import * as JSONSchema from "effect/JSONSchema"
import * as ParseResult from "effect/ParseResult"
import * as SchemaAST from "effect/SchemaAST"
import * as Problem from "../prompts/ArgumentProblems.ts"

/**
 * All that a schema finds wrong: which argument, what it must be, and what came instead.
 *
 * @since 0.1.0
 * @category conversions
 */
export const describe = ({ issue }: ParseResult.ParseError): string =>
  Problem.list([...new Set(of(issue, [], undefined))])

type Path = ReadonlyArray<PropertyKey>

/**
 * `around` is what holds the argument: it has the list of valid names. `whole` is the outermost of nested filters, so
 * that the message about a number lists everything it must be.
 */
const of = (
  issue: ParseResult.ParseIssue,
  path: Path,
  around: SchemaAST.AST | undefined,
  whole?: SchemaAST.AST
): ReadonlyArray<string> => {
  const own = ownWords(issue)
  if (own !== undefined) return [Problem.saidOf(path, own)]
  switch (issue._tag) {
    case "Pointer":
      return of(issue.issue, path.concat(issue.path), around)
    case "Composite": {
      const only = SchemaAST.isUnion(issue.ast) ? present(issue.ast) : []
      if (only.length > 1) return [Problem.mustBe(path, expected(whole ?? issue.ast), issue.actual)]
      const issues = Array.isArray(issue.issues) ? issue.issues : [issue.issues as ParseResult.ParseIssue]
      // For an optional value, "or nothing" would not help the model.
      const telling = SchemaAST.isUnion(issue.ast)
        ? issues.filter((one: ParseResult.ParseIssue) => !isOfNothing(one))
        : issues
      return telling.flatMap((one: ParseResult.ParseIssue) => of(one, path, issue.ast))
    }
    case "Refinement":
      return issue.kind === "From"
        ? of(issue.issue, path, around, whole ?? issue.ast)
        : [reasonOf(issue.issue, path) ?? Problem.mustBe(path, expected(whole ?? issue.ast), issue.actual)]
    case "Transformation":
      return issue.kind === "Transformation"
        ? [reasonOf(issue.issue, path) ?? Problem.mustBe(path, expected(issue.ast.to), issue.actual)]
        : of(issue.issue, path, around)
    case "Missing": {
      const { ast } = issue
      return [Problem.missingOf(path, expected("type" in ast ? ast.type : ast))]
    }
    case "Unexpected":
      return [Problem.noSuchArgument(path, namesOf(around))]
    case "Type":
      return [reasonOf(issue, path) ?? Problem.mustBe(path, expected(whole ?? issue.ast), issue.actual)]
    case "Forbidden":
      return [Problem.cannotBeChecked(path)]
  }
}

/** A message by the author of the schema takes precedence. */
const ownWords = (issue: ParseResult.ParseIssue): string | undefined => {
  if (!("ast" in issue)) return undefined
  const { ast } = issue
  const hasWords = ast.annotations[SchemaAST.MessageAnnotationId] !== undefined ||
    ast.annotations[SchemaAST.MissingMessageAnnotationId] !== undefined
  return hasWords ? ParseResult.ArrayFormatter.formatIssueSync(issue)[0]?.message : undefined
}

/** The message of a filter or a transformation itself. */
const reasonOf = (issue: ParseResult.ParseIssue, path: Path): string | undefined =>
  issue._tag === "Type" && issue.message !== undefined ? Problem.saidOf(path, issue.message) : undefined

const namesOf = (ast: SchemaAST.AST | undefined): ReadonlyArray<string> =>
  ast === undefined ? [] : SchemaAST.getPropertySignatures(SchemaAST.encodedAST(ast)).map(({ name }) => String(name))

const isOfNothing = (issue: ParseResult.ParseIssue): boolean =>
  issue._tag === "Type" && SchemaAST.isUndefinedKeyword(issue.ast)

const present = (ast: SchemaAST.Union): ReadonlyArray<SchemaAST.AST> =>
  ast.types.filter((type) => !SchemaAST.isUndefinedKeyword(type))

/** In the terms of the JSON Schema that the model got. */
const expected = (ast: SchemaAST.AST): string => {
  const types = SchemaAST.isUnion(ast) ? present(ast) : [ast]
  const plain = SchemaAST.isUnion(ast) ? SchemaAST.Union.make(types, ast.annotations) : ast
  const definitions: Record<string, JSONSchema.JsonSchema7> = {}
  try {
    const json = { ...JSONSchema.fromAST(plain, { definitions, topLevelReferenceStrategy: "skip" }) }
    return Problem.inWords(json, definitions) ?? called(plain)
  } catch {
    // Not everything that can be checked has a JSON Schema.
    return called(plain)
  }
}

const called = (ast: SchemaAST.AST): string => SchemaAST.isRefinement(ast) ? called(ast.from) : ast.toString()
