/**
 * Markdown as rows of a terminal, while it is written: a block, an item of a list and a line of code are drawn once, when
 * they are complete. Loaded with the first answer that is shown to a person.
 */
import { Lexer, type Links, type Token, Tokenizer, type Tokens } from "marked"
import { pieces } from "../../internal/visible.ts"
import type { Highlighter, Lines } from "./CodeLines.ts"
import { isLineUndecided, isTimes } from "./heldBack.ts"
import { blockRows, codeLines, codeRows, endsBlank, listItem, literal, type Look } from "./MarkdownBlocks.ts"
import { expandTabs, type Row, toText } from "./StyledText.ts"

export interface Options {
  readonly width: () => number
  readonly colors: boolean
  /** The style of all of it, as in an SGR sequence. */
  readonly style?: string
  /** Colours code. It is large: `wantsHighlighter` says when it is worth loading. */
  readonly highlighter?: () => Highlighter | undefined
}

export interface Stream {
  readonly push: (delta: string) => void
  /** The rows of what has become complete since the last call; they never change again. */
  readonly finished: () => ReadonlyArray<string>
  /** The rows of what is not complete yet, without marks whose meaning is not known yet. */
  readonly open: () => ReadonlyArray<string>
  /** All the rest. */
  readonly end: () => ReadonlyArray<string>
  /** Whether there is code to be coloured. */
  readonly wantsHighlighter: () => boolean
}

/** A whole text. */
export const render = (
  markdown: string,
  { width, ...options }: Omit<Options, "width"> & { readonly width: number }
): ReadonlyArray<string> => {
  const stream = make({ ...options, width: () => width })
  stream.push(markdown)
  return stream.end()
}

/**
 * What is finished depends on complete lines alone, and on one after the other: so the rows are the same however the text
 * is cut into pieces.
 */
