/**
 * A conversation line by line, without any movement of the cursor: for screen readers, dumb terminals, and whoever asks
 * for it. The terminal itself lets a line be edited.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import { createInterface, type Interface } from "node:readline"
import { line } from "../../internal/visible.ts"
import { Interruption } from "../Interruption.ts"
import { Screen } from "../Screen.ts"
import type { Chat } from "./Chat.ts"
import type { Front } from "./Front.ts"

const prompt = "> "

export const make = Effect.gen(function*() {
  const screen = yield* Screen
  const interruption = yield* Interruption
  const left = yield* Deferred.make<void>()
  const lines = yield* Queue.unbounded<string>()
  const interrupts = yield* Queue.sliding<void>(1)
  let input: Interface | undefined
  let isLeaving = false
  /** Whether the line of the prompt is open, so that what is printed begins a new one. */
  let isPrompted = false
  /** Whether the next line is a new input. */
  let isReading = false

  const leave = () => {
    isLeaving = true
    Deferred.unsafeDone(left, Effect.void)
  }
  const listen = () => {
    input = createInterface({ input: process.stdin, terminal: false })
      .on("line", (text) => {
        isPrompted = false
        isReading = false
        lines.unsafeOffer(text)
      })
      .on("close", () => {
        if (input !== undefined) leave()
      })
  }
  const pause = () => {
    const last = input
    input = undefined
    last?.close()
  }
  const onInterrupt = () => void interrupts.unsafeOffer(undefined)

  // Ctrl-C is a signal here: it stops the turn, not the program.
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const others = process.rawListeners("SIGINT")
      process.removeAllListeners("SIGINT").on("SIGINT", onInterrupt)
      listen()
      return others
    }),
    (others) =>
      Effect.sync(() => {
        pause()
        process.off("SIGINT", onInterrupt)
        for (const other of others) process.on("SIGINT", other as () => void)
      })
  )

  const print = (rows: ReadonlyArray<string>) =>
    Effect.suspend(() => {
      if (rows.length === 0) return Effect.void
      const begin = isPrompted ? "\n" : ""
      isPrompted = false
      return screen.out(`${begin}${rows.join("\n")}\n`)
    })

  const ask = Effect.suspend(() => {
    if (isPrompted || isLeaving) return Effect.void
    isPrompted = true
    return screen.out(prompt)
  })

  /** A line, and those behind it as long as each ends with a backslash. */
  const nextText = Effect.gen(function*() {
    let text = yield* lines.take
    while (/(?<!\\)(?:\\\\)*\\$/.test(text)) text = `${text.slice(0, -1)}\n${yield* lines.take}`
    return text
  })

  const front: Front = {
    columns: () => process.stdout.columns || 80,
    hasColors: false,
    isPlain: true,
    hasEcho: process.stdin.isTTY === true,
    hint: "Ctrl-C stops",
    print,
    refresh: Effect.void,
    choose: (question, choices, at = -1) =>
      Effect.gen(function*() {
        yield* print([
          question,
          ...choices.map(({ remark, title }, n) =>
            `  ${n + 1}  ${line(title)}${remark === "" ? "" : ` (${line(remark)})`}`
          ),
          `1 to ${choices.length}${at >= 0 ? `, now ${at + 1}` : ""}; Enter for none:`
        ])
        yield* ask
        const answer = (yield* lines.take).trim()
        const chosen = choices[Number(answer) - 1]
        return answer === "" || chosen === undefined ? Option.none() : Option.some(chosen.value)
      }),
    aside: (use) =>
      Effect.acquireUseRelease(
        Effect.sync(pause),
        () => use,
        () => Effect.sync(() => isLeaving ? undefined : listen())
      ),
    give: (text) => print([`Not heard: ${line(text)}`]),
    leave: Effect.sync(leave)
  }

  return {
    front,
    /** Takes lines until the conversation is left. */
    run: Effect.fnUntraced(function*(chat: Chat) {
      const reading = Effect.gen(function*() {
        // While a turn runs a line is heard without a prompt, which would stand between what is printed.
        if (chat.state().work === undefined) yield* ask
        isReading = true
        const text = yield* nextText
        const waiting = chat.state().waiting.length
        yield* chat.submit(text, "steer")
        if (chat.state().waiting.length > waiting) yield* print(["The model hears it at its next step."])
        // Something that asks itself takes the next line.
        while (chat.state().work?.isTurn === false) yield* Effect.sleep("20 millis")
      })
      let last = -Infinity
      const interrupting = Effect.gen(function*() {
        yield* interrupts.take
        if (yield* chat.interrupt) return
        const now = yield* Clock.currentTimeMillis
        if (now - last < 2000) return leave()
        last = now
        yield* print(["Ctrl-C once more leaves"])
        yield* ask
      })
      // Whenever nothing runs, the person is asked; a turn may be over before anybody looks.
      const watching = Effect.gen(function*() {
        yield* Effect.sleep("100 millis")
        if (isReading && chat.state().work === undefined) yield* ask
      })
      const closed = screen.closed.pipe(
        Effect.zipRight(interruption.stop("SIGHUP")),
        Effect.zipRight(Effect.never)
      )
      // A closed terminal ends the input as well, and its signal says so a moment later.
      const ended = Effect.zipRight(Deferred.await(left), Effect.sleep("100 millis"))
      yield* Effect.raceAll([
        ended,
        closed,
        Effect.forever(reading),
        Effect.forever(interrupting),
        Effect.forever(watching)
      ])
      // What is told next is not told behind the prompt.
      yield* isPrompted ? screen.out("\n") : Effect.void
    })
  }
})
