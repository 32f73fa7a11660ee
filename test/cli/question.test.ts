import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { writeFileSync } from "node:fs"
import * as diff from "../../src/cli/render/diff.ts"
import * as question from "../../src/cli/render/question.ts"
import { bar, cells, type Options } from "../../src/cli/verbatim.ts"
import type { Question, Subject } from "../../src/tools/permission/Approver.ts"
import * as Grants from "../../src/tools/permission/Grants.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import { Workspace } from "../../src/tools/workspace/Workspace.ts"
import { readBack, sly } from "../shown.ts"
import { at, layer, put } from "../tools/support.ts"

const plain = (columns: number, rows = 24): Options => ({ size: { columns, rows }, hasColors: false })

const asked = (
  subject: Subject,
  scopes: ReadonlyArray<Grants.Scope> = [],
  tool = "bash",
  reason?: string
): Question => ({
  sessionId: "s",
  itemId: "i",
  tool,
  text: "",
  subject,
  reason,
  scopes
})

const command = (text: string, workdir?: string): Question =>
  asked(
    { _tag: "Command", command: text, workdir },
    Grants.ofCommand("bash", text, { workdir, isExact: false }),
    "bash",
    "it is more than plain commands and pipes"
  )

/** What stands behind the bars of one text, as one text again. */
const quotedIn = (rows: ReadonlyArray<string>, from: number): string => {
  const text: Array<string> = []
  for (const row of rows.slice(from)) {
    if (row.startsWith(bar.first)) text.push(row.slice(bar.first.length))
    else if (row.startsWith(bar.next)) text.push((text.pop() ?? "") + row.slice(bar.next.length))
    else break
  }
  return text.join("\n")
}

