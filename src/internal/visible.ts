/**
 * Makes text of a model, a server or a file safe to show to a person. Characters that are invisible, or change the
 * reading order, are shown by their number (`\x1b`, `\u202e`). Nothing is left out: removing a sequence that controls a
 * terminal would hide what a shell runs.
 */

/**
 * Running text: an answer, an error, the output of a command. Line ends and tabs stay, and so do the spaces and joiners
 * that words and emoji of many languages are written with. A text may come in pieces.
 */
export const prose = (text: string): string => text.replaceAll("\r\n", "\n").replaceAll(unseen, escape)

/** The output of a command, without its colours. Other sequences that control a terminal are shown. */
export const output = (text: string): string => prose(text.replaceAll(color, ""))

/** A text that comes in pieces: the end of a piece may belong together with the next one. */
export const pieces = () => {
  let held = ""
  return {
    next: (piece: string): string => {
      const text = held + piece
      held = /[\r\ud800-\udbff]$/.exec(text)?.[0] ?? ""
      return prose(text.slice(0, text.length - held.length))
    },
    rest: (): string => {
      const text = held
      held = ""
      return prose(text)
    }
  }
}

/** A JSON text of the same value, with invisible characters shown by their number. */
export const json = (text: string): string =>
  text.replaceAll(
    invisible,
    (character) => character.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")
  )

/**
 * Text that a person is asked to approve, shown so that the exact text can be read back.
 *
 * - whatever is no plain character is shown by its number, unusual spaces and characters without a width too
 * - a backslash in front of what would read as such a number is doubled: `\x1b` is one character, `\\x1b` are four
 * - a tab is `⇥`
 * - long runs of what is blank are told by their count, as `⟨37 blank lines⟩`, so that nothing can be pushed out of
 *   sight, and so are blanks at the end of a line. A `⟨` of the text itself is shown by its number.
 */
export const exactly = (text: string): string => {
  let shown = ""
  let from = 0
  for (const { end, start } of longRuns(text)) {
    const blank = text[start]
    const run = text.slice(start, end)
    shown += exactlyShort(text.slice(from, start))
    shown += blank === " " || blank === "\t" ? foldBlanks(run) : `⟨${end - start} × ${escape(blank ?? "")}⟩`
    from = end
  }
  return foldLines(shown + exactlyShort(text.slice(from)))
}

/** Where one character is repeated so often that a regular expression would run out of stack on it. */
function* longRuns(text: string) {
  for (let start = 0; start < text.length;) {
    // A run that is long enough has a character at each step of this length.
    const at = start + longest - 1
    const code = text.charCodeAt(at)
    if (at >= text.length) return
    let first = at
    while (first > start && text.charCodeAt(first - 1) === code) first--
    let end = at + 1
    while (end < text.length && text.charCodeAt(end) === code) end++
    // A run cannot split a surrogate pair: half a pair never repeats by itself.
    if (end - first >= longest) yield { start: first, end }
    start = end - first >= longest ? end : Math.max(first, start + 1)
  }
}

/** In characters. */
const longest = 10_000

const exactlyShort = (text: string): string =>
  text.replaceAll(
    special,
    (
      _,
      slashes: string,
      blanks: string | undefined,
      run: string | undefined,
      one: string,
      hidden: string,
      spelled
    ) => {
      if (blanks !== undefined) return slashes + foldBlanks(blanks)
      if (run !== undefined) return `${slashes}⟨${[...run].length} × ${escape(one)}⟩`
      if (hidden !== undefined) return slashes + slashes + escape(hidden)
      return spelled === undefined ? `${slashes}⇥` : slashes + slashes + spelled
    }
  )

/** The same in one line, with a mark for each line end of the text. */
export const line = (text: string): string => exactly(text).replaceAll("\n", "⏎ ")

/** How a character is shown that cannot be shown itself. */
export const escape = (character: string): string => {
  const code = character.codePointAt(0) ?? 0
  const hex = code.toString(16)
  if (code <= 0xff) return `\\x${hex.padStart(2, "0")}`
  return code <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\u{${hex}}`
}

/** Control characters except line ends and tabs: no command needs them, and no question can show them. */
export const control = /(?![\n\t])\p{Cc}/u

/** Colours, and the "erase to the end of the line" that programs send with them. */
// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const color = /\u001b\[(?:[\d;:]*m|0?K)/g

const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/** Joiners and variants belong to the character before them, which plain letters are not. */
const unseen =
  /(?![\n\t]|(?<![\0-\x7f])(?:\p{Join_C}|[\ufe00-\ufe0f])|(?<=[\d#*])\ufe0f)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/** A combining mark without a base character, or on top of many others, could cover its neighbours. */
const looseMark = String.raw`(?<!(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{N}\p{M}])\p{M}|(?<=\p{M}{4})\p{M}`

/**
 * `\u2800` is a blank that counts as a symbol; the others are `⟨⇥⏎`, by their numbers because the bundler cannot escape
 * what is raw, and one wide character makes the whole program slower to read.
 */
const hidden = String
  .raw`(?![ \n\t])[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800\u27e8\u21e5\u23ce]|${looseMark}`

const special = new RegExp(
  String.raw`(?<!\\)(\\*)(?:( {16,}|\t{8,}| +$|\t+$)|((${hidden})\4{7,})|(${hidden})|\t|(?<=\\)(` +
    String.raw`x[\da-f]{2}|u[\da-f]{4}|u\{[\da-f]+\}))`,
  "gmu"
)

const foldBlanks = (blanks: string): string => {
  const name = blanks.startsWith(" ") ? "space" : "tab"
  return `⟨${blanks.length} ${name}${blanks.length === 1 ? "" : "s"}⟩`
}

/** Folds four or more blank lines. */
const foldLines = (text: string): string =>
  text.replaceAll(/^(⟨\d+ (?:space|tab)s?⟩|)(?:\n\1$){3,10000}/gm, (run, blanks: string) => {
    const count = run.split("\n").length
    return blanks === "" ? `⟨${count} blank lines⟩` : `⟨${count} lines of ${blanks.slice(1, -1)}⟩`
  })
