/** Reads what the modules of the package export, with what is said about it, and the types that the compiler finds. */
import { execFile, spawnSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import ts from "typescript"

const root = fileURLToPath(new URL("../", import.meta.url))

const source = join(root, "src")

/** Those who have a barrel. */
export const rooms: ReadonlyArray<string> = readdirSync(source, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && readdirSync(join(source, entry.name)).includes("index.ts"))
  .map(({ name }) => name)

export interface Export {
  readonly name: string
  /** The text of its comment, without its tags. */
  readonly text: string
  readonly since: string | undefined
  readonly category: string | undefined
  /** Its declaration, without the body. */
  readonly declaration: string
  /** Programs that show how it is used. */
  readonly examples: ReadonlyArray<string>
}

export interface Module {
  readonly name: string
  readonly path: string
  readonly text: string
  readonly examples: ReadonlyArray<string>
  readonly exports: ReadonlyArray<Export>
}

/** The modules that the barrel of a room exports. */
export const modulesOf = (room: string): ReadonlyArray<Module> =>
  Array.from(
    readFileSync(join(source, room, "index.ts"), "utf8").matchAll(/^export \* as (\w+) from "\.\/(.+)"$/gm),
    ([, name = "", path = ""]) => moduleOf(name, join(room, path))
  )

/** What each of all examples is called, and its text. */
export const examplesOf = ({ examples, exports, path }: Module): ReadonlyArray<readonly [name: string, text: string]> =>
  [{ name: "module", examples }, ...exports].flatMap((one) =>
    one.examples.map((text, index): readonly [string, string] => [
      `${path.replace(/\.ts$/, "").replaceAll("/", "-")}-${one.name}-${index + 1}.ts`,
      text
    ])
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
    examples: head === undefined ? [] : examplesIn(text.slice(head.pos, head.end)),
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
    declaration: declaration.trim(),
    examples: examplesIn(comment)
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

/** The type of a value, where it is written down, or how it is made, where that says more: a schema. */
const signature = ({ initializer, name, type }: ts.VariableDeclaration, file: ts.SourceFile): string => {
  const own = name.getText(file)
  if (type !== undefined) return `${own}: ${type.getText(file)}`
  // With all of its types it stands as it is written; otherwise the compiler tells the type.
  if (initializer !== undefined && ts.isArrowFunction(initializer) && initializer.type !== undefined) {
    const { equalsGreaterThanToken, parameters } = initializer
    if (parameters.every((one) => one.type !== undefined && one.initializer === undefined)) {
      return `${own}: ${file.text.slice(initializer.getStart(file), initializer.type.pos - 1)} => ${
        file.text.slice(initializer.type.getStart(file), equalsGreaterThanToken.pos).trim()
      }`
    }
  }
  const isSchema = initializer !== undefined && ts.isCallExpression(initializer) &&
    initializer.expression.getText(file).startsWith("Schema.") && initializer.getText(file).length <= 1500
  return isSchema ? `${own} = ${initializer.getText(file)}` : own
}

const linesOf = (comment: string): string =>
  comment.replace(/^\/\*\*/, "").replace(/\*\/$/, "").split("\n").map((line) => line.replace(/^ *\* ?/, "")).join("\n")

const proseOf = (comment: string): string =>
  linesOf(comment).replaceAll(/\{@link (\w+)\}/g, "`$1`").replace(/@(?:since|category|internal|example)\b[^]*$/, "")
    .trim()

const examplesIn = (comment: string): ReadonlyArray<string> =>
  Array.from(linesOf(comment).matchAll(/^@example\n```ts\n([^]*?)^```$/gm), ([, text = ""]) => text)

/** The declarations of the package as it is now. */
const build = () =>
  promisify(execFile)(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-b", root]).catch(
    (error: { readonly stdout: string }) => Promise.reject(new Error(error.stdout))
  )

export interface Types {
  /** The declaration of a value, also where its type is not written down. */
  readonly of: (path: string, one: Export) => string
  /** Whether a program does something with it, which is to be shown: a function, an effect, a layer, a service. */
  readonly isUsed: (path: string, name: string) => boolean
  /** What is wrong with the examples. */
  readonly problems: ReadonlyArray<string>
}

/** The compiler tells fields and the members of a union in the order in which it has met them, which any change moves. */
const inOrder = (declaration: string): string => {
  const printer = ts.createPrinter({ removeComments: true })
  const file = ts.createSourceFile("api.ts", declaration, ts.ScriptTarget.Latest)
  const textOf = (node: ts.Node) => printer.printNode(ts.EmitHint.Unspecified, node, file)
  const sorted = <A extends ts.Node>(nodes: ReadonlyArray<A>): ReadonlyArray<A> =>
    nodes.map((node) => ({ node, text: textOf(node).replace(/^readonly /, "") }))
      .toSorted((a, b) => a.text < b.text ? -1 : 1).map(({ node }) => node)
  const { transformed: [ordered = file] } = ts.transform(file, [(context) => {
    const visit = (node: ts.Node): ts.Node => {
      const one = ts.visitEachChild(node, visit, context)
      if (ts.isTypeLiteralNode(one) && one.members.every(isField)) {
        return ts.factory.createTypeLiteralNode(sorted(one.members))
      }
      return ts.isUnionTypeNode(one) ? ts.factory.createUnionTypeNode(sorted(one.types)) : one
    }
    return (file) => ts.visitEachChild(file, visit, context)
  }])
  return printer.printFile(ordered)
}

const isField = (member: ts.TypeElement): boolean =>
  ts.isPropertySignature(member) || ts.isIndexSignatureDeclaration(member)

/** Declarations, broken into lines as the code is. */
const format = (declarations: ReadonlyArray<string>): ReadonlyArray<string> => {
  const mark = "// next\n"
  const { status, stderr, stdout } = spawnSync(join(root, "node_modules/.bin/dprint"), ["fmt", "--stdin", "api.ts"], {
    cwd: root,
    encoding: "utf8",
    input: declarations.map((one) => `declare ${one}\n`).join(mark)
  })
  if (status !== 0) throw new Error(stderr)
  return stdout.split(mark).map((one) => one.trim().replace(/^declare /, ""))
}

/** One program of all that the package declares, and of the examples, which import it as other packages do. */
export const types = async (modules: ReadonlyArray<Module>): Promise<Types> => {
  await build()
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile)
  const { outDir: _, rootDir: __, ...options } = ts.parseJsonConfigFileContent(config, ts.sys, root).options
  const settings = {
    ...options,
    composite: false,
    incremental: false,
    noEmit: true,
    noUnusedLocals: false,
    rewriteRelativeImportExtensions: false
  }
  const files = new Map(modules.flatMap(examplesOf).map(([name, text]) => [join(root, name), text]))
  const host = ts.createCompilerHost(settings)
  const program = ts.createProgram(
    [...rooms.map((room) => join(root, "dist", room, "index.d.ts")), ...files.keys()],
    settings,
    {
      ...host,
      fileExists: (path) => files.has(path) || host.fileExists(path),
      readFile: (path) => files.get(path) ?? host.readFile(path),
      getSourceFile: (path, target, ...rest) => {
        const text = files.get(path)
        return text === undefined
          ? host.getSourceFile(path, target, ...rest)
          : ts.createSourceFile(path, text, target)
      }
    }
  )
  const checker = program.getTypeChecker()

  const valueOf = (path: string, name: string) => {
    const file = program.getSourceFile(join(root, "dist", path.replace(/\.ts$/, ".d.ts")))
    const own = file === undefined ? undefined : checker.getSymbolAtLocation(file)
    const symbol = own === undefined ? undefined : checker.tryGetMemberInModuleExports(name, own)
    const node = symbol?.valueDeclaration
    return symbol === undefined || node === undefined ? undefined : { node, type: checker.getTypeOfSymbol(symbol) }
  }

  const textOf = (path: string, name: string): string => {
    const value = valueOf(path, name)
    return value === undefined ? "" : checker.typeToString(value.type, value.node, ts.TypeFormatFlags.NoTruncation)
  }

  const untyped = modules.flatMap(({ exports, path }) =>
    exports.filter(({ declaration, name }) => declaration === `const ${name}`).map(({ name }) => ({ name, path }))
  )
  const texts = format(untyped.map(({ name, path }) => {
    // A parameter that is taken apart has no name.
    const text = textOf(path, name).replaceAll(/import\("[^"]*"\)\./g, "").replaceAll(
      /\bargs_0\b/g,
      "options"
    )
    return inOrder(`declare const ${name}: ${text}`).trim().replace(/^declare /, "")
  }))
  const found = new Map(untyped.map(({ name, path }, index) => [`${path} ${name}`, texts[index]]))

  const kinds = new Set(["Effect", "Layer", "Stream"])

  return {
    of: (path, { declaration, name }) => found.get(`${path} ${name}`) ?? declaration,
    isUsed: (path, name) => {
      const value = valueOf(path, name)
      if (value === undefined) return false
      const { node, type } = value
      if (ts.isClassDeclaration(node)) return checker.getPropertyOfType(type, "Service") !== undefined
      return type.getCallSignatures().length > 0 || kinds.has(type.symbol?.name)
    },
    problems: Array.from(files.keys()).flatMap((path) => {
      const file = program.getSourceFile(path)
      return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map((found) =>
        [
          `${path.slice(root.length)}:${
            file === undefined ? 0 : file.getLineAndCharacterOfPosition(found.start ?? 0).line + 1
          }`,
          ts.flattenDiagnosticMessageText(found.messageText, "\n")
        ].join(" ")
      )
    })
  }
}
