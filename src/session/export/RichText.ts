/**
 * Markdown and code in a page. What a model has written is not trusted: its HTML is shown as text, its links lead to web
 * and mail alone, and its pictures are links.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { output } from "../../internal/visible.ts"
import { escape } from "./escape.ts"

export interface RichText {
  /** Markdown as HTML. */
  readonly prose: (markdown: string) => string
  /** Code as a block, with its syntax in colours where its language is known. */
  readonly code: (code: string, language: string | undefined) => string
}

/** The libraries are loaded when a page is made: nothing else needs them. */
export const make: Effect.Effect<RichText> = Effect.gen(function*() {
  const { Marked } = yield* Effect.promise(() => import("../../vendor/marked.ts"))
  const { default: highlighter } = yield* Effect.promise(() => import("../../vendor/highlight.ts"))

  const code = (text: string, language: string | undefined): string => {
    const shown = output(text.replace(/\n+$/, ""))
    const isKnown = language !== undefined && highlighter.getLanguage(language) !== undefined
    const html = isKnown && shown.length <= longest
      ? highlighter.highlight(shown, { language, ignoreIllegals: true }).value
      : escape(shown)
    return `<pre><code>${html}</code></pre>`
  }

  const marked = new Marked({
    async: false,
    gfm: true,
    // A line end is one to whoever writes a prompt or an answer.
    breaks: true,
    renderer: {
      html: ({ text }) => escape(text),
      code: ({ lang, text }) => code(text, /^\w[\w+#-]*/.exec(lang ?? "")?.[0]),
      link({ href, tokens }) {
        const text = this.parser.parseInline(tokens)
        const target = webAddress(href)
        return target === undefined
          ? `${text} <span class="address">(${escape(href)})</span>`
          : `<a href="${escape(target)}" rel="noopener noreferrer nofollow">${text}</a>`
      },
      image({ href, text }) {
        const target = webAddress(href)
        const words = escape(`[picture${text === "" ? "" : `: ${text}`}]`)
        return target === undefined
          ? words
          : `<a href="${escape(target)}" rel="noopener noreferrer nofollow">${words}</a>`
      },
      // A heading of the model is below those of the page.
      heading({ depth, tokens }) {
        const level = Math.min(6, depth + 2)
        return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`
      },
      table(token) {
        const row = (cells: typeof token.header, tag: string) =>
          `<tr>${cells.map((cell) => `<${tag}>${this.parser.parseInline(cell.tokens)}</${tag}>`).join("")}</tr>`
        return `<div class="table"><table><thead>${row(token.header, "th")}</thead><tbody>${
          token.rows.map((cells) => row(cells, "td")).join("")
        }</tbody></table></div>`
      }
    }
  })

  return {
    code,
    prose: (markdown) => {
      const text = output(markdown.slice(0, longest))
      const html = marked.parse(text, { async: false })
      return markdown.length > longest ? `${html}<pre>${escape(markdown.slice(longest))}</pre>` : html
    }
  }
})

/** In characters. What is longer is shown as it is: it is data rather than something to read. */
const longest = 200_000

const webAddress = (href: string): string | undefined => {
  try {
    const { protocol } = new URL(href)
    return protocol === "https:" || protocol === "http:" || protocol === "mailto:" ? href : undefined
  } catch {
    return undefined
  }
}
