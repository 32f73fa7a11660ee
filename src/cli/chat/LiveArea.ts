/**
 * The end of the screen, which changes, below what has been printed for good. The screen scrolls as usual: there is no
 * other screen, and nothing above the live area is ever touched.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { Size } from "../Screen.ts"
import * as Picture from "./Picture.ts"
import type { View } from "./Picture.ts"

export interface Output {
  /** Ends when the text is written. */
  readonly write: (text: string) => Effect.Effect<void>
  readonly size: () => Size
  /** Whether the cursor can be moved: not on a dumb terminal, and not for a screen reader. */
  readonly hasCursor: boolean
}

export type { View }

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

/** At least so long is one picture shown, in milliseconds; the first after a pause, such as a key, is shown at once. */
const interval = 50

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
  let picture = Picture.empty(size().columns)

  const frame = oneAtATime.withPermits(1)(Effect.suspend(() => {
    if (isSuspended) return Effect.void
    const next = Picture.draw(picture, size(), printed, view())
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
