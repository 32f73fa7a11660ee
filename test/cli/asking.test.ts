import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Script from "../../src/testing/Script.ts"
import { isThere } from "./pseudoTerminal.ts"
import { applyPatch, lines, machine, platform } from "./support.ts"
import { sit } from "./terminal.ts"

const done = Script.answer(Script.say("Done."))
const bash = (command: string, workdir?: string) =>
  Script.answer(Script.call("bash", workdir === undefined ? { command } : { command, workdir }))
const write = (path: string, content: string) => Script.answer(Script.call("write", { path, content }))

const [enter, escape, interrupt] = ["\r", "\u001B", "\u0003"]
const [up, down, pageUp, pageDown] = ["\u001B[A", "\u001B[B", "\u001B[5~", "\u001B[6~"]

const test = (
  name: string,
  body: () => Effect.Effect<void, unknown, Layer.Layer.Success<typeof platform> | Scope.Scope>
) => it.scopedLive(name, () => body().pipe(Effect.provide(platform), Effect.timeout("280 seconds"), Effect.orDie))

describe.runIf(isThere)("a question on a terminal", () => {
  for (
    const [key, code, said, isDone] of [
      ["y", 0, "yes", true],
      ["Y", 0, "yes", true],
      ["a", 0, "always", true],
      [escape, 0, "no", false],
      ["\u0004", 0, "no", false],
      [interrupt, 130, "Interrupted", false]
    ] as const
  ) {
    test(`takes ${JSON.stringify(key)} for ${said}`, () =>
      Effect.gen(function*() {
        const command = "echo once >> once.txt"
        const person = yield* sit([bash(command), ...key === "a" ? [bash(command)] : []])
        assert.include(
          yield* person.see("n no"),
          "? bash: run this command\n│ echo once >> once.txt\n" +
            "  asked because it is more than plain commands and pipes\n" +
            "  y yes · a always this very command · n no  "
        )
        yield* person.press(key)
        const { code: ended, rest } = yield* person.end
        assert.strictEqual(ended, code, rest)
        assert.include(rest, said)
        assert.strictEqual(existsSync(person.file("once.txt")), isDone)
      }))
  }

  test("tells the model the words that a no comes with", () =>
    Effect.gen(function*() {
      const person = yield* sit([bash("rm a"), bash("rm b")])
      assert.include(yield* person.see("n no"), "│ rm a\n  asked because rm is not known to only look\n")
      yield* person.press("n")
      yield* person.see("why? Enter to skip: ")
      yield* person.press(`keep it, ü\u202E${enter}`)
      yield* person.see("│ rm b")
      assert.include(yield* person.heard, "the user said no (mode ask). The user said: keep it, ü")
      yield* person.press("n")
      yield* person.see("why? Enter to skip: ")
      yield* person.press(enter)
      const { code } = yield* person.end
      assert.strictEqual(code, 0)
      assert.match(yield* person.heard, /the user said no \(mode ask\)\. Do not try/)
    }))

  test("can be stopped while the words are typed", () =>
    Effect.gen(function*() {
      const person = yield* sit([bash("rm a")])
      yield* person.see("n no")
      yield* person.press("n")
      yield* person.see("why? Enter to skip: ")
      yield* person.press(interrupt)
      assert.strictEqual((yield* person.end).code, 130)
    }))

  test("is answered by nothing that was typed before it was there, and by nothing that is pasted", () =>
    Effect.gen(function*() {
      const person = yield* sit([bash("touch a"), bash("touch b")])
      yield* person.type("yyy")
      yield* person.see("n no")
      yield* person.press("yes, do it")
      yield* Effect.sleep("1 second")
      assert.isFalse(existsSync(person.file("a")))
      // A second key, before the next question can have been read.
      yield* person.press("y")
      yield* person.see("yes")
      yield* person.type("y")
      yield* person.see("n no")
      yield* Effect.sleep("1 second")
      assert.deepStrictEqual(["a", "b"].map((name) => existsSync(person.file(name))), [true, false])
      yield* person.press(escape)
      yield* person.end
    }))

  test("that does not fit is shown page by page, and takes no answer before its end", () =>
    Effect.gen(function*() {
      const command = Array.from({ length: 40 }, (_, n) => `echo line ${n}`).join("\n") + "\ntouch made"
      const person = yield* sit([bash(command)], { rows: 16 })
      const first = yield* person.see("15 of 43 rows · Space shows more")
      assert.include(first, "│ echo line 13\n")
      assert.notInclude(first, "echo line 14")
      for (const key of ["y", "a", "n", "v", escape, enter.repeat(2)]) {
        yield* person.press(key)
      }
      yield* Effect.sleep("1 second")
      assert.notInclude(person.screen(), "y yes")
      yield* person.press(" ")
      assert.include(yield* person.see("30 of 43 rows"), "│ echo line 28\n")
      yield* person.press("y")
      yield* person.press(enter)
      assert.include(yield* person.see("n no"), "│ echo line 39\n│ touch made\n")
      assert.isFalse(existsSync(person.file("made")))
      yield* person.press("y")
      assert.strictEqual((yield* person.end).code, 0)
      assert.isTrue(existsSync(person.file("made")))
    }))

  test("that does not fit is read forth and back, and back from its end as well", () =>
    Effect.gen(function*() {
      const command = Array.from({ length: 40 }, (_, n) => `echo line ${n}`).join("\n") + "\ntouch made"
      const person = yield* sit([bash(command)], { rows: 16 })
      assert.notInclude(yield* person.see("15 of 43 rows · Space shows more"), "b back")
      // There is nothing before the first page.
      yield* person.press("b")
      yield* person.press(" ")
      assert.include(yield* person.see("30 of 43 rows · Space shows more · b back"), "│ echo line 28\n")
      for (const key of ["b", pageUp, up]) {
        yield* person.press(key)
        assert.include(yield* person.see("15 of 43 rows"), "? bash: run this command\n│ echo line 0\n")
        yield* person.press("y")
        yield* person.press(pageDown)
        yield* person.see("30 of 43 rows")
      }
      yield* person.press(" ")
      assert.include(yield* person.see("y yes · a always this very command · n no · b back"), "│ touch made\n")
      yield* person.press("b")
      assert.include(yield* person.see("30 of 43 rows"), "│ echo line 28\n")
      yield* person.press("y")
      yield* person.press(down)
      assert.include(yield* person.see("n no · b back"), "│ touch made\n")
      assert.isFalse(existsSync(person.file("made")))
      yield* person.press("y")
      assert.strictEqual((yield* person.end).code, 0)
      assert.isTrue(existsSync(person.file("made")))
    }))

  test("is shown anew in a terminal of another size, from the start", () =>
    Effect.gen(function*() {
      const command = Array.from({ length: 20 }, (_, n) => `echo line ${n}`).join("\n")
      const person = yield* sit([bash(command)])
      assert.include(yield* person.see("n no"), "│ echo line 19\n")
      // At once, too: before a key would count.
      yield* person.resize(60, 12)
      const again = yield* person.see("11 of 22 rows")
      assert.include(again, "? bash: run this command\n│ echo line 0\n")
      yield* person.press("y")
      yield* person.press(" ")
      yield* person.see("n no")
      // Behind a key as well, before the next one would count.
      yield* person.resize(60, 40)
      assert.include(yield* person.see("n no"), "│ echo line 0\n")
      yield* person.press(escape)
      assert.strictEqual((yield* person.end).code, 0)
    }))

  test("about a file shows the change, all of it with v, and it is shown again when it is made", () =>
    Effect.gen(function*() {
      const content = Array.from({ length: 60 }, (_, n) => `line ${n + 1}\n`).join("")
      const person = yield* sit([write("long.txt", content)], { rows: 20 })
      const first = yield* person.see("v view all")
      assert.include(first, "? write: change a file\n│ create long.txt (+60 -0)\n│  1 + line 1\n")
      assert.match(first, /\n {2}… \d+ more lines · v shows all\n/)
      yield* person.press("v")
      assert.notInclude(yield* person.see("Space shows more · q leaves"), "line 60")
      yield* person.press("q")
      yield* person.see("v view all")
      yield* person.press("v")
      for (const seen of ["of 61 rows", "of 61 rows", "of 61 rows"]) {
        yield* person.see(seen)
        yield* person.press(" ")
      }
      assert.include(yield* person.see("v view all"), "│ 60 + line 60\n")
      yield* person.press("y")
      const { code, rest } = yield* person.end
      assert.strictEqual(code, 0)
      assert.match(rest, /✓ Wrote \d+ bytes to long\.txt\.\n│ create long\.txt \(\+60 -0\)\n│ {2}1 \+ line 1\n/)
      assert.strictEqual(readFileSync(person.file("long.txt"), "utf8"), content)
    }))

  for (
    const [key, scope, asksAgain] of [["f", "this file", true], ["d", "sub/", true], ["t", "write", false]] as const
  ) {
    test(`about a file can be answered with always for ${scope}`, () =>
      Effect.gen(function*() {
        const person = yield* sit([
          write("sub/a.txt", "1"),
          write("sub/a.txt", "2"),
          write(key === "f" ? "sub/b.txt" : "c.txt", "3")
        ])
        yield* person.see("n no")
        yield* person.press("a")
        assert.include(
          yield* person.see("Esc back"),
          "  always would allow, for this session\n" +
            "f │ changes of sub/a.txt\nd │ changes of all files in sub/\nt │ every call of write\n" +
            "  always: f this file · d this folder · t this tool · Esc back  "
        )
        yield* person.press(escape)
        yield* person.see("n no")
        yield* person.press("a")
        yield* person.see("Esc back")
        yield* person.press(key)
        if (asksAgain) {
          assert.include(yield* person.see("n no"), key === "f" ? "create sub/b.txt" : "create c.txt")
          assert.strictEqual(readFileSync(person.file("sub/a.txt"), "utf8"), "2")
          yield* person.press(escape)
        }
        assert.strictEqual((yield* person.end).code, 0)
        assert.strictEqual(existsSync(person.file(key === "f" ? "sub/b.txt" : "c.txt")), !asksAgain)
      }))
  }

  test("about a file binds the call to what was shown", () =>
    Effect.gen(function*() {
      const patch = Script.answer(applyPatch("c1", "*** Update File: a.txt", "@@", "-one", "+two"))
      const person = yield* sit([patch], { prepare: (file) => writeFileSync(file("a.txt"), "one\n") })
      assert.include(yield* person.see("n no"), "│ change a.txt (+1 -1)\n│ 1 - one\n│ 1 + two\n")
      writeFileSync(person.file("a.txt"), "one\nmore\n")
      yield* person.press("y")
      assert.strictEqual((yield* person.end).code, 0)
      assert.include(yield* person.heard, "What the user agreed to is not what this call would do now")
      assert.strictEqual(readFileSync(person.file("a.txt"), "utf8"), "one\nmore\n")
    }))
})

