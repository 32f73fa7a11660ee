import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as TestClock from "effect/TestClock"
import * as fc from "fast-check"
import * as Keys from "../../../src/cli/chat/Keys.ts"

const all = (...pieces: ReadonlyArray<string>): ReadonlyArray<Keys.Key> => {
  let decoder = Keys.empty
  const keys: Array<Keys.Key> = []
  for (const piece of pieces) {
    const decoded = Keys.decode(decoder, piece)
    decoder = decoded.decoder
    keys.push(...decoded.keys)
  }
  return [...keys, ...Keys.flush(decoder).keys]
}

/** As `ctrl-alt-shift-name`. */
const named = (...pieces: ReadonlyArray<string>): string =>
  all(...pieces).map(({ alt, ctrl, name, shift }) =>
    `${ctrl ? "ctrl-" : ""}${alt ? "alt-" : ""}${shift ? "shift-" : ""}${name}`
  ).join(" ")

describe("the keys of a terminal", () => {
  for (
    const [sent, expected] of [
      ["aé漢🎉", "a é 漢 🎉"],
      ["\r", "enter"],
      ["\n", "ctrl-j"],
      ["\u001B\r", "alt-enter"],
      ["\u001B[13;2u", "shift-enter"],
      ["\u001B[13;2:1u", "shift-enter"],
      ["\u001B[99;5u", "ctrl-c"],
      ["\u001B[27u", "escape"],
      ["\u0003\u0004\u001A\u001F\u0000", "ctrl-c ctrl-d ctrl-z ctrl-_ ctrl- "],
      ["\t\u001B[Z", "tab shift-tab"],
      ["\u007F\u0008\u001B\u007F", "backspace ctrl-backspace alt-backspace"],
      ["\u001B[A\u001BOB\u001B[1;5C\u001B[1;3D", "up down ctrl-right alt-left"],
      ["\u001B\u001B[D\u001Bb", "alt-left alt-b"],
      ["\u001B[H\u001B[4~\u001B[3~\u001B[5~", "home end delete pageup"],
      ["\u001B", "escape"],
      ["\u001B\u001B", "escape escape"],
      ["\u001B\u001Bx", "escape alt-x"],
      // What has no meaning here inserts nothing: function keys, focus, replies, releases of keys without a character.
      ["\u001B[15~\u001B[I\u001B[?62;22c\u001BOP\u001B[[A\u001B[57441;2ux", "x"],
      ["\u001B[" + "1;".repeat(100) + "x", ""]
    ] as const
  ) {
    it(`reads ${JSON.stringify(sent.slice(0, 40))}`, () => assert.strictEqual(named(sent), expected))
  }

  it("gives a paste as one, with plain line ends, whatever is in it", () => {
    const text = "one\r\ntwo\rthree\n\u001B[Afour\t\u0003"
    assert.deepStrictEqual(all(`\u001B[200~${text}\u001B[201~x`), [
      Keys.key("paste", { text: "one\ntwo\nthree\n\u001B[Afour\t\u0003" }),
      Keys.key("x", { text: "x" })
    ])
  })

  it("reads a paste of megabytes in small pieces", () => {
    const text = "0123456789abcdef\n".repeat(200_000)
    const sent = `\u001B[200~${text}\u001B[201~`
    const pieces = Array.from({ length: Math.ceil(sent.length / 4096) }, (_, n) => sent.slice(n * 4096, (n + 1) * 4096))
    assert.deepStrictEqual(all(...pieces), [Keys.key("paste", { text })])
  })

  it("gives the same keys wherever what was sent is split", () => {
    const part = fc.constantFrom(
      "a",
      "漢",
      "🎉",
      "\r",
      "\u0003",
      "\u001Bb",
      "\u001B[A",
      "\u001B[1;5C",
      "\u001B[13;2u",
      "\u001BOH",
      "\u001B\u001B[D",
      "\u001B[200~x\u001B[20y\r\n🎉\u001B[201~",
      "\u001B[200~\u001B[201~",
      "\u001B[[C"
    )
    fc.assert(fc.property(fc.array(part, { maxLength: 12 }), fc.array(fc.nat(200), { maxLength: 6 }), (parts, cuts) => {
      const sent = parts.join("")
      const places = [0, ...cuts.map((cut) => cut % (sent.length + 1)).toSorted((a, b) => a - b), sent.length]
      const pieces = places.slice(1).map((to, n) => sent.slice(places[n], to))
      assert.deepStrictEqual(all(...pieces), all(sent))
    }))
  })

  it("survives every input, and never gives control characters as a text but in a paste", () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.nat(0xff), fc.nat(0xffff)), { maxLength: 60 }), (codes) => {
      for (const { name, text } of all(String.fromCharCode(...codes))) {
        if (name !== "paste" && /\p{Cc}/u.test(text)) assert.fail(JSON.stringify(text))
        if (!text.isWellFormed()) assert.fail("half a character")
      }
    }))
  })

  it.effect("takes an Escape for a key once nothing has followed it for a moment", () =>
    Effect.gen(function*() {
      const received = yield* Queue.unbounded<string>()
      const next = Keys.make(received)
      const waiting = yield* Effect.fork(next)
      yield* received.offer("\u001B")
      yield* TestClock.adjust("40 millis")
      assert.isNull(yield* Fiber.poll(waiting).pipe(Effect.map((exit) => exit._tag === "None" ? null : exit)))
      yield* TestClock.adjust("20 millis")
      assert.deepStrictEqual(yield* Fiber.join(waiting), [Keys.key("escape")])
      const arrow = yield* Effect.fork(next)
      yield* received.offer("\u001B")
      yield* TestClock.adjust("40 millis")
      yield* received.offer("[A")
      assert.deepStrictEqual(yield* Fiber.join(arrow), [Keys.key("up")])
    }))
})
