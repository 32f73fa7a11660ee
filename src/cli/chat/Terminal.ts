/**
 * The terminal of a conversation: keys come one by one, and it is as it was before, however the program ends.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { writeSync } from "node:fs"
import { StringDecoder } from "node:string_decoder"
import { signals } from "../Interruption.ts"
import type { Size } from "../Screen.ts"
import * as Keys from "./Keys.ts"

export interface Terminal {
  /** The keys that were pressed next. */
  readonly keys: Effect.Effect<ReadonlyArray<Keys.Key>>
  /** Ends when the terminal was resized, or the program goes on after it was stopped. */
  readonly changed: Effect.Effect<void>
  /** Ends when there is no terminal any more. */
  readonly closed: Effect.Effect<void>
  readonly size: () => Size
  /** Lets something else have the terminal meanwhile, as the person had it before. */
  readonly aside: <A, E, R>(use: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Stops the program, and the others of its job, as Ctrl-Z does; ends when it goes on. */
  readonly stop: Effect.Effect<void>
}

/** Whatever was being drawn, colours end and the cursor is seen. */
const restoring = `${Keys.disable}\u001B[0m\u001B[?25h`

/**
 * What comes sooner was typed before the terminal gave single keys: Enter was a line end then. In milliseconds. On a
 * machine under load it may come later, but still as the first, and with more than a key.
 */
const early = 30

export const make: Effect.Effect<Terminal, never, Scope.Scope> = Effect.gen(function*() {
  const received = yield* Queue.unbounded<string>()
  const changes = yield* Queue.sliding<void>(1)
  const closing = yield* Queue.sliding<void>(1)
  const { stdin, stdout } = process
  const decoder = new StringDecoder("utf8")
  const onData = (bytes: Buffer) => {
    const text = decoder.write(bytes)
    const isEarly = Date.now() - takenAt < early || isFirst && text.length > 1
    isFirst = false
    received.unsafeOffer(isEarly ? text.replaceAll("\n", "\r") : text)
  }
  let isTaken = false
  let takenAt = 0
  let isFirst = true

  const take = () => {
    if (isTaken) return
    isTaken = true
    takenAt = Date.now()
    isFirst = true
    attempt(() => stdin.setRawMode(true))
    stdin.on("data", onData).resume()
    say(Keys.enable)
  }
  const giveBack = () => {
    if (!isTaken) return
    isTaken = false
    say(restoring)
    stdin.off("data", onData).pause()
    attempt(() => stdin.setRawMode(false))
  }
  const onChange = () => void changes.unsafeOffer(undefined)
  // Another program may have changed the terminal while this one was stopped.
  const onContinue = () => {
    if (isTaken) {
      attempt(() => stdin.setRawMode(true))
      say(Keys.enable)
    }
    onChange()
  }
  // A signal may be the last that the program hears of, and the next one has to end it.
  const onSignal = () => {
    giveBack()
    for (const signal of signals) process.off(signal, onSignal)
  }
  const onClose = () => void closing.unsafeOffer(undefined)

  yield* Effect.acquireRelease(
    Effect.sync(() => {
      take()
      for (const signal of signals) process.on(signal, onSignal)
      process.on("exit", giveBack).on("SIGCONT", onContinue)
      stdout.on("resize", onChange)
      stdin.on("end", onClose).on("close", onClose).on("error", onClose)
    }),
    () =>
      Effect.sync(() => {
        giveBack()
        for (const signal of signals) process.off(signal, onSignal)
        process.off("exit", giveBack).off("SIGCONT", onContinue)
        stdout.off("resize", onChange)
        stdin.off("end", onClose).off("close", onClose)
      })
  )

  const aside = <A, E, R>(use: Effect.Effect<A, E, R>) =>
    Effect.acquireUseRelease(Effect.sync(giveBack), () => use, () => Effect.sync(take))

  return {
    keys: Keys.make(received),
    changed: changes.take,
    closed: closing.take,
    size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
    aside,
    // Where no shell could let it go on, the system does not stop it either.
    stop: aside(Effect.sync(() => process.kill(0, "SIGTSTP")))
  }
})

/** At once, since nothing may come after it. */
const say = (text: string): void => attempt(() => writeSync(process.stdout.fd, text))

/** A terminal that is gone needs nothing any more. */
const attempt = (work: () => unknown): void => {
  try {
    work()
  } catch {
    return
  }
}