describe("a question about a command", () => {
  it("that would run again shows that it does, the whole of it, and what it could write then", () => {
    const writable = ["/home/ada/.npm", "/opt/a\u202Eb"]
    const again = asked(
      { _tag: "Command", command: "npm ci", workdir: undefined, writable },
      Grants.ofWritable(writable),
      "bash",
      "why"
    )
    assert.deepStrictEqual(question.questionRows(again, plain(80)).rows, [
      "? bash: run this command again, from its start",
      "│ npm ci",
      "  and let it write here as well, and in what lies in it",
      "│ /home/ada/.npm",
      "│ /opt/a\\u202eb",
      "  asked because why",
      "  always would allow, for this session",
      "│ writing of any command in /home/ada/.npm",
      "│ writing of any command in /opt/a\\u202eb"
    ])
  })

  it("shows the very command, however wide the terminal is", () => {
    fc.assert(
      fc.property(sly, fc.integer({ min: 12, max: 200 }), (text, columns) => {
        const { isPart, rows } = question.questionRows(command(text), plain(columns))
        assert.strictEqual(readBack(quotedIn(rows, 1)), text)
        assert.isFalse(isPart)
      }),
      { numRuns: 1000 }
    )
  })

  it("has no row that a terminal would break, or that could be one of the question's own", () => {
    fc.assert(
      fc.property(sly, fc.integer({ min: 60, max: 200 }), (text, columns) => {
        const { rows } = question.questionRows(command(text, text), plain(columns))
        const own = rows.filter((row) => !row.startsWith(bar.first) && !row.startsWith(bar.next))
        assert.deepStrictEqual(own.slice(0, 3), [
          "? bash: run this command",
          "  in the folder",
          "  asked because it is more than plain commands and pipes"
        ])
        for (const row of rows) {
          // A count is never taken apart, nor what stands above a letter.
          if (!/⟨[^⟩]*⟩.?$/u.test(row)) assert.isAtMost(cells(row), columns, row)
        }
      }),
      { numRuns: 300 }
    )
  })

  it("is the same with colours, but for the colours", () => {
    fc.assert(
      fc.property(sly, (text) => {
        const of = command(text)
        const colored = question.questionRows(of, { ...plain(70), hasColors: true }).rows
        // oxlint-disable-next-line no-control-regex -- colours are what this is about
        const bare = colored.map((row) => row.replaceAll(/\u001b\[\d+m/g, ""))
        assert.deepStrictEqual(bare, question.questionRows(of, plain(70)).rows)
      }),
      { numRuns: 300 }
    )
  })

  it("says where it runs, why it is asked about, and what always would allow", () => {
    assert.deepStrictEqual(
      question.questionRows(
        {
          ...command("git push origin && rm 'a b'", "pack age"),
          reason: "git push is not known to only look"
        },
        plain(80)
      ).rows,
      [
        "? bash: run this command",
        "│ git push origin && rm 'a b'",
        "  in the folder",
        "│ pack age",
        "  asked because git push is not known to only look",
        "  always would allow, for this session",
        "│ in the folder 'pack age', commands that begin with git push",
        "│ in the folder 'pack age', the command rm 'a b'"
      ]
    )
    assert.strictEqual(question.prompt(command("ls"), { isPart: false }), "  y yes · a always · n no  ")
    assert.strictEqual(
      question.prompt(command("ls > x"), { isPart: false }),
      "  y yes · a always this very command · n no  "
    )
  })

  it("shows long ones whole, and where a row goes on", () => {
    const long = `for name in one two three; do\n\ttouch "$name" ${"and-another-name ".repeat(4)}\ndone`
    assert.deepStrictEqual(question.questionRows(command(long), plain(40)).rows, [
      "? bash: run this command",
      "│ for name in one two three; do",
      "│ ⇥touch \"$name\" and-another-name ",
      "┊ and-another-name and-another-name ",
      "┊ and-another-name⟨1 space⟩",
      "│ done",
      "  asked because it is more than plain ",
      "┊ commands and pipes"
    ])
    const { rows } = question.questionRows(command(`echo ${"x".repeat(5000)}; touch y`), plain(80))
    assert.isAbove(rows.length, 60)
    assert.strictEqual(quotedIn(rows, 1), `echo ${"x".repeat(5000)}; touch y`)
  })

  it("shows what a tool of which nothing is known is called with", () => {
    const args = "{\"to\":\"a\\u202eb\",\"text\":\"two\\nlines\"}"
    const rows = question.questionRows(
      asked({ _tag: "Call", arguments: args }, Grants.ofTool("mail"), "mail"),
      plain(80)
    )
    assert.deepStrictEqual(rows.rows, [
      "? mail: call it with",
      "│ {",
      "│   \"to\": \"a\\u202eb\",",
      "│   \"text\": \"two\\nlines\"",
      "│ }",
      "  always would allow, for this session",
      "│ every call of mail"
    ])
  })
})

/** The question about a call of a tool that changes files of a folder. */
const about = Effect.fnUntraced(function*(name: string, args: unknown, options: Options) {
  const { root } = yield* Workspace
  const tools = yield* ToolExecutor.ToolExecutor
  const call = typeof args === "string"
    ? { type: "custom_tool_call", call_id: "c", name, input: args } as const
    : { type: "function_call", call_id: "c", name, arguments: JSON.stringify(args) } as const
  const access = yield* tools.access(call)
  const preview = yield* Effect.flatten(tools.preview(call, { sessionId: "s" }))
  const paths = access.kind === "write" ? access.paths : []
  const of = asked({ _tag: "Changes", changes: preview.changes }, Grants.ofFiles(name, paths), name)
  const shown = question.questionRows(of, options)
  return { ...shown, of, rows: shown.rows.map((row) => row.replaceAll(root, "ROOT")) }
})

const lines = (count: number) => Array.from({ length: count }, (_, n) => `line ${n + 1}\n`).join("")

describe("a question about files", () => {
  it.scoped("shows a new file", () =>
    Effect.gen(function*() {
      const { isPart, of, rows } = yield* about("write", { path: "a.go", content: "one\n\ttwo\nend" }, plain(80))
      assert.deepStrictEqual([isPart, rows], [false, [
        "? write: change a file",
        "│ create a.go (+3 -0)",
        "│ 1 + one",
        "│ 2 +     two",
        "│ 3 + end",
        "│   \\ No newline at end of file"
      ]])
      assert.strictEqual(question.prompt(of, { isPart }), "  y yes · a always · n no  ")
      assert.deepStrictEqual(question.alwaysRows(of.scopes, plain(80)), [
        "  always would allow, for this session",
        "f │ changes of a.go",
        "d │ changes of all files in the workspace",
        "t │ every call of write"
      ])
      assert.strictEqual(
        question.scopePrompt(of.scopes),
        "  always: f this file · d this folder · t this tool · Esc back  "
      )
    }).pipe(Effect.provide(layer)))

  it.scoped("shows what goes and what comes with the numbers of their lines, and where links lead", () =>
    Effect.gen(function*() {
      yield* put("inside/b.txt", lines(12))
      const edit = { path: "link-in/b.txt", old_string: "line 10\nline 11", new_string: "line ten\u202E" }
      assert.deepStrictEqual((yield* about("edit", edit, plain(80))).rows, [
        "? edit: change a file",
        "│ change link-in/b.txt -> ROOT/inside/b.txt (+1 -2)",
        "│  7   line 7",
        "│  8   line 8",
        "│  9   line 9",
        "│ 10 - line 10",
        "│ 11 - line 11",
        "│ 10 + line ten\\u202e",
        "│ 11   line 12"
      ])
      const colored = (yield* about("edit", edit, { ...plain(80), hasColors: true })).rows
      assert.include(colored, "\u001B[31m│ 10 - line 10\u001B[39m")
      assert.include(colored, "\u001B[32m│ 10 + line ten\u001B[7m\\u202e\u001B[27m\u001B[39m")
    }).pipe(Effect.provide(layer)))

  it.scoped("shows each file of a patch", () =>
    Effect.gen(function*() {
      yield* put("a.txt", "one\ntwo\n")
      yield* put("b.txt", "b\n")
      yield* put("old.txt", "stays\n")
      const patch = [
        "*** Begin Patch",
        "*** Update File: a.txt",
        "@@",
        "-one",
        "+1",
        "*** Delete File: b.txt",
        "*** Update File: old.txt",
        "*** Move to: new/name.txt",
        "@@",
        " stays",
        "+and goes on",
        "*** End Patch"
      ].join("\n")
      const { of, rows } = yield* about("apply_patch", patch, plain(80, 50))
      assert.deepStrictEqual(rows, [
        "? apply_patch: change 3 files",
        "│ change a.txt (+1 -1)",
        "│ delete b.txt (+0 -1)",
        "│ move old.txt to new/name.txt (+1 -0)",
        "│ change a.txt (+1 -1)",
        "│ 1 - one",
        "│ 1 + 1",
        "│ 2   two",
        "│ delete b.txt (+0 -1)",
        "│ 1 - b",
        "│ move old.txt to new/name.txt (+1 -0)",
        "│ 1   stays",
        "│ 2 + and goes on"
      ])
      assert.deepStrictEqual(question.alwaysRows(of.scopes, plain(80)).slice(0, 5), [
        "  always would allow, for this session",
        "f │ changes of a.txt",
        "  │ changes of b.txt",
        "  │ changes of old.txt",
        "  │ changes of new/name.txt"
      ])
    }).pipe(Effect.provide(layer)))

  it.scoped("shows as much as there is room for, and says how much there is more", () =>
    Effect.gen(function*() {
      const write = { path: "long.txt", content: lines(500) }
      const { isPart, of, rows } = yield* about("write", write, plain(80))
      assert.isTrue(isPart)
      assert.isAtMost(rows.length, 24)
      assert.strictEqual(rows.at(-1), `  … ${501 - (rows.length - 2)} more lines · v shows all`)
      assert.strictEqual(question.prompt(of, { isPart }), "  y yes · a always · n no · v view all  ")
      const changes = of.subject._tag === "Changes" ? of.subject.changes : []
      assert.strictEqual(diff.changeRows(changes, plain(80)).at(-1), "│ 500 + line 500")
    }).pipe(Effect.provide(layer)))

  it.scoped("says what cannot be shown of a file", () =>
    Effect.gen(function*() {
      writeFileSync(yield* at("picture"), new Uint8Array([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0]))
      assert.deepStrictEqual(
        (yield* about("write", { path: "picture", content: "text\n" }, plain(120))).rows,
        [
          "? write: change a file",
          "│ change picture (+1 -0; what is there now is a binary file (PNG image, 10 bytes))",
          "│ 1 + text"
        ]
      )
      yield* put("windows.txt", "one\r\ntwo\r\n")
      const edit = { path: "windows.txt", old_string: "two", new_string: "2" }
      assert.deepStrictEqual((yield* about("edit", edit, plain(80))).rows, [
        "? edit: change a file",
        "│ change windows.txt (+1 -1; its lines end as on Windows (CRLF))",
        "│ 1   one",
        "│ 2 - two",
        "│ 2 + 2"
      ])
    }).pipe(Effect.provide(layer)))
})