export const make = ({ colors, highlighter = () => undefined, style = "", width }: Options): Stream => {
  const shown = pieces()
  /** Complete lines that have not been looked at. */
  let lines: Array<string> = []
  /** The line that is being written. */
  let partial = ""
  /** The lines of the blocks that are not finished. */
  let source = ""
  let fence: Fence | undefined
  let list: List | undefined
  let links: Links = {}
  /** Rows that are complete and have not been asked for. */
  let ready: Array<Row> = []
  let isFirst = true
  let isWanted = false

  const look = (): Look => ({
    width: Math.max(minWidth, width()),
    colors,
    style,
    highlighter: highlighter(),
    lexInline: (text) => inlineTokens(lexerWith(links), text)
  })

  /** Rows of a new block, set apart from what is above. */
  const apart = (rows: ReadonlyArray<Row>): ReadonlyArray<Row> => isFirst || rows.length === 0 ? rows : [[], ...rows]

  const commit = (rows: ReadonlyArray<Row>): ReadonlyArray<Row> => {
    const all = apart(rows)
    if (rows.length > 0) isFirst = false
    return all
  }

  /** Draws the first blocks of what is open for good. */
  const finish = (tokens: ReadonlyArray<Token>): ReadonlyArray<Row> => {
    const [first, ...others] = tokens
    if (first === undefined) return []
    if (list === undefined || first.type !== "list") {
      list = undefined
      return commit(blockRows(tokens, look(), false))
    }
    const rest = itemsOf(first as Tokens.List, list)
    list = undefined
    isFirst = false
    return [...rest, ...commit(blockRows(others, look(), false))]
  }

  /** The items of a list whose first ones have been drawn. */
  const itemsOf = ({ items }: Tokens.List, begun: List, isOpen = false): ReadonlyArray<Row> =>
    items.flatMap((item, index) => [
      ...(index === 0 ? begun.isApart : endsBlank(items[index - 1]?.raw ?? "")) ? [[]] : [],
      ...listItem(item, begun.next === undefined ? undefined : begun.next + index, {
        ...look(),
        isOpen: isOpen && index === items.length - 1
      })
    ])

  /** Draws the items of the last list but its last one. */
  const finishItems = (token: Tokens.List): ReadonlyArray<Row> => {
    const items = token.items.slice(0, -1)
    const begins = list === undefined
    const begun = list ?? { next: token.ordered ? Number(token.start) : undefined, isApart: false }
    const rows = itemsOf({ ...token, items }, begun)
    list = {
      next: begun.next === undefined ? undefined : begun.next + items.length,
      isApart: endsBlank(items.at(-1)?.raw ?? "")
    }
    return begins ? commit(rows) : rows
  }

  const readLine = (line: string): ReadonlyArray<Row> => {
    if (fence !== undefined) return readCode(line, fence)
    if (source === "" && isBlank(line)) return []
    const isAfterBlank = endsBlank(source)
    source += `${line}\n`
    if (source.length > longest) {
      const rows = commit(literal(source, look()))
      source = ""
      list = undefined
      return rows
    }
    if (!mayEnd.test(line) && !(isAfterBlank && /^\S/.test(line))) return []
    const lexer = lexerWith(links)
    const tokens = blocksOf(lexer, source).filter(({ type }) => type !== "space")
    const last = tokens.at(-1)
    if (last === undefined) return []
    const opened = fenceOf(last)
    const isWhole = opened !== undefined || endsAtOnce.has(last.type) || isBlank(line) && endsAtBlank.has(last.type)
    const done = isWhole ? tokens : tokens.slice(0, -1)
    const items = !isWhole && last.type === "list" ? last as Tokens.List : undefined
    if (done.length === 0 && (items?.items.length ?? 0) < 2) return []
    // What is left is found by what it begins with, which is the text that the lexer has not changed.
    const left = isWhole ? "" : leftOf(source, items?.items.at(-1)?.raw ?? last.raw)
    if (left === undefined) return []
    links = { ...links, ...lexer.tokens.links }
    inline(lexer)
    source = left
    const rows = finish(opened === undefined ? done : done.slice(0, -1))
    if (opened !== undefined) {
      fence = { ...opened, lines: codeLines(look(), opened.info), isBegun: false }
      return rows
    }
    return items === undefined || items.items.length < 2 ? rows : [...rows, ...finishItems(items)]
  }

  const readCode = (line: string, open: Fence): ReadonlyArray<Row> => {
    if (open.end.test(line)) {
      fence = undefined
      return []
    }
    const rows = codeRows(open.lines.next(codeLine(line, open)), look().width)
    if (open.isBegun) return rows
    open.isBegun = true
    return commit(rows)
  }

  const read = () => {
    for (const line of lines) ready.push(...readLine(line))
    lines = []
  }

  const written = (rows: ReadonlyArray<Row>): ReadonlyArray<string> => rows.map((row) => toText(row, colors))

  const drain = (): ReadonlyArray<string> => {
    if (lines.length > 0) read()
    if (ready.length === 0) return []
    const rows = ready
    ready = []
    return written(rows)
  }

  const take = (text: string) => {
    const [first = "", ...rest] = text.split("\n")
    partial += first
    for (const next of rest) {
      lines.push(partial)
      partial = next
    }
    while (partial.length > longestLine) {
      lines.push(partial.slice(0, longestLine))
      partial = partial.slice(longestLine)
    }
    isWanted ||= colors && (mayBeCode.test(partial) || lines.some((line) => mayBeCode.test(line)))
  }

  return {
    push: (delta) => take(shown.next(delta)),
    finished: drain,
    open: () => {
      read()
      if (fence !== undefined) {
        if (partial === "" || mayCloseFence.test(partial)) return []
        const rows = codeRows(fence.lines.peek(codeLine(partial, fence)), look().width)
        return written(fence.isBegun ? rows : apart(rows))
      }
      const text = withoutUndecided(source, isLineUndecided(partial) ? "" : partial)
      if (isBlank(text)) return []
      const isOpen = !/\n[ \t]*\n$/.test(text)
      const lexer = lexerWith(links)
      const tokens = blocksOf(lexer, text).filter(({ type }) => type !== "space")
      inline(lexer)
      const [first, ...others] = tokens
      if (list === undefined || first?.type !== "list") return written(apart(blockRows(tokens, look(), isOpen)))
      const rows = itemsOf(first as Tokens.List, list, isOpen && others.length === 0)
      const more = blockRows(others, look(), isOpen)
      return written(more.length === 0 ? rows : [...rows, [], ...more])
    },
    end: () => {
      take(shown.rest())
      if (partial !== "") lines.push(partial)
      partial = ""
      read()
      fence = undefined
      const lexer = lexerWith(links)
      const tokens = blocksOf(lexer, source).filter(({ type }) => type !== "space")
      inline(lexer)
      source = ""
      const rows = [...ready, ...finish(tokens)]
      ready = []
      return written(rows)
    },
    wantsHighlighter: () => isWanted
  }
}

/** Code that has begun, and how its end is recognised. */
interface Fence {
  readonly info: string
  readonly indent: number
  readonly end: RegExp
  readonly lines: Lines
  isBegun: boolean
}

/** A list whose first items have been drawn: the number of the next, and whether it is set apart from them. */
interface List {
  readonly next: number | undefined
  readonly isApart: boolean
}

