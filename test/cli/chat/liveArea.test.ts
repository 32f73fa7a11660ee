import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as TestClock from "effect/TestClock"
import * as LiveArea from "../../../src/cli/chat/LiveArea.ts"
import * as Emulator from "./emulator.ts"

const screen = (columns = 20, rows = 8) => {
  const emulator = Emulator.make(columns, rows)
  const writes: Array<string> = []
  const size = { columns, rows }
  return {
    emulator,
    writes,
    resize: (columns: number) => {
      size.columns = columns
      emulator.resize(columns)
    },
    output: {
      write: (text: string) =>
        Effect.sync(() => {
          writes.push(text)
          emulator.write(text)
        }),
      size: () => size,
      hasCursor: true
    }
  }
}

const bold = (text: string) => `\u001b[1m${text}\u001b[0m`

/** Rows as they come of plain and styled text, up to the width of the screen. */
const row = fc.oneof(
  fc.constantFrom("", "one", "one two", "one three", bold("one"), `${bold("one")} two`, "漢字", "漢字と", "e\u0301a"),
  fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 20 }),
  fc.constant("x".repeat(20)),
  fc.constant(bold("y".repeat(20)))
)

const rows = fc.array(row, { maxLength: 12 })

const step = fc.oneof(
  fc.record({ type: fc.constant("print" as const), rows }),
  fc.record({ type: fc.constant("draw" as const), rows, at: fc.option(fc.tuple(fc.nat(11), fc.nat(19))) }),
  fc.record({ type: fc.constant("clear" as const) }),
  fc.record({ type: fc.constant("pause" as const) })
)

// oxlint-disable-next-line no-control-regex -- our own sequences
const bare = (row: string) => row.replaceAll(/\u001b\[[\d;]*m/g, "").trimEnd()

describe("LiveArea", () => {
  it.scoped.prop(
    "shows what was printed, and below it what was drawn last",
    [fc.array(step, { maxLength: 30 })],
    ([steps]) =>
      Effect.gen(function*() {
        const { emulator, output } = screen()
        const area = yield* LiveArea.make(output)
        const printed: Array<string> = []
        let live: ReadonlyArray<string> = []
        let cursor: { readonly row: number; readonly column: number } | undefined
        for (const step of steps) {
          switch (step.type) {
            case "print":
              printed.push(...step.rows)
              yield* area.print(step.rows)
              break
            case "draw": {
              live = step.rows
              const [row = 0, column = 0] = step.at ?? []
              cursor = step.at === null || step.rows.length === 0 ? undefined : { row: row % step.rows.length, column }
              const view = { rows: step.rows, cursor }
              yield* area.draw(() => view)
              break
            }
            case "clear":
              live = []
              cursor = undefined
              yield* area.clear
              break
            case "pause":
              yield* TestClock.adjust("1 second")
          }
        }
        yield* area.flush
        const shown = live.slice(Math.max(0, live.length - 7))
        const expected = [...printed, ...shown].map(bare)
        assert.deepStrictEqual(emulator.lines(), expected.slice(0, expected.findLastIndex((row) => row !== "") + 1))
        const at = emulator.cursor()
        assert.strictEqual(at.isShown, cursor !== undefined || live.length === 0)
        if (cursor !== undefined) {
          const skipped = live.length - shown.length
          assert.deepInclude(at, {
            row: printed.length + Math.max(0, cursor.row - skipped),
            column: cursor.column
          })
        }
      }),
    { fastCheck: { numRuns: 100 } }
  )

  it.scoped("sends only what has changed", () =>
    Effect.gen(function*() {
      const { output, writes } = screen(60)
      const area = yield* LiveArea.make(output)
      yield* area.draw(() => ({ rows: ["An answer that grows", "", "> "], cursor: { row: 2, column: 2 } }))
      yield* area.flush
      writes.length = 0
      yield* area.draw(() => ({ rows: ["An answer that grows on", "", "> "], cursor: { row: 2, column: 2 } }))
      yield* area.flush
      assert.deepStrictEqual(writes, ["\u001b[?25l\u001b[2A\u001b[20Gs on\u001b[2B\u001b[3G\u001b[?25h"])
      // A row that is printed where it stands is not written again.
      writes.length = 0
      yield* area.print(["An answer that grows on", ""])
      yield* area.draw(() => ({ rows: ["> "], cursor: { row: 0, column: 2 } }))
      yield* area.flush
      assert.deepStrictEqual(writes, [])
    }))

  it.scoped("asks for a picture 20 times a second at most, however often something is drawn", () =>
    Effect.gen(function*() {
      const { output, writes } = screen()
      const area = yield* LiveArea.make(output)
      let asked = 0
      for (let n = 0; n < 200; n++) {
        yield* area.draw(() => ({ rows: [`picture ${asked++}`] }))
        yield* TestClock.adjust(5)
      }
      assert.isAtMost(asked, 21)
      assert.isAtLeast(asked, 19)
      assert.strictEqual(writes.length, asked)
    }))

  it.scoped("leaves the screen to others, and shows afterwards what was printed meanwhile", () =>
    Effect.gen(function*() {
      const { emulator, output } = screen()
      const area = yield* LiveArea.make(output)
      yield* area.print(["before"])
      yield* area.draw(() => ({ rows: ["live"] }))
      yield* area.suspend
      assert.deepStrictEqual(emulator.lines(), ["before"])
      assert.isTrue(emulator.cursor().isShown)
      yield* area.print(["meanwhile"])
      yield* TestClock.adjust("1 second")
      yield* output.write("another program\r\n")
      yield* area.resume
      yield* area.flush
      assert.deepStrictEqual(emulator.lines(), ["before", "another program", "meanwhile", "live"])
    }))

  it.effect("leaves nothing behind but what was printed", () =>
    Effect.gen(function*() {
      const { emulator, output } = screen()
      yield* Effect.scoped(Effect.gen(function*() {
        const area = yield* LiveArea.make(output)
        yield* area.draw(() => ({ rows: ["one", "two"] }))
        yield* area.flush
        yield* area.print(["printed"])
      }))
      assert.deepStrictEqual(emulator.lines(), ["printed"])
      assert.deepInclude(emulator.cursor(), { row: 1, column: 0, isShown: true })
    }))

  it.scoped("is drawn anew where the terminal has wrapped it", () =>
    Effect.gen(function*() {
      const { emulator, output, resize } = screen(20, 20)
      const area = yield* LiveArea.make(output)
      yield* area.print(["printed"])
      yield* area.draw(() => ({ rows: ["x".repeat(20), "y".repeat(15), "> "], cursor: { row: 2, column: 2 } }))
      yield* area.flush
      resize(10)
      yield* area.draw(() => ({ rows: ["narrow", "> "], cursor: { row: 1, column: 2 } }))
      yield* area.flush
      assert.deepStrictEqual(emulator.lines(), ["printed", "narrow", ">"])
      resize(30)
      yield* area.draw(() => ({ rows: ["wide", "> "], cursor: { row: 1, column: 2 } }))
      yield* area.flush
      assert.deepStrictEqual(emulator.lines(), ["printed", "wide", ">"])
    }))

  it.scoped("prints, and does nothing else, where the cursor cannot be moved", () =>
    Effect.gen(function*() {
      const { output, writes } = screen()
      const area = yield* LiveArea.make({ ...output, hasCursor: false })
      yield* area.draw(() => ({ rows: ["live"] }))
      yield* area.print(["one", "two"])
      yield* area.suspend
      yield* area.print([])
      yield* area.resume
      yield* area.clear
      assert.deepStrictEqual(writes, ["one\ntwo\n"])
    }))
})
