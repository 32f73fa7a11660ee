import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import ts from "typescript"

const source = new URL("../../src/", import.meta.url)

/** The rooms whose words reach the model, and single modules of others. */
const speakers = ["agent", "session", "tools", "node/workspace", "responses/chat", "responses/account/ModelProfile.ts"]

/**
 * What these rooms tell people: what they are asked, what is wrong with their own files, and why a turn failed. The modules
 * tell the model nothing but what they take from `prompts/`.
 */
const toPeople: ReadonlySet<string> = new Set([
  "agent/AgentError.ts",
  "agent/FrontMatter.ts",
  "agent/Inbox.ts",
  "agent/ProjectInstructions.ts",
  "agent/Skills.ts",
  "agent/children/AgentFiles.ts",
  "responses/chat/ChatStream.ts",
  "session/Ancestors.ts",
  "session/LogCodec.ts",
  "session/SessionError.ts",
  "session/SessionStore.ts",
  "session/import/Loss.ts",
  "session/import/SessionImport.ts",
  "tools/Toolkit.ts",
  "tools/mcp/Elicitation.ts",
  "tools/mcp/McpServers.ts",
  "tools/mcp/Sampling.ts",
  "tools/permission/Grants.ts",
  "tools/permission/Policy.ts",
  "tools/workspace/FileChange.ts"
])

const sentencesToPeople: ReadonlySet<string> = new Set([
  "… (there is no such tool)",
  "it cannot be read (…)",
  "always in this session",
  "… asks about it",
  "… is a …",
  "the response was cut short (…)",
  "its format has version …, and this effixir knows those up to …",
  "[Request interrupted by user",
  "it was compacted, and is still too long",
  "a summary of it could not be had: …",
  "a hook (PreCompact) keeps it as it is: …",
  " in the background, where it stays",
  "no more words than its arguments",
  "what was there before is not known: the call was cut off"
])

/** Words for a list, not a sentence. */
const isList = (node: ts.Node): boolean =>
  ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && node.expression.name.text === "split"

/** What a parameter is for stands beside its Schema, and what a call would do is said to people. */
const isExempt = (node: ts.Node): boolean =>
  isList(node) || ts.isPropertyAssignment(node) && node.name.getText() === "describe" ||
  ts.isPropertyAssignment(node) && node.name.getText() === "description" && isAnnotation(node.parent.parent)

const isAnnotation = (node: ts.Node): boolean =>
  ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) &&
  node.expression.name.text === "annotations"

const textOf = (node: ts.Node): string | undefined => {
  if (ts.isStringLiteralLike(node)) return node.text
  return ts.isTemplateExpression(node)
    ? node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join("")
    : undefined
}

/** Four words in a row. */
const isSentence = (text: string): boolean => /(?:[\p{L}…'",;:()]+ ){3,}\(?[\p{L}…]+/u.test(text)

const sentences = (path: string, text: string): ReadonlyArray<string> => {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found: Array<string> = []
  const visit = (node: ts.Node): void => {
    const text = textOf(node)
    if (text !== undefined && isSentence(text)) found.push(text)
    if (!isExempt(node)) ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

const modules = speakers.flatMap((room) =>
  room.endsWith(".ts")
    ? [room]
    : readdirSync(new URL(room, source), { encoding: "utf8", recursive: true })
      .filter((path) => path.endsWith(".ts"))
      .map((path) => `${room}/${path}`)
  // What is exported is for people.
).filter((path) => !path.startsWith("session/export/"))

const found = new Map(
  modules.map((path) => [path, sentences(path, readFileSync(new URL(path, source), "utf8"))] as const)
)

describe("A sentence for the model", () => {
  it("stands in src/prompts, or is listed here as one for people", () => {
    const strays = [...found].flatMap(([path, texts]) =>
      toPeople.has(path) ? [] : texts.filter((text) => !sentencesToPeople.has(text)).map((text) => `${path}: ${text}`)
    )
    assert.deepStrictEqual(strays, [])
  })

  it("is found wherever it stands", () => {
    const inCode = (code: string) => sentences("a.ts", code)
    assert.deepStrictEqual(inCode("fail(`${path} is not there any more`)"), ["… is not there any more"])
    assert.deepStrictEqual(inCode("new ToolFailure({ message: 'the file is gone' })"), ["the file is gone"])
    assert.deepStrictEqual(inCode("Tool.make({ description: 'Read a text file' })"), ["Read a text file"])
    assert.deepStrictEqual(inCode("Schema.String.annotations({ description: 'Read a text file' })"), [])
    assert.deepStrictEqual(inCode("Tool.make({ describe: (path) => `read a file at ${path}` })"), [])
    assert.deepStrictEqual(inCode("'cat head ls wc'.split(' ')"), [])
  })

  it("is for people where it is listed here", () => {
    assert.deepStrictEqual([...toPeople].filter((path) => (found.get(path) ?? []).length === 0), [])
    const all = new Set([...found.values()].flat())
    assert.deepStrictEqual([...sentencesToPeople].filter((text) => !all.has(text)), [])
  })
})