/** Each is harmless, and looks as something that it is not to whoever shows it as it comes. */
describe.runIf(isThere)("a command in disguise", () => {
  for (
    const [name, command, shown] of [
      [
        "that turns the order of what is read",
        "ls # \u202Edekram hcuot\u2066\ntouch marked",
        "│ ls # \\u202edekram hcuot\\u2066\n│ touch marked\n"
      ],
      ["of characters without a width", "touch mar\u200Bked \u{E0041}", "│ touch mar\\u200bked \\u{e0041}\n"],
      [
        "behind a long blank",
        `ls${" ".repeat(4000)}; touch marked${" ".repeat(4000)}`,
        "│ ls⟨4000 spaces⟩; touch marked⟨4000 spaces⟩\n"
      ],
      ["behind many blank lines", `ls${"\n".repeat(200)}touch marked`, "│ ls\n│ ⟨199 blank lines⟩\n│ touch marked\n"],
      [
        "in the middle of a long one",
        `echo ${"a".repeat(1500)}; touch marked; echo ${"b".repeat(1500)}`,
        "; touch marked; "
      ]
    ] as const
  ) {
    test(`${name} is shown as it is`, () =>
      Effect.gen(function*() {
        const person = yield* sit([bash(command)], { rows: 100 })
        const question = yield* person.see("n no")
        assert.include(question.replaceAll(/\n┊ /g, ""), shown)
        assert.notMatch(question, /[\u202a-\u202e\u2066-\u2069\u200b]| {17}/)
        yield* person.press(escape)
        yield* person.end
        assert.isFalse(existsSync(person.file("marked")))
      }))
  }

  for (
    const [name, command, spelled] of [
      ["in a sequence that steers terminals", "echo hello \u001B]0;$(touch marked)\u0007", "\\\\x1b"],
      ["behind a return to the start of the line", "touch marked #\rls                 ", "\\\\x0d"],
      ["that is erased as soon as it is shown", "touch marked # \u001B[2K\u001B[1A", "\\\\x1b"]
    ] as const
  ) {
    test(`${name} is not asked about, and the model hears why`, () =>
      Effect.gen(function*() {
        const person = yield* sit([bash(command)])
        const { code } = yield* person.end
        assert.strictEqual(code, 0)
        assert.notInclude(person.screen(), "y yes")
        assert.include(yield* person.heard, `the command has a control character in it (${spelled})`)
        assert.isFalse(existsSync(person.file("marked")))
        // What is told of the call hides nothing either.
        assert.include(person.screen(), spelled.slice(1))
      }))
  }
})

