/**
 * A line on the terminal that shows that something is waited for.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { dim, Screen } from "./Screen.ts"

/** Shows the line while the work is on. It is gone afterwards, and never there into a pipe. */
export const withProgressLine =
  (line: Effect.Effect<string>) => <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Screen> =>
    Effect.flatMap(Screen, (screen) => {
      if (!screen.isErrTerminal) return work
      const show = Effect.flatMap(
        line,
        (text) => screen.err(`${erase}${dim(screen)(screen.oneRow(`${text} · Ctrl-C to stop`))}`)
      )
      const showing = Effect.zipRight(Effect.repeat(show, Schedule.spaced("1 second")), Effect.never)
      return Effect.ensuring(Effect.raceFirst(work, showing), screen.err(erase))
    })

const erase = "\r\u001B[2K"

/** Says something while the line may be there, and takes its place. */
export const printOver = (text: string): Effect.Effect<void, never, Screen> =>
  Effect.flatMap(Screen, (screen) => screen.err(screen.isErrTerminal ? `${erase}${text}` : text))
