/**
 * Lets a person choose a session of this folder before anything else is on the screen.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { BadInput } from "../ExitCode.ts"
import { Screen } from "../Screen.ts"
import * as LiveArea from "./LiveArea.ts"
import * as Picker from "./Picker.ts"
import * as SessionChoice from "./sessionChoice.ts"
import * as Terminal from "./Terminal.ts"

/** The id of the session; nothing if the person leaves the list. */
export const pick = Effect.fnUntraced(function*(folder: string, isPlain: boolean) {
  const choices = yield* SessionChoice.here(folder)
  if (choices.length === 0) {
    return yield* new BadInput({
      message: "There is no session of this folder to go on with: name one of another folder by its id, or begin one " +
        "with `effixir`"
    })
  }
  return yield* isPlain || process.env["TERM"] === "dumb" ? chooseByNumber(choices.slice(0, listed)) : choose(choices)
})

/** How many sessions are listed where they are chosen by their number. */
const listed = 20

const chooseByNumber = (choices: ReadonlyArray<Picker.Choice<string>>) =>
  Effect.scoped(Effect.gen(function*() {
    const { make } = yield* Effect.promise(() => import("./PlainFront.ts"))
    const { front } = yield* make
    return yield* front.choose("Which session?", choices)
  }))

const choose = (choices: ReadonlyArray<Picker.Choice<string>>) =>
  Effect.scoped(Effect.gen(function*() {
    const screen = yield* Screen
    const terminal = yield* Terminal.make
    const area = yield* LiveArea.make({ write: screen.out, size: terminal.size, hasCursor: true })
    const hasColors = screen.hasColors && screen.isOutTerminal
    let picker = Picker.make("Which session?", choices)
    const show = area.draw(() => {
      const { columns, rows } = terminal.size()
      return {
        rows: Picker.view(picker, {
          columns,
          height: Math.max(4, Math.min(20, rows - 1)),
          mark: (row) => hasColors ? `\u001B[7m${row}\u001B[27m` : row
        }),
        cursor: { row: 0, column: Picker.cursor(picker, columns) }
      }
    })
    yield* show
    const chosen = Effect.gen(function*() {
      for (;;) {
        for (const key of yield* terminal.keys) {
          const outcome = Picker.update(picker, key)
          if (outcome._tag === "Chosen") return Option.some(outcome.value)
          if (outcome._tag === "Left") return Option.none()
          picker = outcome.picker
        }
        yield* show
      }
    })
    const resized = Effect.forever(Effect.zipRight(terminal.changed, show))
    return yield* Effect.raceAll([chosen, resized, Effect.as(terminal.closed, Option.none())])
  }))
