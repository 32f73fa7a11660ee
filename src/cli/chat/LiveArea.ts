/**
 * The end of the screen, which changes, below what has been printed for good. The screen scrolls as usual: there is no
 * other screen, and nothing above the live area is ever touched.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { Size } from "../Screen.ts"
import { cells } from "../verbatim.ts"

export interface Output {
  /** Ends when the text is written. */
  readonly write: (text: string) => Effect.Effect<void>
  readonly size: () => Size
  /** Whether the cursor can be moved: not on a dumb terminal, and not for a screen reader. */
  readonly hasCursor: boolean
}

/** What the live area shows: rows no wider than the screen, and where in them the cursor is seen, if it is. */
export interface View {
  readonly rows: ReadonlyArray<string>
  readonly cursor?: { readonly row: number; readonly column: number } | undefined
}

export interface LiveArea {
  /** Prints rows for good, above the live area. */
  readonly print: (rows: ReadonlyArray<string>) => Effect.Effect<void>
  /** Shows this from now on. It is asked for when there is time to show it, with what has been printed by then. */
  readonly draw: (view: () => View) => Effect.Effect<void>
  /** Brings the screen up to date now. */
  readonly flush: Effect.Effect<void>
  /** Takes the live area away, until something is drawn again. */
  readonly clear: Effect.Effect<void>
  /** Takes it away and leaves the screen to something else; what is printed meanwhile is shown afterwards. */
  readonly suspend: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
}

/** At least so long is one picture shown, in milliseconds. */
const interval = 33

/** Of the time, no more than one part in so many is spent on drawing. */
const share = 5

export const make = (output: Output): Effect.Effect<LiveArea, never, Scope.Scope> =>
  output.hasCursor ? withCursor(output) : Effect.succeed(withoutCursor(output))

const withoutCursor = ({ write }: Output): LiveArea => ({
  print: (rows) => rows.length === 0 ? Effect.void : write(`${rows.join("\n")}\n`),
  draw: () => Effect.void,
  flush: Effect.void,
  clear: Effect.void,
  suspend: Effect.void,
  resume: Effect.void
})

const nothing = (): View => ({ rows: [] })

const withCursor = Effect.fnUntraced(function*({ size, write }: Output) {
  const requests = yield* Queue.sliding<void>(1)
  const oneAtATime = yield* Effect.makeSemaphore(1)
  let view = nothing
  let printed: Array<string> = []
  let isSuspended = false
  let isRequested = false
  let picture = empty(size().columns)

  const frame = oneAtATime.withPermits(1)(Effect.suspend(() => {
    if (isSuspended) return Effect.void
    const { columns, rows } = size()
    const { cursor, rows: all } = view()
    // The row below the last one is left to the terminal.
    const skipped = Math.max(0, all.length - Math.max(1, rows - 1))
    const next = draw(picture, {
      columns,
      printed,
      live: all.slice(skipped),
      cursor: cursor === undefined ? undefined : { ...cursor, row: Math.max(0, cursor.row - skipped) }
    })
    picture = next.picture
    printed = []
    return next.text === "" ? Effect.void : Effect.uninterruptible(write(next.text))
  }))

  const request = Effect.suspend(() => {
    if (isRequested) return Effect.void
    isRequested = true
    return Effect.asVoid(requests.offer(undefined))
  })

  const erase = Effect.suspend(() => {
    view = nothing
    return frame
  })

  const frames = Effect.gen(function*() {
    yield* requests.take
    const start = yield* Clock.currentTimeMillis
    isRequested = false
    yield* frame
    const took = (yield* Clock.currentTimeMillis) - start
    yield* Effect.sleep(Math.max(interval, took * share) - took)
  })
  yield* Effect.addFinalizer(() => erase)
  yield* Effect.forkScoped(Effect.forever(frames))

  const area: LiveArea = {
    print: (rows) =>
      Effect.suspend(() => {
        if (rows.length === 0) return Effect.void
        for (const row of rows) printed.push(row)
        return request
      }),
    draw: (now) =>
      Effect.suspend(() => {
        view = now
        return request
      }),
    flush: frame,
    clear: erase,
    suspend: Effect.suspend(() => {
      const before = view
      return Effect.map(erase, () => {
        view = before
        isSuspended = true
      })
    }),
    resume: Effect.suspend(() => {
      isSuspended = false
      return request
    })
  }
  return area
})

