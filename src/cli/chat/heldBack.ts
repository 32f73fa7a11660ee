/**
 * What of a Markdown text that is still being written is not shown yet: marks whose meaning its next characters decide.
 * What is shown stays as it is shown.
 */
import type { Token } from "marked"

/**
 * The beginning of a running text up to the first mark that could still open something: emphasis, code, a link, an
 * address, an entity.
 */
export const settled = (text: string, lexInline: (text: string) => ReadonlyArray<Token>): string => {
  const known = text.replace(undecided, "")
  let at = 0
  for (const token of lexInline(known)) {
    const end = at + token.raw.length
    if (token.type === "text") {
      const opener = openerIn(known, at, end, marks)
      if (opener !== undefined) return known.slice(0, opener)
    } else if (emphasis.has(token.type) && isStillOpen(token)) return known.slice(0, at)
    at = end
  }
  return known
}

/** An end that may belong together with what follows. */
const undecided = /(?:[*_~`\\!<[\]\s]+|&#?\w*)$/

const marks = /\*+|_+|~+|`+|!?\[|</g

/** What binds tighter than emphasis, and would take it apart. */
const tighter = /`+|!?\[|</g

const emphasis: ReadonlySet<string> = new Set(["strong", "em", "del"])

const isStillOpen = (emphasized: Token): boolean =>
  ("tokens" in emphasized ? emphasized.tokens ?? [] : []).some((token) =>
    token.type === "text"
      ? openerIn(token.raw, 0, token.raw.length, tighter) !== undefined
      : emphasis.has(token.type) && isStillOpen(token)
  )

/** Where something could still begin, in a part that has turned out as plain text so far. */
const openerIn = (text: string, from: number, to: number, of: RegExp): number | undefined => {
  for (const match of text.slice(from, to).matchAll(of)) {
    const [mark] = match
    const at = from + match.index
    if (couldOpen(mark, text, at)) return at
  }
  return undefined
}

const couldOpen = (mark: string, text: string, at: number): boolean => {
  const next = text[at + mark.length] ?? ""
  switch (mark[0]) {
    case "`":
      return true
    case "<":
      return /[a-z/!?]/i.test(next)
    case "[":
    case "!":
      return couldLink(text, at + mark.length)
    case "_":
      return /\S/.test(next) && !/[\p{L}\p{N}]$/u.test(text.slice(Math.max(0, at - 2), at))
    default:
      return /\S/.test(next) && !isTimes(text.slice(Math.max(0, at - 1), at), text.slice(at, at + 3))
  }
}

/** Whether a text goes on with a `*` between two letters or digits, or `**` between two digits. */
export const isTimes = (before: string, text: string): boolean =>
  /^\*[a-z\d]/i.test(text) && /[a-z\d]$/i.test(before) || /^\*\*\d/.test(text) && /\d$/.test(before)

/** Brackets are known to be nothing but brackets by the character behind them. */
const couldLink = (text: string, from: number): boolean => {
  let depth = 1
  for (let at = from; at < text.length; at++) {
    const character = text[at]
    if (character === "\\") at++
    else if (character === "[") depth++
    else if (character === "]" && --depth === 0) return at + 1 === text.length || "([".includes(text[at + 1] ?? "")
  }
  return true
}

/** Whether nothing is shown yet of the last line, because it could still become a block of another kind. */
export const isLineUndecided = (line: string): boolean => undecidedLine.test(line.replace(containers, ""))

/** The marks of quotes and list items in front of a line. */
const containers = /^(?:\s*(?:>|(?:[-+*]|\d{1,9}[.)])\s+(?:\[[ xX]\]\s+)?))*\s*/

const undecidedLine =
  /^(?:|#{1,6}\s*|(?:[-*_+]\s*)+|=+\s*|\d{1,9}[.)]?|`{1,2}|`{3,}[^`]*|~+.*|\|.*|:?-[-|:\s]*|\[[ xX]?\]?|\[[^\]]*\]:.*)$/
