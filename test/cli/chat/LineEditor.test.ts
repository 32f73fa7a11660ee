import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Keys from "../../../src/cli/chat/Keys.ts"
import * as LineEditor from "../../../src/cli/chat/LineEditor.ts"
import { cells } from "../../../src/cli/verbatim.ts"

/** Presses the keys that a terminal sends as these texts. */
const press = (state: LineEditor.State, ...sent: ReadonlyArray<string>): LineEditor.State =>
  sent.flatMap((one) => {
    const { decoder, keys } = Keys.decode(Keys.empty, one)
    return [...keys, ...Keys.flush(decoder).keys]
  }).reduce((state, key) => LineEditor.update(state, key, 40) ?? state, state)

const paste = (text: string) => `\u001B[200~${text}\u001B[201~`

/** The text with a bar where the cursor is. */
const shown = ({ cursor, text }: LineEditor.State) => `${text.slice(0, cursor)}|${text.slice(cursor)}`

const [left, right, up, down] = ["\u001B[D", "\u001B[C", "\u001B[A", "\u001B[B"]
const [home, end, wordLeft, wordRight] = ["\u0001", "\u0005", "\u001Bb", "\u001Bf"]
const [undo, redo, yank] = ["\u001F", "\u001B_", "\u0019"]

describe("the editor of a line", () => {
  for (
    const [what, keys, expected] of [
      ["types", ["abc"], "abc|"],
      ["moves and inserts", ["ac", left, "b", home, "x", end, "y"], "xabcy|"],
      ["goes on in a next line", ["a\\", "\r", "b", "\u001B\r", "c", "\u001B[13;2u", "d", "\n", "e"], "a\nb\nc\nd\ne|"],
      ["keeps a backslash that another one stands for", ["a\\\\", "\r"], "a\\\\|"],
      ["moves by words", ["one two-three", wordLeft, wordLeft, wordLeft, "x", wordRight, "y"], "one xtwoy|-three"],
      ["deletes words", ["one two-three", "\u001B\u007F", "\u0017"], "one |"],
      ["deletes the word behind", ["one two", home, "\u001Bd", yank, yank], "oneone| two"],
      ["kills to the ends of a line", ["one", "\n", "two", left, "\u0015", "\u000B", "\u000B", yank], "one\ntwo|"],
      ["keeps what is killed in a row together", ["one two three", "\u0017", "\u0017", yank], "one two three|"],
      ["deletes whole characters", ["e\u0301👩‍👩‍👧🇩🇪", "\u007F", "\u007F"], "e\u0301|"],
      ["moves over whole characters", ["a👩‍👩‍👧e\u0301", left, left, "x"], "ax|👩‍👩‍👧e\u0301"],
      [
        "goes up and down in the same column",
        ["abcd\\", "\r", "x\\", "\r", "efgh", left, up, up, down, down],
        "abcd\nx\nefg|h"
      ],
      ["undoes what was typed in a row, word by word", ["one two", undo], "one|"],
      ["undoes and redoes", ["one", "\u0017", undo, undo, redo], "one|"],
      ["undoes deletions", ["one", "\u007F", "\u007F", undo], "one|"],
      ["pastes lines", [paste("a\r\nb"), "c"], "a\nbc|"]
    ] as const
  ) {
    it(what, () => assert.strictEqual(shown(press(LineEditor.empty, ...keys)), expected))
  }

  it("leaves keys without a meaning to others", () => {
    for (const name of ["enter", "tab", "escape", "up", "down"]) {
      assert.isUndefined(LineEditor.update(LineEditor.fromText("abc"), Keys.key(name), 40), name)
    }
  })

  it("shows a long paste as a mark, of any size, which is deleted as one and sent as a whole", () => {
    const text = "0123456789abcdef\n".repeat(200_000)
    const state = press(LineEditor.empty, "see ", paste(text), " now")
    assert.deepStrictEqual(LineEditor.view(state, 60).rows, ["see [pasted: 200000 lines] now"])
    assert.strictEqual(LineEditor.textOf(state), `see ${text} now`)
    const without = press(state, wordLeft, left, "\u007F")
    assert.strictEqual(LineEditor.textOf(without), "see  now")
    assert.strictEqual(LineEditor.textOf(press(without, undo)), `see ${text} now`)
    assert.deepStrictEqual(LineEditor.view(press(LineEditor.empty, paste("x".repeat(2000))), 60).rows, [
      "[pasted: 2000 characters]"
    ])
    assert.lengthOf(LineEditor.view(press(LineEditor.empty, paste("x\n".repeat(9))), 60).rows, 10)
  })

  it("breaks rows where the width ends, with wide characters whole", () => {
    const state = press(LineEditor.empty, "漢字漢字ab")
    assert.deepStrictEqual(LineEditor.view(state, 7), {
      rows: ["漢字漢", "字ab"],
      cursor: { row: 1, column: 4 }
    })
    assert.deepStrictEqual(LineEditor.view(press(LineEditor.empty, "👩‍👩‍👧x"), 20).cursor, { row: 0, column: 3 })
  })

  it("shows as many rows as there is room for, with that of the cursor", () => {
    const state = LineEditor.fromText("1\n2\n3\n4\n5\n6\n7\n8")
    assert.deepStrictEqual(LineEditor.view(state, 20, 3), { rows: ["6", "7", "8"], cursor: { row: 2, column: 1 } })
    const { cursor, rows } = LineEditor.view(press(state, up, up, up, up), 20, 3)
    assert.deepStrictEqual([rows, cursor.row], [["3", "4", "5"], 1])
  })

  it("lets no control character of a paste reach the terminal", () => {
    const state = press(LineEditor.empty, paste("a\u001B]0;title\u0007\u009B2J\u202E\tb"))
    assert.deepStrictEqual(LineEditor.view(state, 80).rows, ["a\\x1b]0;title\\x07\\x9b2J\\u202e  b"])
  })

  const anyKey = fc.oneof(
    fc.constantFrom("a", " ", "漢", "🎉", "\u0301", "\t", "\\", "-"),
    fc.constantFrom(left, right, up, down, home, end, wordLeft, wordRight, undo, redo, yank),
    fc.constantFrom("\r", "\n", "\u007F", "\u0004", "\u0017", "\u000B", "\u0015", "\u001Bd", "\u001B\u007F"),
    fc.constantFrom(paste("x\ny"), paste("long ".repeat(300)), paste("l\n".repeat(20)), paste("\u0000\u200B\uD800"))
  )

  it("keeps its promises whatever is pressed", () => {
    fc.assert(fc.property(fc.array(anyKey, { maxLength: 40 }), fc.integer({ min: 4, max: 60 }), (keys, width) => {
      let state = LineEditor.empty
      for (const key of keys) state = press(state, key)
      assert.isTrue(state.cursor >= 0 && state.cursor <= state.text.length)
      assert.isTrue(LineEditor.textOf(state).isWellFormed())
      const { cursor, rows } = LineEditor.view(state, width)
      assert.isBelow(cursor.row, rows.length)
      assert.notMatch(rows.join(""), /\p{Cc}/u)
      // Only what cannot be broken is wider than a row.
      for (const row of rows) assert.isTrue(cells(row) < width || [...row].length < 32, row)
      // Everything can be undone, and done again.
      let back: LineEditor.State = { ...state, redo: [] }
      while (back.undo.length > 0) back = press(back, undo)
      if (state.undo.length < 500) assert.strictEqual(back.text, "")
      while (back.redo.length > 0) back = press(back, redo)
      assert.strictEqual(LineEditor.textOf(back), LineEditor.textOf(state))
    }))
  })

  it("comes back to the cursor's place after going up and down", () => {
    const lines = fc.array(fc.stringMatching(/^[a-z漢]{0,12}$/), { minLength: 2, maxLength: 5 })
    fc.assert(fc.property(lines, (lines) => {
      const state = LineEditor.fromText(lines.join("\n"))
      assert.strictEqual(press(state, up, down).cursor, state.cursor)
    }))
  })
})
