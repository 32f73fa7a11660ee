/**
 * Blocks of Markdown as rows of a terminal. Text is shown as text: HTML by its source, links with their address, and no
 * character of it can control the terminal.
 */
import type { MarkedToken, Token, Tokens } from "marked"
import * as Entities from "../../internal/entities.ts"
import { prose } from "../../internal/visible.ts"
import { cells } from "../verbatim.ts"
import * as CodeLines from "./CodeLines.ts"
import { settled } from "./heldBack.ts"
import { tableRows } from "./MarkdownTable.ts"
import { behind, bold, breakAnywhere, dim, expandTabs, type Row, type Span, span, styled, wrap } from "./StyledText.ts"

export interface Look {
  readonly width: number
  readonly colors: boolean
  /** The style of plain text. */
  readonly style: string
  readonly highlighter: CodeLines.Highlighter | undefined
  readonly lexInline: (text: string) => ReadonlyArray<Token>
}

/** Where blocks stand. */
interface Place extends Look {
  readonly depth: number
  /** Whether the last of the blocks may still grow. */
  readonly isOpen: boolean
}

/** Every block after the first is set apart from the one before it. */
export const blockRows = (tokens: ReadonlyArray<Token>, look: Look, isOpen: boolean): ReadonlyArray<Row> => {
  const blocks = tokens.filter(isShown)
  return blocks.flatMap((token, index) => {
    const rows = rowsOf(token, { ...look, depth: 0, isOpen: isOpen && index === blocks.length - 1 })
    return index === 0 || rows.length === 0 ? rows : [[], ...rows]
  })
}

const isShown = ({ type }: Token): boolean => type !== "space" && type !== "def" && type !== "checkbox"

/** Blocks within another one are set apart where they are in the source. */
const inner = (tokens: ReadonlyArray<Token>, place: Place): ReadonlyArray<Row> => {
  const rows: Array<Row> = []
  let isApart = false
  const last = tokens.findLastIndex(isShown)
  for (const [index, token] of tokens.entries()) {
    if (token.type === "space" && rows.length > 0) isApart = true
    if (!isShown(token)) continue
    const shown = rowsOf(token, { ...place, isOpen: place.isOpen && index === last })
    if (shown.length === 0) continue
    if (isApart) rows.push([])
    isApart = false
    rows.push(...shown)
  }
  return rows
}

const rowsOf = (token: Token, place: Place): ReadonlyArray<Row> => {
  const { style, width } = place
  const known = token as MarkedToken
  switch (known.type) {
    case "heading":
      return heading(known, place)
    case "paragraph":
    case "text":
      return nonEmpty(wrap(leaf(known, place), width))
    case "code":
      return code(known, place)
    case "list":
      return known.items.flatMap((item, index) => {
        const number = known.ordered ? Number(known.start) + index : undefined
        const isOpen = place.isOpen && index === known.items.length - 1
        const before = index > 0 && endsBlank(known.items[index - 1]?.raw ?? "") ? [[]] : []
        return [...before, ...listItem(item, number, { ...place, isOpen })]
      })
    case "blockquote": {
      const bar = [span("│ ", styled(style, dim))]
      return nested(bar, bar, place, (place) => inner(known.tokens, place))
    }
    case "table":
      return tableRows(
        {
          header: known.header.map(({ tokens }) => spansOf(tokens, style)),
          lines: known.rows.map((cells) => cells.map(({ tokens }) => spansOf(tokens, style))),
          align: known.align
        },
        width,
        style
      )
    case "hr":
      return [[span("─".repeat(width), styled(style, dim))]]
    case "html":
      return nonEmpty(literal(
        (place.isOpen ? known.raw.replace(openLineBreak, "") : known.raw).replaceAll(lineBreaks, "\n").trim(),
        place
      ))
    default:
      return literal(token.raw, place)
  }
}

/** The only HTML that answers are full of. */
const lineBreaks = /<br\s*\/?>/gi

const isLineBreak = (token: Token | undefined): boolean => token?.type === "html" && /^<br\s*\/?>$/i.test(token.raw)

/** One that is not complete yet. */
const openLineBreak = /<(?:b(?:r\s*\/?)?)?$/i

/** What is nothing but text, line by line. */
export const literal = (text: string, { style, width }: Pick<Look, "style" | "width">): ReadonlyArray<Row> =>
  text.replace(/\s+$/, "").split("\n").flatMap((line) => breakAnywhere([span(expandTabs(line), style)], width))

const nonEmpty = (rows: ReadonlyArray<Row>): ReadonlyArray<Row> =>
  rows.every((row) => row.every(({ text }) => text === "")) ? [] : rows

/** Blocks behind a margin, unless that would leave too little room. */
const nested = (
  first: Row,
  rest: Row,
  place: Place,
  draw: (place: Place) => ReadonlyArray<Row>
): ReadonlyArray<Row> => {
  const margin = rest.reduce((sum, { text }) => sum + cells(text), 0)
  const width = place.width - margin
  return width < minWidth ? draw(place) : behind(first, rest, draw({ ...place, width }))
}

