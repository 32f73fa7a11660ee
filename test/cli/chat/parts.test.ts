import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Completion from "../../../src/cli/chat/Completion.ts"
import { rank } from "../../../src/cli/chat/fuzzy.ts"
import * as ImagePaths from "../../../src/cli/chat/imagePaths.ts"
import * as InputHistory from "../../../src/cli/chat/InputHistory.ts"
import * as Keys from "../../../src/cli/chat/Keys.ts"
import * as Picker from "../../../src/cli/chat/Picker.ts"
import * as SessionPreview from "../../../src/cli/chat/sessionPreview.ts"
import { commands } from "../../../src/cli/chat/slash/table.ts"
import { filled } from "../../../src/cli/ownPrompts.ts"
import { cells } from "../../../src/cli/verbatim.ts"
import { layerPlatform } from "../../../src/node/NodePlatform.ts"
import { userMessage } from "../../../src/responses/Item.ts"
import * as Usage from "../../../src/responses/Usage.ts"

const folder = () => mkdtempSync(join(tmpdir(), "effixir-test-"))

describe("what was typed before", () => {
  it.effect("is kept for the owner alone, without repeats and without damaged lines", () =>
    Effect.gen(function*() {
      const file = join(folder(), "history.jsonl")
      const first = yield* InputHistory.open(file)
      for (const input of ["one", "two\nlines", "two\nlines", " ", "x".repeat(30_000)]) yield* first.add(input)
      assert.strictEqual(statSync(file).mode & 0o777, 0o600)
      writeFileSync(file, "{\"text\":\n", { flag: "a" })
      const second = yield* InputHistory.open(file)
      assert.deepStrictEqual(second.inputs(), ["one", "two\nlines"])
    }).pipe(Effect.provide(layerPlatform)))

  it.effect("is bounded", () =>
    Effect.gen(function*() {
      const file = join(folder(), "history.jsonl")
      const line = (n: number) => `${JSON.stringify({ at: 0, text: `${n} ${"x".repeat(3000)}` })}\n`
      writeFileSync(file, Array.from({ length: 1500 }, (_, n) => line(n)).join(""), { mode: 0o600 })
      const { inputs } = yield* InputHistory.open(file)
      assert.lengthOf(inputs(), 1000)
      assert.match(inputs().at(-1) ?? "", /^1499 /)
      assert.strictEqual(readFileSync(file, "utf8").trim().split("\n").length, 1000)
      assert.strictEqual(statSync(file).mode & 0o777, 0o600)
    }).pipe(Effect.provide(layerPlatform)))

  it.effect("tells that it cannot be kept", () =>
    Effect.gen(function*() {
      const history = yield* InputHistory.open(join(folder(), "missing", "history.jsonl"))
      assert.match(yield* Effect.flip(history.add("one")), /^what you type is not remembered: ENOENT/)
      assert.deepStrictEqual(history.inputs(), ["one"])
    }).pipe(Effect.provide(layerPlatform)))

  it("is found from the newest to the oldest", () => {
    const inputs = ["Find me", "other", "find ME too"]
    assert.deepStrictEqual([InputHistory.find(inputs, "find me", 3), InputHistory.find(inputs, "find me", 2)], [2, 0])
    assert.isUndefined(InputHistory.find(inputs, "find me", 0))
  })
})

describe("a word that can be completed", () => {
  for (
    const [text, expected] of [
      ["/mo", { kind: "command", from: 0, query: "mo" }],
      ["/model x", undefined],
      ["a /mo", undefined],
      ["/usr/bin", undefined],
      ["see @src/ma", { kind: "file", from: 4, query: "src/ma" }],
      ["see @\"a b", { kind: "file", from: 4, query: "a b" }],
      ["mail me@example", undefined],
      ["@", { kind: "file", from: 0, query: "" }]
    ] as const
  ) {
    it(`is seen in ${text}`, () => assert.deepStrictEqual(Completion.wordAt(text, text.length), expected))
  }

  it("gives the paths that fit best first, as a shell would read them", () => {
    const files = ["src/deep/Chat.ts", "src/chat.ts", "docs/chat notes.md", "cat.ts", "other.ts"]
    const proposed = (query: string) => Completion.ofFiles(query, files).map(({ text }) => text)
    assert.deepStrictEqual(proposed("chat"), ["src/chat.ts ", "src/deep/Chat.ts ", "\"docs/chat notes.md\" "])
    assert.deepStrictEqual(proposed("sdC"), ["src/deep/Chat.ts "])
  })

  it("keeps the order of what fits alike", () => {
    assert.deepStrictEqual(rank("x", ["b", "xa", "xb"], (text) => text), ["xa", "xb"])
  })
})

