/** Reads what the modules of the package export, with what is said about it, without checking types. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"

const source = fileURLToPath(new URL("../src/", import.meta.url))

export interface Export {
  readonly name: string
  /** The text of its comment, without its tags. */
  readonly text: string
  readonly since: string | undefined
  readonly category: string | undefined
  /** Its declaration, without the body. */
  readonly declaration: string
}

export interface Module {
  readonly name: string
  readonly path: string
  readonly text: string
  readonly exports: ReadonlyArray<Export>
}

/** The modules that the barrel of a room exports. */
export const modulesOf = (room: string): ReadonlyArray<Module> =>
  Array.from(
    readFileSync(join(source, room, "index.ts"), "utf8").matchAll(/^export \* as (\w+) from "\.\/(.+)"$/gm),
    ([, name = "", path = ""]) => moduleOf(name, join(room, path))
  )

const moduleOf = (name: string, path: string): Module => {
  const text = readFileSync(join(source, path), "utf8")
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const [head] = ts.getLeadingCommentRanges(text, 0) ?? []
  const exports = new Map<string, Export>()
  for (const statement of file.statements) {
    if (!ts.canHaveModifiers(statement) || !isExported(statement)) continue
    for (const found of exportsOf(statement, file)) {
      // A schema and its type have one name, and the comment of the first.
      const before = exports.get(found.name)
      exports.set(
        found.name,
        before === undefined ? found : { ...before, declaration: `${before.declaration}\n${found.declaration}` }
      )
    }
  }
  return {
    name,
    path,
    text: head === undefined ? "" : proseOf(text.slice(head.pos, head.end)),
    exports: [...exports.values()]
  }
}

const isExported = (statement: ts.Statement & ts.HasModifiers): boolean =>
  ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false

const exportsOf = (statement: ts.Statement, file: ts.SourceFile): ReadonlyArray<Export> => {
  const comments = ts.getLeadingCommentRanges(file.text, statement.getFullStart()) ?? []
  const last = comments.at(-1)
  const comment = last === undefined ? "" : file.text.slice(last.pos, last.end)
  if (/@internal\b/.test(comment)) return []
  const [, since] = /@since ([\d.]+)/.exec(comment) ?? []
  const [, category] = /@category ([\w -]+?)(?: \*\/|\n)/.exec(comment) ?? []
  const of = (name: string, declaration: string): Export => ({
    name,
    text: proseOf(comment),
    since,
    category,
    declaration: declaration.trim()
  })
  const text = (from: ts.Node, until: number) => file.text.slice(from.getStart(file), until)
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map((one) =>
      of(one.name.getText(file), `const ${signature(one, file)}`)
    )
  }
  if (ts.isClassDeclaration(statement) && statement.name !== undefined) {
    const [heritage] = statement.heritageClauses ?? []
    return [of(statement.name.text, text(statement, heritage?.end ?? statement.name.end).replace(/^export /, ""))]
  }
  if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) {
    return [of(statement.name.text, text(statement, statement.end).replace(/^export /, ""))]
  }
  if (ts.isFunctionDeclaration(statement) && statement.name !== undefined) {
    return [of(statement.name.text, text(statement, statement.body?.pos ?? statement.end).replace(/^export /, ""))]
  }
  return []
}

/** The type of a value, as far as it is written down, or the parameters of a function. */
const signature = ({ initializer, name, type }: ts.VariableDeclaration, file: ts.SourceFile): string => {
  const own = name.getText(file)
  if (type !== undefined) return `${own}: ${type.getText(file)}`
  if (initializer === undefined) return own
  if (ts.isArrowFunction(initializer)) {
    const { body, equalsGreaterThanToken } = initializer
    const inner = ts.isArrowFunction(body) ? body.equalsGreaterThanToken.pos : equalsGreaterThanToken.pos
    return `${own} = ${file.text.slice(initializer.getStart(file), inner).trim()} => …`
  }
  if (ts.isCallExpression(initializer)) {
    const [first] = initializer.arguments
    const callee = initializer.expression.getText(file)
    if (first !== undefined && ts.isFunctionExpression(first)) {
      return `${own} = ${callee}(${file.text.slice(first.getStart(file), first.body.pos).trim()} …)`
    }
    return initializer.getText(file).length > 1500 ? `${own} = ${callee}(…)` : `${own} = ${initializer.getText(file)}`
  }
  return own
}

const proseOf = (comment: string): string =>
  comment.replace(/^\/\*\*/, "").replace(/\*\/$/, "").split("\n").map((line) => line.replace(/^ *\* ?/, "")).join("\n")
    .replaceAll(/\{@link (\w+)\}/g, "`$1`").replace(/@(?:since|category|internal)[^]*$/, "").trim()
