/**
 * The text that a person is writing: pure, from the keys to the rows that are shown.
 *
 * A long paste takes one place in the text, and is shown as a mark. The mark is half a surrogate pair, which no text
 * from outside can hold: it is never mistaken for something that was typed.
 */
import { exactly } from "../../internal/visible.ts"
import { cells } from "../verbatim.ts"
import type { Key } from "./Keys.ts"

/** `pastes` are the long texts that marks stand for; `goal` is the column that going up and down keeps to. */
export interface State extends Snapshot {
  readonly pastes: ReadonlyArray<Paste>
  readonly killed: string
  readonly goal: number | undefined
  readonly undo: ReadonlyArray<Snapshot>
  readonly redo: ReadonlyArray<Snapshot>
  /** What was done last: what is typed or deleted in a row is undone at once. */
  readonly last: "insert" | "delete" | "kill" | "other"
}

interface Paste {
  readonly text: string
  /** What is shown for it. */
  readonly name: string
}

interface Snapshot {
  readonly text: string
  readonly cursor: number
}

export const empty: State = {
  text: "",
  cursor: 0,
  pastes: [],
  killed: "",
  goal: undefined,
  undo: [],
  redo: [],
  last: "other"
}

/** A paste is shown as a mark if it has more lines, or more characters. */
const foldedLines = 10
const foldedLength = 1000

const maxUndo = 500

/** Marks are the lower halves of pairs. */
const firstMark = 0xdc00
const maxPastes = 0x400

/** With a text, the cursor behind it. A long one is folded as a paste is. */
export const fromText = (text: string): State => insert(empty, text, true)

/** The whole text, with what was pasted. */
export const textOf = ({ pastes, text }: State): string =>
  text.replaceAll(mark, (character) => pastes[character.charCodeAt(0) - firstMark]?.text ?? "")

export const isEmpty = ({ text }: State): boolean => text === ""

/** Whether Enter goes on in a next line, because a `\` is before the cursor. */
export const continues = ({ cursor, text }: State): boolean => text[cursor - 1] === "\\" && text[cursor - 2] !== "\\"

/** Replaces the characters before the cursor that begin at a place. */
export const complete = (state: State, from: number, text: string): State =>
  changed(state, state.text.slice(0, from) + text + state.text.slice(state.cursor), from + text.length, "other")

/** Takes another text in place of this one, which can be undone. */
export const replaceAll = (state: State, text: string): State => {
  const { pastes, text: written } = fromText(text)
  return { ...changed(state, written, written.length, "other"), pastes, undo: pastes.length === 0 ? state.undo : [] }
}

/** The state behind a key, or nothing if the key has no meaning in a text. `width` is how many cells a row has. */
export const update = (state: State, key: Key, width: number): State | undefined => {
  const { alt, ctrl, name, text } = key
  if (name === "paste") return insert(state, text, true)
  if (text !== "" && !ctrl && !alt) return insert(state, text, false)
  if (name === "enter" && (alt || key.shift) || name === "j" && ctrl) return insert(state, "\n", false)
  if (name === "enter" && continues(state)) {
    const at = state.cursor
    return changed(state, `${state.text.slice(0, at - 1)}\n${state.text.slice(at)}`, at, "other")
  }
  const command = commands[`${ctrl ? "ctrl-" : ""}${alt ? "alt-" : ""}${name}`]
  return command === undefined ? undefined : command(state, width)
}

type Command = (state: State, width: number) => State | undefined

const insert = (state: State, given: string, isPaste: boolean): State => {
  const text = given.toWellFormed()
  const isFolded = isPaste && state.pastes.length < maxPastes &&
    (text.length > foldedLength || text.split("\n", foldedLines + 2).length > foldedLines)
  const shown = isFolded ? String.fromCharCode(firstMark + state.pastes.length) : text
  const { cursor } = state
  // The blank before a word begins what is undone at once.
  const begins = isPaste || /\s/.test(text) && !/\s/.test(state.text[cursor - 1] ?? " ")
  const next = changed(
    begins ? { ...state, last: "other" } : state,
    state.text.slice(0, cursor) + shown + state.text.slice(cursor),
    cursor + shown.length,
    isPaste ? "other" : "insert"
  )
  return isFolded ? { ...next, pastes: [...state.pastes, { text, name: nameOf(text) }] } : next
}

const changed = (state: State, text: string, cursor: number, what: State["last"]): State =>
  text === state.text ? moved(state, cursor) : {
    ...state,
    text,
    cursor,
    goal: undefined,
    redo: [],
    undo: what !== "other" && what === state.last ? state.undo : [...state.undo, snapshot(state)].slice(-maxUndo),
    last: what
  }

