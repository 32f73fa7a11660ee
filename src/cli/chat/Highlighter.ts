/**
 * The syntax of code in colours, line by line, so that a line can be printed for good as soon as it is there. Loaded with
 * the first code that is shown in colours.
 */
import highlighter from "highlight.js/lib/common"
import { type Highlighter, type Lines, plain } from "./CodeLines.ts"
import { type Row, type Span, span } from "./StyledText.ts"

export const make = (style: string): Highlighter => ({
  lines: (language) =>
    language === undefined || highlighter.getLanguage(language) === undefined
      ? plain(style)
      : highlighted(language, style)
})

/** How many earlier lines are looked at again where a comment or a text spans them. */
const maxContext = 20

/** In characters. What is longer is data rather than something to read. */
const longest = 2000

const highlighted = (language: string, style: string): Lines => {
  /** The lines since something began that has not ended yet. */
  let open: ReadonlyArray<string> = []

  const look = (line: string) => {
    const context = open.slice(-maxContext)
    const { _top: top, value } = highlighter.highlight([...context, line].join("\n"), {
      language,
      ignoreIllegals: true
    })
    return { row: lineOf(value, context.length, style), isOpen: top !== undefined && "parent" in top }
  }

  return {
    next: (line) => {
      if (line.length > longest) return [span(line, style)]
      const { isOpen, row } = look(line)
      open = isOpen ? [...open.slice(-maxContext), line] : []
      return row
    },
    peek: (line) => line.length > longest ? [span(line, style)] : look(line).row
  }
}

/** Line `number` of what the highlighter has written as HTML. */
const lineOf = (html: string, number: number, style: string): Row => {
  const row: Array<Span> = []
  const scopes: Array<string> = []
  let at = 0
  for (const [part, scope] of html.matchAll(parts)) {
    if (scope !== undefined) scopes.push(colorOf(scope) ?? scopes.at(-1) ?? "")
    else if (part === "</span>") scopes.pop()
    else if (part === "\n") at++
    else if (at === number) {
      const color = scopes.at(-1) ?? ""
      row.push(span(entities[part] ?? part, color === "" ? style : style === "" ? color : `${style};${color}`))
    }
  }
  return row
}

const parts = /<span class="([^"]*)">|<\/span>|\n|&(?:amp|lt|gt|quot|#x27);|[^<&\n]+/g

const entities: { readonly [entity: string]: string } = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": "\"",
  "&#x27;": "'"
}

/** Of the sixteen colours of a terminal, those that can be read on a light and on a dark background. */
const colorOf = (scope: string): string | undefined => colors[/hljs-([\w-]+)/.exec(scope)?.[1] ?? ""]

const colors: { readonly [scope: string]: string } = {
  "keyword": "35",
  "built_in": "36",
  "type": "36",
  "literal": "33",
  "number": "33",
  "string": "32",
  "regexp": "32",
  "symbol": "33",
  "title": "34",
  "name": "34",
  "section": "34",
  "attr": "36",
  "attribute": "36",
  "variable": "36",
  "meta": "2",
  "comment": "2",
  "quote": "2",
  "doctag": "2",
  "tag": "2",
  "addition": "32",
  "deletion": "31",
  "selector-tag": "35",
  "selector-class": "34",
  "selector-id": "34",
  "bullet": "36",
  "link": "4"
}
