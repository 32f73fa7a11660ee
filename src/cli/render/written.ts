/**
 * Markdown on a terminal while it is written: what is complete is printed, and the rest stands below it until it is.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Highlighter } from "../chat/CodeLines.ts"
import type * as Markdown from "../chat/Markdown.ts"
import * as Picture from "../chat/Picture.ts"
import type { Size } from "../Screen.ts"

export interface Options {
  readonly write: (text: string) => Effect.Effect<void>
  readonly size: () => Size
  readonly colors: boolean
  /** Whether the cursor can be moved; where it cannot, only what is complete is shown. */
  readonly hasCursor: boolean
  readonly style?: string
}

export interface Written {
  readonly push: (delta: string) => Effect.Effect<void>
  /** Shows what has been pushed and not been shown yet. */
  readonly show: Effect.Effect<void>
  /** Shows all of it, for good. */
  readonly end: Effect.Effect<void>
}

/** At least so long is one picture shown, in milliseconds. */
const interval = 33

export const make = ({ colors, hasCursor, size, style = "", write }: Options): Written => {
  let stream: Markdown.Stream | undefined
  let highlighter: Highlighter | undefined
  let picture = Picture.empty(size().columns)
  let shownAt = 0

  /** The libraries are loaded when there is something to show. */
  const load = Effect.map(
    Effect.promise(() => import("../chat/Markdown.ts")),
    ({ make }) => make({ width: () => size().columns, colors, style, highlighter: () => highlighter })
  )

  const loadHighlighter = Effect.map(Effect.promise(() => import("../chat/Highlighter.ts")), ({ make }) => {
    highlighter = make(style)
  })

  const draw = (printed: ReadonlyArray<string>, rows: ReadonlyArray<string>) => {
    if (!hasCursor) return printed.length === 0 ? Effect.void : write(`${printed.join("\n")}\n`)
    const { columns } = size()
    const last = rows.at(-1) ?? ""
    const cursor = rows.length === 0
      ? undefined
      : { row: rows.length - 1, column: Math.min(columns - 1, Picture.widthOf(last)) }
    const next = Picture.draw(picture, size(), printed, { rows, cursor })
    picture = next.picture
    return next.text === "" ? Effect.void : write(next.text)
  }

  const show = Effect.suspend(() =>
    stream === undefined ? Effect.void : draw(stream.finished(), hasCursor ? stream.open() : [])
  )

  return {
    push: Effect.fnUntraced(function*(delta) {
      const text = stream ??= yield* load
      text.push(delta)
      if (highlighter === undefined && text.wantsHighlighter()) yield* loadHighlighter
      const now = yield* Clock.currentTimeMillis
      if (now - shownAt < interval) return
      shownAt = now
      yield* show
    }),
    show,
    end: Effect.suspend(() => {
      if (stream === undefined) return Effect.void
      const rows = [...stream.finished(), ...stream.end()]
      stream = undefined
      return draw(rows, [])
    })
  }
}