const snapshot = ({ cursor, text }: State): Snapshot => ({ text, cursor })

const moved = (state: State, cursor: number): State => ({ ...state, cursor, goal: undefined, last: "other" })

/** Deletes up to a place, and keeps it for Ctrl-Y. Pieces that are deleted in a row are kept together. */
const kill = (state: State, to: number): State => {
  const [start, end] = to < state.cursor ? [to, state.cursor] : [state.cursor, to]
  const piece = state.text.slice(start, end)
  if (piece === "") return state
  const killed = state.last !== "kill" ? piece : to < state.cursor ? piece + state.killed : state.killed + piece
  return { ...changed(state, state.text.slice(0, start) + state.text.slice(end), start, "kill"), killed }
}

const remove = (state: State, to: number): State => {
  const [start, end] = to < state.cursor ? [to, state.cursor] : [state.cursor, to]
  return changed(state, state.text.slice(0, start) + state.text.slice(end), start, "delete")
}

/** Goes to the last of one list of states, and leaves the present one on the other. */
const travel = (state: State, from: "undo" | "redo", to: "undo" | "redo"): State => {
  const found = state[from].at(-1)
  if (found === undefined) return state
  return {
    ...state,
    ...found,
    goal: undefined,
    last: "other",
    [from]: state[from].slice(0, -1),
    [to]: [...state[to], snapshot(state)]
  }
}

const undo = (state: State): State => travel(state, "undo", "redo")

const redo = (state: State): State => travel(state, "redo", "undo")

const lineStart = ({ cursor, text }: State): number => text.lastIndexOf("\n", cursor - 1) + 1

const lineEnd = ({ cursor, text }: State): number => {
  const end = text.indexOf("\n", cursor)
  return end < 0 ? text.length : end
}

/** Where the character before a place begins, and where the one behind it ends: with all its marks and joiners. */
const before = ({ cursor, text }: State): number => {
  // No character that a person types is longer.
  const from = Math.max(0, cursor - 64)
  return cursor - (charactersOf(text.slice(from, cursor)).at(-1)?.length ?? 0)
}
const after = ({ cursor, text }: State): number =>
  cursor + (charactersOf(text.slice(cursor, cursor + 64))[0]?.length ?? 0)

const wordBefore = ({ cursor, text }: State): number => {
  const head = text.slice(0, cursor)
  return head.length - (/(?:[\p{L}\p{N}\p{M}_]+|[^\p{L}\p{N}\p{M}_\s]+|^)\s*$/u.exec(head)?.[0].length ?? head.length)
}

const wordAfter = ({ cursor, text }: State): number =>
  cursor + (/^\s*(?:[\p{L}\p{N}\p{M}_]+|[^\p{L}\p{N}\p{M}_\s]+)?/u.exec(text.slice(cursor))?.[0].length ?? 0)

/** To the start of what is between blanks, as shells do. */
const blankBefore = ({ cursor, text }: State): number =>
  cursor - (/\S*\s*$/.exec(text.slice(0, cursor))?.[0].length ?? 0)

/** To the same column in the row above or below; nothing where there is none. */
const vertical = (by: -1 | 1): Command => (state, width) => {
  const rows = rowsOf(state, width)
  const at = rowAt(rows, state.cursor)
  const target = rows[at + by]
  const current = rows[at]
  if (target === undefined || current === undefined) return undefined
  const goal = state.goal ?? columnIn(state, current, state.cursor)
  return { ...moved(state, offsetIn(state, target, goal)), goal }
}

const move = (to: (state: State) => number): Command => (state) => moved(state, to(state))
const removing = (to: (state: State) => number): Command => (state) => remove(state, to(state))
const killing = (to: (state: State) => number): Command => (state) => kill(state, to(state))

const commands: { readonly [name: string]: Command } = {
  "left": move(before),
  "right": move(after),
  "up": vertical(-1),
  "down": vertical(1),
  "home": move(lineStart),
  "end": move(lineEnd),
  "ctrl-b": move(before),
  "ctrl-f": move(after),
  "ctrl-a": move(lineStart),
  "ctrl-e": move(lineEnd),
  "ctrl-home": move(() => 0),
  "ctrl-end": move(({ text }) => text.length),
  "alt-<": move(() => 0),
  "alt->": move(({ text }) => text.length),
  "alt-b": move(wordBefore),
  "alt-f": move(wordAfter),
  "ctrl-left": move(wordBefore),
  "ctrl-right": move(wordAfter),
  "alt-left": move(wordBefore),
  "alt-right": move(wordAfter),
  "backspace": removing(before),
  "ctrl-h": removing(before),
  "delete": removing(after),
  "ctrl-d": removing(after),
  "ctrl-w": killing(blankBefore),
  "alt-backspace": killing(wordBefore),
  "ctrl-backspace": killing(wordBefore),
  "alt-d": killing(wordAfter),
  "alt-delete": killing(wordAfter),
  "ctrl-delete": killing(wordAfter),
  "ctrl-u": killing(lineStart),
  // At the end of a line, the line end goes.
  "ctrl-k": killing((state) => lineEnd(state) === state.cursor ? after(state) : lineEnd(state)),
  "ctrl-y": (state) => insert(state, state.killed, false),
  "ctrl-_": undo,
  "alt-_": redo
}