describe("a question in JSON lines", () => {
  test("has the command, the reason, and what always would allow", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(Script.fromTurns([bash("git push \u202E", "sub"), done]))
      const { code, stdout } = yield* run(["--json", "--permission", "ask", "Go"])
      assert.strictEqual(code, 3)
      assert.notInclude(stdout, "\u202E")
      assert.deepInclude(lines(stdout).find(({ type }) => type === "permission.requested"), {
        tool: "bash",
        question: "run git push \u202E in sub",
        rule: "mode ask",
        reason: "it is more than plain commands and pipes",
        command: "git push \u202E",
        workdir: "sub",
        always: [{ scope: "command", allows: [] }]
      })
    }))

  test("has the change, and so has the call that makes it", () =>
    Effect.gen(function*() {
      const { file, fs, run } = yield* machine(Script.fromTurns([write("link.txt", "two\n"), done]))
      yield* fs.writeFileString(file("a.txt"), "one\n")
      yield* fs.symlink("a.txt", file("link.txt"))
      const change = {
        path: "link.txt",
        real_path: file("a.txt"),
        kind: "edit",
        diff: "@@ -1,1 +1,1 @@\n-one\n+two\n",
        added: 1,
        removed: 1
      }
      const asked = lines((yield* run(["--json", "--permission", "ask", "Go"])).stdout)
      assert.deepInclude(asked.find(({ type }) => type === "permission.requested"), {
        tool: "write",
        changes: [change],
        always: [
          { scope: "files", allows: ["changes of a.txt"] },
          { scope: "folder", allows: ["changes of all files in the workspace"] },
          { scope: "tool", allows: ["every call of write"] }
        ]
      })
      const id = String(asked[0]?.["thread_id"])
      const made = lines((yield* run(["resume", id, "--json", "--permission", "auto"])).stdout)
      const item = made.find(({ item, type }) => type === "item.completed" && item?.type === "tool_call")?.item
      assert.deepStrictEqual(item?.["changes"], [change])
      assert.strictEqual(yield* fs.readFileString(file("a.txt")), "two\n")
    }))
})