/** In characters. What is longer without a break is data rather than something to read, and shown as it is. */
const longest = 100_000
const longestLine = 10_000

const minWidth = 10

/**
 * Only with such lines can something become complete; and with any line at the margin where one is blank before it. A row
 * of a table is none of them: tables may be long.
 */
const mayEnd =
  /^ {0,3}(?:\s*$|#{1,6}(?:\s|$)|`{3}|~{3}|>|[-+*](?:\s|$)|\d{1,9}[.)](?:\s|$)|<|(?:[-*_][ \t]*){3,}$|=+\s*$)/

const endsAtOnce: ReadonlySet<string> = new Set(["heading", "hr"])
const endsAtBlank: ReadonlySet<string> = new Set(["paragraph", "text", "table", "blockquote", "def"])

const mayBeCode = /^[\s>\d.)*+-]*(?:`{3}|~{3})/
const mayCloseFence = /^ {0,3}(?:`+|~+)[ \t]*$/

const isBlank = (line: string): boolean => /^\s*$/.test(line)

/** A line end is one to whoever writes an answer, as in a message. */
const lexerWith = (links: Links): Lexer => {
  const lexer = new Lexer({ gfm: true, breaks: true, tokenizer: new AnswerTokenizer() })
  Object.assign(lexer.tokens.links, links)
  return lexer
}

/**
 * Markdown as answers mean it. A tag of running text stays one where it has a line of its own: whoever writes `<br>` there
 * wants a line break, and what follows is as much Markdown as ever. `2*3` and `2**3` hold no marks.
 */
class AnswerTokenizer extends Tokenizer {
  override emStrong(text: string, masked: string, before = ""): Tokens.Em | Tokens.Strong | undefined {
    return isTimes(before, text)
      ? undefined
      : super.emStrong(text, masked.replaceAll(times, (marks) => "x".repeat(marks.length)), before)
  }

  override html(text: string): Tokens.HTML | undefined {
    return runningTag.test(text) ? undefined : super.html(text)
  }
}

const times = /(?<=[a-z\d])\*(?=[a-z\d])|(?<=\d)\*\*(?=\d)/gi

const runningTag = /^ {0,3}<\/?(?:a|b|br|code|del|em|i|img|ins|kbd|mark|q|s|small|span|strong|sub|sup|u|var|wbr)\b/i

/** The blocks of a text, whose inline parts are not read yet. What is nested too deeply for the lexer is plain text. */
const blocksOf = (lexer: Lexer, text: string): ReadonlyArray<Token> => {
  try {
    return lexer.blockTokens(text, [])
  } catch {
    lexer.inlineQueue = []
    return [{ type: "literal", raw: text }]
  }
}

/** Reads the inline parts of the blocks. */
const inline = (lexer: Lexer): void => {
  for (const { src, tokens } of lexer.inlineQueue) tokens.push(...inlineTokens(lexer, src))
  lexer.inlineQueue = []
}

const inlineTokens = (lexer: Lexer, text: string): ReadonlyArray<Token> => {
  try {
    return lexer.inlineTokens(text, [])
  } catch {
    return [{ type: "text", raw: text, text }]
  }
}

/** A block of code whose first line is all that there is of it. */
const fenceOf = (token: Token): Omit<Fence, "isBegun" | "lines"> | undefined => {
  if (token.type !== "code") return undefined
  const [, indent = "", fence, info = ""] = /^( {0,3})(`{3,}|~{3,})([^\n]*)\n?$/.exec(token.raw) ?? []
  if (fence === undefined) return undefined
  const mark = fence[0] ?? "`"
  return { info: info.trim(), indent: indent.length, end: new RegExp(`^ {0,3}${mark}{${fence.length},}[ \\t]*$`) }
}

/** A line of code without the indent of its fence. */
const codeLine = (line: string, { indent }: Fence): string =>
  expandTabs(indent === 0 ? line : line.replace(new RegExp(`^ {0,${indent}}`), ""))

/** The end of the source that begins with the given text. */
const leftOf = (source: string, raw: string): string | undefined => {
  const at = source.lastIndexOf(raw.trimEnd())
  return at === -1 ? undefined : source.slice(at)
}

/** Without the head of a table that is not known to be one. */
const withoutUndecided = (source: string, partial: string): string => {
  if (partial !== "") return source + partial
  const start = source.lastIndexOf("\n", source.length - 2) + 1
  const before = source.slice(0, start)
  return /^\s*\|/.test(source.slice(start)) && !/(?:^|\n)\s*\|[^\n]*\n$/.test(before) ? before : source
}