/** What is shown: the rows, and where the cursor is in them. */
export interface View {
  readonly rows: ReadonlyArray<string>
  readonly cursor: { readonly row: number; readonly column: number }
}

/** At most `height` rows of `width` cells, with the one of the cursor among them. */
export const view = (state: State, width: number, height = Infinity): View => {
  const rows = rowsOf(state, width)
  const at = rowAt(rows, state.cursor)
  const from = Math.max(0, Math.min(at - Math.floor(height / 2), rows.length - height))
  const row = rows[at]
  return {
    rows: rows.slice(from, from + height).map(({ end, start }) =>
      charactersOf(state.text.slice(start, end)).map((character) => shown(state, character)).join("")
    ),
    cursor: { row: at - from, column: row === undefined ? 0 : columnIn(state, row, state.cursor) }
  }
}

/** A row holds the characters from `start` to `end`; a line that is longer goes on in the next row. */
interface Row {
  readonly start: number
  readonly end: number
}

const rowsOf = (state: State, width: number): ReadonlyArray<Row> => {
  const rows: Array<Row> = []
  let start = 0
  for (const line of state.text.split("\n")) {
    let end = start
    let used = 0
    for (const character of charactersOf(line)) {
      const size = cellsOf(state, character)
      // The cursor behind the last character of a row needs a cell as well.
      if (used + size >= width && end > start) {
        rows.push({ start, end })
        start = end
        used = 0
      }
      end += character.length
      used += size
    }
    rows.push({ start, end })
    start = end + 1
  }
  return rows
}

const rowAt = (rows: ReadonlyArray<Row>, cursor: number): number => rows.findLastIndex(({ start }) => start <= cursor)

const columnIn = (state: State, { start }: Row, cursor: number): number =>
  charactersOf(state.text.slice(start, cursor)).reduce((sum, character) => sum + cellsOf(state, character), 0)

const offsetIn = (state: State, { end, start }: Row, column: number): number => {
  let at = start
  let used = 0
  const characters = charactersOf(state.text.slice(start, end))
  for (const character of characters) {
    used += cellsOf(state, character)
    if (used > column) return at
    at += character.length
  }
  return at
}

const mark = /[\uDC00-\uDFFF](?<![\uD800-\uDBFF][\uDC00-\uDFFF])/g

const isMark = (character: string): boolean => character.length === 1 && character >= "\uDC00" && character <= "\uDFFF"

/** A character as it is shown: nothing that was typed or pasted may reach the terminal as a control character. */
const shown = ({ pastes }: State, character: string): string => {
  if (isMark(character)) return pastes[character.charCodeAt(0) - firstMark]?.name ?? ""
  if (character === "\t") return "  "
  return character === " " || character === "\\" || isPlain(character) ? character : exactly(character)
}

const isPlain = (character: string): boolean =>
  /^(?:[ -~]|[\p{L}\p{N}\p{P}\p{S}](?:\p{M}|\p{Join_C}|\uFE0E|\uFE0F|\p{Emoji_Modifier}|\p{S})*)$/u.test(character)

const nameOf = (paste: string): string => {
  const lines = paste.split("\n").length - (paste.endsWith("\n") ? 1 : 0)
  return lines > 1 ? `[pasted: ${lines} lines]` : `[pasted: ${paste.length} characters]`
}

const cellsOf = (state: State, character: string): number => {
  if (character.length === 1 && character >= " " && character <= "~") return 1
  const text = shown(state, character)
  // An emoji that is made of several, or asked for by a variant, takes two.
  return text === character && /\u200D|\uFE0F|\p{Emoji_Modifier}|\p{RI}{2}/u.test(character) ? 2 : cells(text)
}

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" })

/** The characters as a person sees them. */
const charactersOf = (text: string): ReadonlyArray<string> =>
  /^[ -~\n\t]*$/.test(text) ? text.split("") : Array.from(segmenter.segment(text), ({ segment }) => segment)
