/**
 * Markdown as elements, block by block. What a model has written is not trusted: its HTML is shown as text, its links
 * lead to web and mail alone, and its pictures are links.
 */
import { Lexer, type MarkedToken, type Token } from "marked"
import { decoded } from "../internal/entities.ts"
import { output } from "../internal/visible.ts"
import { h } from "./dom.ts"

/** A text on its way. Blocks that stay as they were keep their elements, so that a reader may select in them. */
export interface Markdown {
  readonly element: HTMLElement
  readonly show: (text: string) => void
}

export const make = (className: string): Markdown => {
  const element = h("div", { class: className })
  let shown: ReadonlyArray<{ readonly raw: string; readonly nodes: ReadonlyArray<Node> }> = []
  return {
    element,
    show: (text) => {
      const tokens = lex(output(text))
      let same = 0
      while (same < shown.length && same < tokens.length && shown[same]?.raw === tokens[same]?.raw) same++
      for (const { nodes } of shown.slice(same)) for (const node of nodes) element.removeChild(node)
      const fresh = tokens.slice(same).map((token) => ({ raw: token.raw, nodes: blocks([token]) }))
      for (const { nodes } of fresh) element.append(...nodes)
      shown = [...shown.slice(0, same), ...fresh]
    }
  }
}

/** What is longer is data rather than something to read. */
const longest = 200_000

const lex = (text: string): ReadonlyArray<Token> => {
  const tokens = new Lexer({ gfm: true }).lex(text.slice(0, longest))
  return text.length > longest ? [...tokens, literal(text.slice(longest))] : tokens
}

const literal = (text: string): MarkedToken => ({ type: "code", raw: text, text })

const blocks = (tokens: ReadonlyArray<Token>): ReadonlyArray<Node> =>
  tokens.flatMap((token): ReadonlyArray<Node> => {
    const known = token as MarkedToken
    switch (known.type) {
      case "heading":
        // A heading of the model is below those of the page.
        return [h(headings[known.depth - 1] ?? "h6", {}, ...inline(known.tokens))]
      case "paragraph":
        return [h("p", {}, ...inline(known.tokens))]
      case "text":
        return known.tokens === undefined ? [shown(known.text)].map(textNode) : inline(known.tokens)
      case "code":
        return [h("pre", { tabindex: "0" }, h("code", {}, known.text.replace(/\n+$/, "")))]
      case "list": {
        const items = known.items.map((item) =>
          h(
            "li",
            { class: item.task ? "task" : undefined },
            ...item.task ? [box(item.checked)] : [],
            ...blocks(item.tokens)
          )
        )
        return known.ordered ? [h("ol", { start: String(known.start) }, ...items)] : [h("ul", {}, ...items)]
      }
      case "blockquote":
        return [h("blockquote", {}, ...blocks(known.tokens))]
      case "table": {
        const row = (cells: typeof known.header, tag: "td" | "th") =>
          h("tr", {}, ...cells.map((cell) => h(tag, {}, ...inline(cell.tokens))))
        const body = known.rows.map((cells) => row(cells, "td"))
        const table = h("table", {}, h("thead", {}, row(known.header, "th")), h("tbody", {}, ...body))
        return [h("div", { class: "table", tabindex: "0" }, table)]
      }
      case "hr":
        return [h("hr")]
      case "html":
        return [h("p", {}, known.text.replace(/\n+$/, ""))]
      case "space":
      case "def":
        return []
      default:
        return inline([token])
    }
  })

const headings = ["h3", "h4", "h5", "h6", "h6", "h6"] as const

const inline = (tokens: ReadonlyArray<Token>): ReadonlyArray<Node> =>
  tokens.flatMap((token): ReadonlyArray<Node> => {
    const known = token as MarkedToken
    switch (known.type) {
      case "text":
        return known.tokens === undefined ? [textNode(shown(known.raw))] : inline(known.tokens)
      case "escape":
        return [textNode(known.text)]
      case "strong":
        return [h("strong", {}, ...inline(known.tokens))]
      case "em":
        return [h("em", {}, ...inline(known.tokens))]
      case "del":
        return [h("del", {}, ...inline(known.tokens))]
      case "codespan":
        return [h("code", {}, known.text)]
      case "br":
        return [h("br")]
      case "link":
        return link(known.href, inline(known.tokens))
      case "image":
        return link(known.href, [textNode(`[picture${known.text === "" ? "" : `: ${known.text}`}]`)])
      case "checkbox":
        return []
      default:
        return [textNode(token.raw)]
    }
  })

/** An entity may stand for a character that is not seen, or changes the order of others. */
const shown = (text: string): string => text.includes("&") ? output(decoded(text)) : text

const textNode = (text: string): Text => document.createTextNode(text)

const box = (isChecked: boolean | undefined): Node => h("span", {}, isChecked === true ? "☑ " : "☐ ")

const link = (href: string, words: ReadonlyArray<Node>): ReadonlyArray<Node> =>
  isForWeb(href)
    ? [h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, ...words)]
    : [...words, h("span", { class: "address" }, ` (${href})`)]

const isForWeb = (href: string): boolean => {
  try {
    return /^(?:https?|mailto):$/.test(new URL(href).protocol)
  } catch {
    return false
  }
}
