/**
 * JSON as people write it: with comments, and commas behind the last entry. The parser for it is loaded only for a text
 * that is no JSON, or that is changed.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { Edit, Node, ParseError, SyntaxKind } from "jsonc-parser"
import { isDeepText, problemOf, tooDeep } from "../../internal/json.ts"
import type * as Parser from "../../vendor/jsonc.ts"

/** Where a value stands: the names of the objects that it is in, and its own. */
export type Path = ReadonlyArray<string>

/** Its enumeration is not there before the parser is loaded. */
const commaToken: SyntaxKind.CommaToken = 5

const jsonc = Effect.promise(() => import("../../vendor/jsonc.ts"))

/** What is wrong with a text, as the end of a sentence. */
interface Broken {
  readonly problem: string
}

/**
 * The value of a text.
 *
 * @since 0.1.0
 * @category parsing
 */
export const parse: (text: string) => Effect.Effect<unknown, Broken> = Effect.fnUntraced(function*(given) {
  const text = withoutMark(given)
  if (isDeepText(text)) return yield* Effect.fail({ problem: tooDeep })
  if (problemOf(text) === undefined) return JSON.parse(text) as unknown
  if (text.trim() === "") return yield* Effect.fail({ problem: "it is empty" })
  const parser = yield* jsonc
  const errors: Array<ParseError> = []
  const value: unknown = parser.parse(text, errors, { allowTrailingComma: true })
  const [first] = errors
  if (first === undefined) return value
  return yield* Effect.fail({
    problem: first.offset >= text.trimEnd().length
      ? "it is broken JSON, which ends too early"
      : `it is broken JSON, in line ${text.slice(0, first.offset).split("\n").length}`
  })
})

/**
 * A text with another value in a place, or with none. Comments and everything else stay as they are.
 *
 * @since 0.1.0
 * @category writing
 */
export const edit: (text: string, path: Path, value: unknown) => Effect.Effect<string> = Effect.fnUntraced(
  function*(given, path, value) {
    const parser = yield* jsonc
    const text = withoutMark(given)
    const edits = value === undefined
      ? removal(parser, text, path)
      : insertion(parser, text, path, value) ??
        parser.modify(text, [...path], value, { formattingOptions: formatOf(text) })
    return given.slice(0, given.length - text.length) + parser.applyEdits(text, edits)
  }
)

/** The parser's own way would take along the comments before a first entry. */
const removal = (parser: typeof Parser, text: string, path: Path): Array<Edit> => {
  const root = parser.parseTree(text, [], { allowTrailingComma: true })
  const entry = root === undefined ? undefined : parser.findNodeAtLocation(root, [...path])?.parent
  if (entry === undefined) return []
  const siblings = entry.parent?.children ?? []
  const before = siblings[siblings.indexOf(entry) - 1]
  const isLast = siblings.at(-1) === entry
  const comma = commaBehind(parser, text, endOf(entry))
  const separator = isLast && comma === undefined && before !== undefined
    ? commaBehind(parser, text, endOf(before))
    : undefined
  return [
    ...separator === undefined ? [] : [{ offset: separator, length: 1, content: "" }],
    { ...lineOf(text, entry.offset, comma === undefined ? endOf(entry) : comma + 1), content: "" }
  ]
}

/**
 * A new entry behind a last one that has a comment on its line, which the parser's own way would leave to the new entry;
 * nothing for any other change.
 */
const insertion = (
  parser: typeof Parser,
  text: string,
  path: Path,
  value: unknown
): Array<Edit> | undefined => {
  const root = parser.parseTree(text, [], { allowTrailingComma: true })
  const parent = root === undefined ? undefined : parser.findNodeAtLocation(root, path.slice(0, -1))
  const last = parent?.type === "object" ? parent.children?.at(-1) : undefined
  if (root === undefined || last === undefined || parser.findNodeAtLocation(root, [...path])) return undefined
  const [rest] = /^[ \t]*,?[ \t]*(?:\/\/.*|\/\*.*\*\/[ \t]*)(?=\r?\n)/.exec(text.slice(endOf(last))) ?? []
  const [, indent] = /(?:^|\n)([ \t]*)$/.exec(text.slice(0, last.offset)) ?? []
  const comma = commaBehind(parser, text, endOf(last))
  if (rest === undefined || indent === undefined || comma !== undefined && comma >= endOf(last) + rest.length) {
    return undefined
  }
  const { eol, insertSpaces, tabSize } = formatOf(text)
  const step = insertSpaces ? " ".repeat(tabSize) : "\t"
  const written = JSON.stringify(value, null, step).replaceAll("\n", `${eol}${indent}`)
  const hasComma = comma !== undefined
  const entry = `${eol}${indent}${JSON.stringify(path.at(-1))}: ${written}${hasComma ? "," : ""}`
  return [
    ...hasComma ? [] : [{ offset: endOf(last), length: 0, content: "," }],
    { offset: endOf(last) + rest.length, length: 0, content: entry }
  ]
}

const endOf = ({ length, offset }: Node): number => offset + length

/** Where the comma behind an entry is, if there is one: comments may stand before it. */
const commaBehind = (parser: typeof Parser, text: string, end: number): number | undefined => {
  const scanner = parser.createScanner(text, true)
  scanner.setPosition(end)
  return scanner.scan() === commaToken ? scanner.getTokenOffset() : undefined
}

/** The whole line, where nothing else stands in it. */
const lineOf = (text: string, start: number, end: number) => {
  const from = /[ \t]*$/.exec(text.slice(0, start))?.index ?? start
  const [rest] = /^[ \t]*\r?\n/.exec(text.slice(end)) ?? []
  const isAlone = rest !== undefined && (from === 0 || text[from - 1] === "\n")
  return isAlone ? { offset: from, length: end + rest.length - from } : { offset: start, length: end - start }
}

/** Some editors begin a text with a mark of its byte order. */
const withoutMark = (text: string): string => text.startsWith("\uFEFF") ? text.slice(1) : text

/** As the text is indented already. */
const formatOf = (text: string) => {
  const [, indent = "  "] = /\n([ \t]+)\S/.exec(text) ?? []
  return {
    insertSpaces: !indent.startsWith("\t"),
    tabSize: indent.startsWith("\t") ? 1 : indent.length,
    eol: text.includes("\r\n") ? "\r\n" : "\n"
  }
}