const minWidth = 10

const leaf = (token: Tokens.Heading | Tokens.Paragraph | Tokens.Text, place: Place, style = place.style) => {
  if (!place.isOpen) return spansOf(token.tokens ?? [token], style)
  const text = token.text.replace(taskMark, "")
  return spansOf(place.lexInline(settled(text, place.lexInline)), style)
}

const taskMark = /^\[[ xX]\]\s+/

const heading = (token: Tokens.Heading, place: Place): ReadonlyArray<Row> => {
  const rows = wrap(leaf(token, place, styled(place.style, token.depth === 1 ? `${bold};4` : bold)), place.width)
  const rule = place.colors ? undefined : rules[token.depth]
  if (rule === undefined) return nonEmpty(rows)
  const longest = rows.reduce((most, row) => Math.max(most, row.reduce((sum, { text }) => sum + cells(text), 0)), 0)
  return longest === 0 ? [] : [...rows, [span(rule.repeat(longest))]]
}

/** Without colours the larger headings are underlined. */
const rules: { readonly [depth: number]: string } = { 1: "═", 2: "─" }

/** The margin of code. */
export const codeMargin: Row = [span("  ")]

export const codeRows = (line: Row, width: number): ReadonlyArray<Row> =>
  behind(codeMargin, codeMargin, breakAnywhere(line, Math.max(minWidth, width) - 2))

export const codeLines = (look: Pick<Look, "colors" | "highlighter" | "style">, info: string | undefined) =>
  look.colors && look.highlighter !== undefined
    ? look.highlighter.lines(languageOf(info))
    : CodeLines.plain(look.style)

const languageOf = (info = ""): string | undefined => /^\w[\w+#-]*/.exec(info)?.[0].toLowerCase()

const code = (token: Tokens.Code, place: Place): ReadonlyArray<Row> => {
  const lines = codeLines(place, token.lang)
  return token.text.replace(/\n+$/, "").split("\n").flatMap((line) =>
    codeRows(lines.next(expandTabs(line)), place.width)
  )
}

/** Whether a blank line ends it. */
export const endsBlank = (raw: string): boolean => /\n[ \t]*\n[ \t]*$/.test(raw)

/** An item of a list on any level. */
export const listItem = (
  item: Tokens.ListItem,
  number: number | undefined,
  place: Look & Partial<Place>
): ReadonlyArray<Row> => {
  const { depth = 0, isOpen = false, style } = place
  const mark = item.task
    ? item.checked === true ? "☑ " : "☐ "
    : `${number === undefined ? bullets[depth % bullets.length] ?? "•" : `${number}.`} `
  const first = [span(mark, styled(style, item.task ? "" : dim))]
  const rest = [span(" ".repeat(cells(mark)))]
  const rows = nested(
    first,
    rest,
    { ...place, depth, isOpen },
    (place) => inner(item.tokens, { ...place, depth: depth + 1 })
  )
  return rows.length > 0 || isOpen ? rows : [first]
}

const bullets = ["•", "◦", "▪"]

/** Running text with its marks as styles. */
const spansOf = (tokens: ReadonlyArray<Token>, style: string): ReadonlyArray<Span> =>
  tokens.flatMap((token, index): ReadonlyArray<Span> => {
    const known = token as MarkedToken
    switch (known.type) {
      case "text":
        return known.tokens === undefined
          ? [span(decoded(known.raw).replaceAll(/\s+/g, " "), style)]
          : spansOf(known.tokens, style)
      case "escape":
        return [span(known.text, style)]
      case "strong":
        return spansOf(known.tokens, styled(style, bold))
      case "em":
        return spansOf(known.tokens, styled(style, "3"))
      case "del":
        return spansOf(known.tokens, styled(style, "9"))
      case "codespan":
        return [span(known.text.replaceAll(/\s/g, " "), styled(style, "36"))]
      case "br":
        return isLineBreak(tokens[index - 1]) ? [] : [span("\n", style)]
      case "html":
        return [span(known.text.replaceAll(/\s/g, " ").replaceAll(lineBreaks, "\n"), style)]
      case "link": {
        const text = spansOf(known.tokens, styled(style, "4"))
        const address = known.href.replace(/^mailto:/, "")
        const shown = text.map(({ text }) => text).join("")
        return shown === address || known.href === `http://${shown}`
          ? text
          : [...text, span(` (${visible(address)})`, styled(style, dim))]
      }
      case "image":
        return [
          span(`[picture${known.text === "" ? "" : `: ${visible(known.text)}`}]`, style),
          span(` (${visible(known.href)})`, styled(style, dim))
        ]
      case "checkbox":
        return []
      default:
        return [span(token.raw.replaceAll(/\s+/g, " "), style)]
    }
  })

/** In one row, without what an entity or an escape may have put into it. */
const visible = (text: string): string => prose(text).replaceAll(/\s+/g, " ")

/** Entities as the characters that they stand for, none of them invisible. */
const decoded = (text: string): string => text.includes("&") ? prose(Entities.decoded(text)) : text