describe("what shows questions and changes", () => {
  test("is loaded when there is one to show", () =>
    Effect.gen(function*() {
      const { base, file, fs, path, run } = yield* machine(
        Script.fromTurns([bash("touch a"), done, write("b.txt", "b\n"), done])
      )
      yield* fs.writeFileString(file("b.txt"), "a\n")
      const hook = path.join(base, "loaded.cjs")
      yield* fs.writeFileString(
        hook,
        `process.once("exit", () => require("fs").writeFileSync(${JSON.stringify(path.join(base, "loaded.json"))}, ` +
          "JSON.stringify(Object.keys(require.cache).map((file) => require(\"path\").basename(file)))))"
      )
      const loaded = Effect.gen(function*() {
        assert.strictEqual((yield* run(["Go"], { env: { NODE_OPTIONS: `--require ${hook}` } })).code, 0)
        return JSON.parse(yield* fs.readFileString(path.join(base, "loaded.json")))
      })
      const without = yield* loaded
      assert.include(without, "main.js")
      for (const name of ["Person.js", "diff.js", "diff2.js"]) assert.notInclude(without, name)
      assert.includeMembers(yield* loaded, ["diff.js", "diff2.js"])
    }))
})

describe.runIf(isThere)("a server that asks, on a terminal", () => {
  const sitWith = (behaviour: string) =>
    sit([Script.answer(Script.call("mcp__one__echo", {}))], {
      prepare: (_, home) =>
        writeFileSync(
          `${home}/config.json`,
          JSON.stringify({
            mcp_servers: {
              one: {
                command: process.execPath,
                args: [fileURLToPath(new URL("mcpServer.mjs", import.meta.url)), behaviour]
              }
            }
          })
        )
    })
  const answer = "neither "

  test("has a form, whose fields say what they take, and which is sent on a yes", () =>
    Effect.gen(function*() {
      const person = yield* sitWith("asking")
      yield* person.see("n no")
      yield* person.press("y")
      const asked = yield* person.see(`answer it? [y] yes  [n] no  [Esc] ${answer}`)
      assert.include(asked, "The MCP server one asks you:\n│ Where to? \\x1b[2J\nIt gets what you type")
      yield* person.press("y")
      assert.include(yield* person.see("(a text of 3 characters or more)"), "\n│ City\n")
      yield* person.press(`ab${enter}`)
      yield* person.see("That is not what is expected: a text of 3 characters or more.")
      yield* person.press(`Oslo${enter}`)
      // What it is without a word of the person stands there already.
      assert.include(yield* person.see("(a whole number from 1 to 14; Enter alone for none)"), "\n│ days\n")
      yield* person.press(`7${enter}`)
      yield* person.see("That is not what is expected: a whole number from 1 to 14.")
      yield* person.press(enter)
      yield* person.see("│ 2  Second")
      yield* person.press(`2${enter}`)
      assert.include(yield* person.see("send these answers?"), "\n│ City: Oslo\n│ days: 7\n│ class: b\n")
      yield* person.press("y")
      const { code, rest } = yield* person.end
      assert.strictEqual(code, 0, rest)
      assert.include(
        yield* person.heard,
        JSON.stringify(JSON.stringify({ action: "accept", content: { city: "Oslo", days: 7, class: "b" } })).slice(
          3,
          -3
        )
      )
    }))

  for (const [key, action] of [["n", "decline"], [escape, "cancel"]] as const) {
    test(`gets ${action} for ${JSON.stringify(key)}`, () =>
      Effect.gen(function*() {
        const person = yield* sitWith("asking")
        yield* person.see("n no")
        yield* person.press("y")
        yield* person.see(answer)
        yield* person.press(key)
        const { code, rest } = yield* person.end
        assert.strictEqual(code, 0, rest)
        assert.match(yield* person.heard, new RegExp(`action\\\\*":\\\\*"${action}`))
      }))
  }

  test("has a page, of which the person sees where it leads", () =>
    Effect.gen(function*() {
      const person = yield* sitWith("leading")
      yield* person.see("n no")
      yield* person.press("y")
      const asked = yield* person.see(answer)
      assert.include(
        asked,
        "│ Sign in there\nIt wants you to open this page of evil.example:\n│ https://example.com@evil.example/x?a=1\n" +
          "  there is no browser here: will you open it?"
      )
      yield* person.press("n")
      yield* person.end
      assert.match(yield* person.heard, /action\\*":\\*"decline/)
    }))

  test("can be stopped", () =>
    Effect.gen(function*() {
      const person = yield* sitWith("asking")
      yield* person.see("n no")
      yield* person.press("y")
      yield* person.see(answer)
      yield* person.press(interrupt)
      assert.strictEqual((yield* person.end).code, 130)
    }))
})