/** What stands in the live area, and where in it the cursor is. */
interface Picture {
  readonly columns: number
  readonly rows: ReadonlyArray<string>
  readonly row: number
  readonly column: number
  readonly isCursorShown: boolean
}

const empty = (columns: number): Picture => ({ columns, rows: [""], row: 0, column: 0, isCursorShown: true })

interface Next {
  readonly columns: number
  readonly printed: ReadonlyArray<string>
  readonly live: ReadonlyArray<string>
  readonly cursor: View["cursor"]
}

/** What is written to get from one picture to the next: only what differs. */
const draw = (before: Picture, { columns, cursor, live, printed }: Next) => {
  let text = ""
  let { row: at, rows: old } = before
  if (columns !== before.columns) {
    // The terminal has wrapped the rows anew.
    const above = old.slice(0, at).reduce((sum, row) => sum + heightOf(row, columns), 0)
    text += `${above === 0 ? "" : `\u001B[${above}A`}\r\u001B[J`
    old = [""]
    at = 0
  }
  const goTo = (row: number) => {
    if (row < at) text += `\u001B[${at - row}A`
    if (row > at) text += `\u001B[${row - at}B`
    at = row
  }
  const rows = [...printed, ...live.length === 0 ? [""] : live]
  for (const [index, row] of rows.entries()) {
    const was = old[index]
    if (was === row) continue
    if (was === undefined) {
      goTo(index - 1)
      text += `\r\n${row}`
      at = index
    } else {
      goTo(index)
      text += change(was, row, columns)
    }
  }
  if (rows.length < old.length) {
    goTo(rows.length)
    text += "\r\u001B[J"
  }
  const isCursorShown = cursor !== undefined || live.length === 0
  const row = Math.min(cursor === undefined ? rows.length - 1 : printed.length + cursor.row, rows.length - 1)
  const column = cursor?.column ?? 0
  const picture = { columns, rows: rows.slice(printed.length), row: row - printed.length, column, isCursorShown }
  const isSame = text === "" && row === at && column === before.column && isCursorShown === before.isCursorShown
  if (isSame) return { text, picture }
  goTo(row)
  const hide = before.isCursorShown ? "\u001B[?25l" : ""
  const show = isCursorShown ? "\u001B[?25h" : ""
  return { text: `${hide}${text}${column === 0 ? "\r" : `\u001B[${column + 1}G`}${show}`, picture }
}

/** Writes a row over another one: where it begins with the same plain text, only the rest. */
const change = (was: string, row: string, columns: number): string => {
  let same = 0
  while (same < was.length && was.charCodeAt(same) === row.charCodeAt(same) && isPlain(row.charCodeAt(same))) same++
  // Whatever belongs to the character before is written with it.
  if (same > 0) same--
  const rest = row.slice(same)
  const begin = same === 0 ? "\r" : `\u001B[${same + 1}G`
  // In the last column the cursor stands on the last character, which would be erased.
  const end = widthOf(row) < columns && widthOf(was) > widthOf(row) ? "\u001B[K" : ""
  return `${begin}${rest}${end}`
}

const isPlain = (code: number): boolean => code >= 0x20 && code < 0x7f

const widthOf = (row: string): number => cells(row.replaceAll(sequences, ""))

/** How many rows of the terminal it takes. */
const heightOf = (row: string, columns: number): number => Math.max(1, Math.ceil(widthOf(row) / columns))

/** Our own sequences; there are no others in a row. */
// oxlint-disable-next-line no-control-regex -- they begin with a control character
const sequences = /\u001b\[[\d;]*m/g
