/**
 * A list from which one thing is chosen: what is typed narrows it down. Pure, from the keys to the rows.
 */
import { line } from "../../internal/visible.ts"
import { cells } from "../verbatim.ts"
import { rank } from "./fuzzy.ts"
import type { Key } from "./Keys.ts"
import { cut } from "./rows.ts"

export interface Choice<A> {
  readonly value: A
  readonly title: string
  /** Shown behind the title. */
  readonly remark: string
  /** More of it, shown below the list while it is the one that would be taken. */
  readonly preview?: () => ReadonlyArray<string>
}

export interface Picker<A> {
  readonly question: string
  readonly choices: ReadonlyArray<Choice<A>>
  readonly query: string
  /** Which of those that fit the query would be taken. */
  readonly at: number
}

export const make = <A>(question: string, choices: ReadonlyArray<Choice<A>>, at = 0): Picker<A> => ({
  question,
  choices,
  query: "",
  at: Math.max(0, at)
})

export const fitting = <A>({ choices, query }: Picker<A>): ReadonlyArray<Choice<A>> =>
  query === "" ? choices : rank(query, choices, ({ remark, title }) => `${title} ${remark}`)

/** What a key does: the list goes on, something is chosen, or nothing is. */
export type Outcome<A> =
  | { readonly _tag: "Open"; readonly picker: Picker<A> }
  | { readonly _tag: "Chosen"; readonly value: A }
  | { readonly _tag: "Left" }

export const update = <A>(picker: Picker<A>, key: Key, page = 8): Outcome<A> => {
  const { alt, ctrl, name, text } = key
  const found = fitting(picker)
  const open = (changes: Partial<Picker<A>>): Outcome<A> => ({ _tag: "Open", picker: { ...picker, ...changes } })
  const go = (to: number) => open({ at: Math.max(0, Math.min(found.length - 1, to)) })
  if (name === "escape" || ctrl && (name === "c" || name === "d")) return { _tag: "Left" }
  if (name === "enter") {
    const chosen = found[picker.at]
    return chosen === undefined ? open({}) : { _tag: "Chosen", value: chosen.value }
  }
  if (name === "up" || ctrl && name === "p") return go(picker.at === 0 ? found.length - 1 : picker.at - 1)
  if (name === "down" || ctrl && name === "n" || name === "tab") return go((picker.at + 1) % Math.max(1, found.length))
  if (name === "pageup") return go(picker.at - page)
  if (name === "pagedown") return go(picker.at + page)
  if (name === "home") return go(0)
  if (name === "end") return go(found.length - 1)
  if (name === "backspace") return open({ query: [...picker.query].slice(0, -1).join(""), at: 0 })
  if (ctrl && name === "u") return open({ query: "", at: 0 })
  if (text !== "" && !ctrl && !alt) return open({ query: picker.query + line(text), at: 0 })
  return open({})
}

/** Where the cursor is in the first row. */
export const cursor = <A>({ query, question }: Picker<A>, columns: number): number =>
  Math.min(columns - 1, cells(`${question} ${query}`))

/** At most `height` rows; the one that would be taken is marked. */
export const view = <A>(
  picker: Picker<A>,
  { columns, height, mark }: {
    readonly columns: number
    readonly height: number
    readonly mark: (row: string) => string
  }
): ReadonlyArray<string> => {
  const found = fitting(picker)
  const preview = found[picker.at]?.preview?.() ?? []
  const room = Math.max(
    1,
    height - 2 - (preview.length === 0 ? 0 : Math.min(preview.length + 1, Math.floor(height / 2)))
  )
  const from = Math.max(0, Math.min(picker.at - Math.floor(room / 2), found.length - room))
  const more = found.length > room ? `  ${picker.at + 1} of ${found.length}` : ""
  return [
    cut(`${picker.question} ${picker.query}${more}`, columns),
    ...found.length === 0 ? [cut("  nothing fits; Backspace shows more", columns)] : [],
    ...found.slice(from, from + room).map(({ remark, title }, row) => {
      const isChosen = from + row === picker.at
      const text = cut(`${isChosen ? "›" : " "} ${line(title)}${remark === "" ? "" : `  ${line(remark)}`}`, columns)
      return isChosen ? mark(text) : text
    }),
    ...preview.length === 0
      ? []
      : ["", ...preview.slice(0, Math.max(1, height - 3 - room)).map((row) => cut(row, columns))],
    cut("  ↑↓ move · type to search · Enter take · Esc leave", columns)
  ]
}