describe("what was said last in a session", () => {
  const at = "2026-11-30T10:00:00.000Z"
  const turn = (n: number, prompt: string, answer: string) =>
    [
      { _tag: "TurnStarted", turnId: `t${n}`, model: "m", input: [userMessage(prompt)] },
      { _tag: "TurnCompleted", turnId: `t${n}`, answer, usage: Usage.zero, finishReason: "stop" }
    ].map((event, part) => JSON.stringify({ seq: 2 * n + part, key: `t${n}/${part}`, at, event }))
  const preview = (lines: ReadonlyArray<string>) => {
    const file = join(folder(), "log.ndjson")
    writeFileSync(file, `${lines.join("\n")}\n`)
    return SessionPreview.ofLog(file)
  }

  it("is its last prompt and the beginning of its last answer, without anything that controls a terminal", () => {
    const answer = "First\u001B[2J\n\nsecond\nthird\nfourth\nfifth"
    assert.deepStrictEqual(
      preview([...turn(1, "old", "older"), ...turn(2, "new\nand more", answer)]),
      ["  > new⏎ and more", "  First\\x1b[2J", "  second", "  third", "  fourth"]
    )
  })

  it("is found at the end of a long log, and is nothing of one that is damaged or gone", () => {
    const long = Array.from({ length: 40 }, (_, n) => turn(n + 1, "p".repeat(20_000), `answer ${n}`)).flat()
    assert.strictEqual((preview(long)).at(-1), "  answer 39")
    assert.deepStrictEqual(preview(["{", "x".repeat(300_000)]), [])
    assert.deepStrictEqual(SessionPreview.ofLog("/nowhere/log.ndjson"), [])
  })
})

describe("a list to choose from", () => {
  const choices = ["alpha", "beta", "gamma ray"].map((title) => ({
    value: title,
    title,
    remark: "r",
    preview: () => ["  p"]
  }))
  const press = (picker: Picker.Picker<string>, ...keys: ReadonlyArray<Keys.Key>) => {
    let outcome: Picker.Outcome<string> = { _tag: "Open", picker }
    for (const key of keys) if (outcome._tag === "Open") outcome = Picker.update(outcome.picker, key)
    return outcome
  }
  const type = (text: string) => [...text].map((character) => Keys.key(character, { text: character }))

  it("is narrowed down and gone through", () => {
    const picker = Picker.make("Which?", choices)
    const enter = Keys.key("enter")
    assert.deepStrictEqual(press(picker, ...type("ray"), enter), { _tag: "Chosen", value: "gamma ray" })
    assert.deepStrictEqual(press(picker, Keys.key("up"), enter), { _tag: "Chosen", value: "gamma ray" })
    assert.deepStrictEqual(press(picker, Keys.key("down"), enter), { _tag: "Chosen", value: "beta" })
    assert.deepStrictEqual(press(picker, ...type("zzz"), Keys.key("down"), enter)._tag, "Open")
    assert.deepStrictEqual(press(picker, ...type("zzz"), Keys.key("escape")), { _tag: "Left" })
  })

  it("keeps to the room that there is, and shows nothing that moves the cursor", () => {
    const many = Array.from({ length: 50 }, (_, n) => ({
      value: n,
      title: `\u001B[2J漢字 ${n} ${"long ".repeat(30)}`,
      remark: "\u0007",
      preview: () => ["  p"]
    }))
    for (const at of [0, 25, 49]) {
      const rows = Picker.view(Picker.make("Which?", many, at), { columns: 40, height: 10, mark: (row) => row })
      assert.isAtMost(rows.length, 10)
      for (const row of rows) assert.isAtMost(cells(row), 40)
      assert.notMatch(rows.join(""), /\p{Cc}/u)
      assert.include(rows.join("\n"), `› \\x1b[2J漢字 ${at}`)
    }
  })
})

describe("a prompt", () => {
  it("takes words where it has places for them, and else at its end", () => {
    assert.strictEqual(filled("Fix $1 for $2: $ARGUMENTS", "\"a b\" c"), "Fix a b for c: \"a b\" c")
    assert.strictEqual(filled("Fix $1 and $2", "one"), "Fix one and ")
    assert.strictEqual(filled("Fix it", "now"), "Fix it\n\nnow")
    assert.strictEqual(filled("It costs $5, $ARGUMENTS_X", "a b"), "It costs , $ARGUMENTS_X")
    // What is put in is not looked at again.
    assert.strictEqual(filled("$1", "'$2' x"), "$2")
  })

  it.effect("brings the images that it names", () =>
    Effect.gen(function*() {
      const here = folder()
      for (const name of ["a.png", "b c.jpg", "d e.webp", "no.txt"]) writeFileSync(join(here, name), "")
      const named = yield* ImagePaths.inText(
        `see @a.png, 'b c.jpg' d\\ e.webp no.txt gone.png file://${here}/a.png`.replace(",", " ,"),
        here
      )
      assert.deepStrictEqual(named, ["a.png", "b c.jpg", "d e.webp"].map((name) => join(here, name)))
    }))
})

describe("the commands of a conversation", () => {
  it("have a name of their own, and a sentence without an end", () => {
    assert.strictEqual(new Set(commands.map(({ name }) => name)).size, commands.length)
    for (const { name, summary } of commands) {
      assert.match(name, /^[a-z]+$/)
      assert.match(summary, /^[A-Z].*[^.]$/)
    }
  })

  it("are on their page", () => {
    const page = readFileSync(new URL("../../../docs/chat.md", import.meta.url), "utf8")
    for (const { name } of commands) assert.include(page, `/${name}\``)
  })
})
