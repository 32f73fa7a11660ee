/**
 * A line on the terminal that shows what the program is waiting for.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { dim, Screen } from "./Screen.ts"

/** Shows the line while the work runs, and erases it afterwards. Never shown in a pipe. */
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

/**
 * Says what is waited for once the work takes more than a second, and for how long. Never in a pipe.
 */
export const whileWaiting =
  (what: string) => <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Screen> =>
    Effect.flatMap(Screen, (screen) => {
      if (!screen.isErrTerminal) return work
      let seconds = 0
      const show = Effect.suspend(() =>
        screen.err(`${erase}${dim(screen)(screen.oneRow(`${what} ${++seconds}s · Ctrl-C to stop`))}`)
      )
      const showing = Effect.forever(Effect.delay(show, "1 second"))
      const clear = Effect.suspend(() => seconds === 0 ? Effect.void : screen.err(erase))
      return Effect.ensuring(Effect.raceFirst(work, showing), clear)
    })

const erase = "\r\u001B[2K"

/** Prints a text in place of the line, if the line is shown. */
export const printOver = (text: string): Effect.Effect<void, never, Screen> =>
  Effect.flatMap(Screen, (screen) => screen.err(screen.isErrTerminal ? `${erase}${text}` : text))
