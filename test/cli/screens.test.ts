import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import { isFunctionCallOutput, type Item } from "../../src/responses/Item.ts"
import * as Script from "../../src/testing/Script.ts"
import * as Emulator from "./chat/emulator.ts"
import { isThere as isTmuxThere, sitDown } from "./chat/terminal.ts"
import { isThere, terminal } from "./pseudoTerminal.ts"
import { applyPatch, machine, platform } from "./support.ts"
import { sit } from "./terminal.ts"

/** What differs from run to run and from machine to machine. */
const scrub = (base: string) => (text: string): string =>
  text
    .replaceAll(`${base}/work`, "FOLDER")
    .replaceAll(base, "BASE")
    // A narrow terminal breaks the line of a command in the middle of the id, so that it is copied whole.
    .replace(/(?<=effixir resume )[0-9a-f-]{24,}\n[0-9a-f-]+(?= ")/g, "SESSION")
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, "SESSION")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "TIME")
    // How many pieces a text comes in depends on what secrets look like.
    .replace(/"seq":\d+/g, "\"seq\":N")
    .replace(/call_[0-9a-f]{24}/g, "CALL")
    // The day is told where it is not today, which depends on the hour.
    .replace(/\((?:on \d{4}-\d\d-\d\d )?at \d\d:\d\d\)/g, "(at TIME)")
    .replace(/\d{4}-\d\d-\d\d at \d\d:\d\d/g, "DAY at TIME")
    .replace(/(?:\d+ (?:y|d|h|min|s)\b ?)+(?= ago)|(?<=\bin )(?:\d+ (?:y|d|h|min|s)\b ?)+(?= \(|$)/gm, "SPAN")
    .replace(/^[\d.]+ s(?= · )/gm, "SPAN")
    .replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT")
    // Not every machine has a sandbox.
    .replace(/"available":(?:true|false),"reason":(?:null|"[^"]*")/g, "\"available\":HERE")
    .replace(/("delay_ms"|"duration_ms"):\d+/g, "$1:0")

/** Commands as they are typed, and what comes of them. */
const transcript = Effect.fnUntraced(function*(
  { base, run }: Pick<Effect.Effect.Success<ReturnType<typeof machine>>, "base" | "run">,
  ...commands: ReadonlyArray<ReadonlyArray<string>>
) {
  const parts = yield* Effect.forEach(
    commands,
    (args) =>
      Effect.map(run(args, { env: { COLUMNS: "100" } }), ({ code, stderr, stdout }) => {
        const typed = ["effixir", ...args].map((word) => /^[\w./=-]+$/.test(word) ? word : `"${word}"`).join(" ")
        return `$ ${typed}\n${stdout}${stderr === "" ? "" : `--- stderr\n${stderr}`}--- exit ${code}\n`
      })
  )
  return scrub(base)(parts.join("\n"))
})

const nothing = Script.fromTurns([])

/** A turn in which the model looks, changes, plans and fails. */
const work = Script.fromTurns([
  Script.answer(
    Script.say("Let me look.", { phase: "commentary" }),
    Script.call("read", { path: "notes.txt" })
  ),
  Script.answer(
    Script.call("bash", { command: "echo one; exit 3" })
  ),
  Script.answer(
    Script.call("update_plan", {
      entries: [{ step: "Look", status: "completed" }, { step: "Write", status: "in_progress" }]
    }),
    Script.call("read", { path: "missing.txt" }),
    applyPatch("call_patch", "*** Update File: notes.txt", "@@", " first", "-second", "+2nd", " third")
  ),
  Script.answer(Script.say("Notes are **numbered** now.", { phase: "final_answer" }))
])

const markdown = `## What is there

The folder has **three** kinds of files; see [the list](https://example.com/list) and \`notes.txt\`.
A line of its own.

1. Sources
   - [x] read
   - [ ] changed
2. Tests, which say what the sources are to do, in sentences that are longer than a row

\`\`\`ts
export const kinds = ["sources", "tests", "pages"] // and no others, as far as anybody knows
\`\`\`

| Kind | Files | What they are for |
|------|------:|-------------------|
| sources | 12 | what the program does, room by room |
| pages | 3 | what people read before they use it, and while they do, and 漢字 |

> Nothing was changed.
`

const notes = "first\nsecond\nthird\n"

// `npx vitest run -u test/cli/screens.test.ts` writes them anew, and the change is seen in a review.
describe("What a person sees", () => {
  it.scopedLive("of help", () =>
    Effect.gen(function*() {
      const at = yield* machine(nothing)
      const commands = ["run", "resume", "login", "logout", "status", "models", "demo", "completion"]
      const text = yield* transcript(at, ["--help"], ...commands.map((command) => [command, "--help"]))
      yield* Effect.promise(() => expect(text).toMatchFileSnapshot("screens/help.txt"))
    }).pipe(Effect.provide(platform)))

  it.scopedLive("of status and models", () =>
    Effect.gen(function*() {
      const at = yield* machine(nothing)
      const text = yield* transcript(
        at,
        ["status"],
        ["status", "--refresh"],
        ["status", "--json"],
        ["models"],
        ["logout"],
        ["status"],
        ["status", "--json"]
      )
      yield* Effect.promise(() => expect(text).toMatchFileSnapshot("screens/status.txt"))
    }).pipe(Effect.provide(platform)))

  it.scopedLive("of a run", () =>
    Effect.gen(function*() {
      const at = yield* machine(work)
      yield* at.fs.writeFileString(at.file("notes.txt"), notes)
      const text = yield* transcript(at, ["Number the notes"])
      yield* Effect.promise(() => expect(text).toMatchFileSnapshot("screens/run.txt"))
    }).pipe(Effect.provide(platform)))

  it.scopedLive("of a run in JSON lines", () =>
    Effect.gen(function*() {
      const at = yield* machine(work)
      yield* at.fs.writeFileString(at.file("notes.txt"), notes)
      const text = yield* transcript(at, ["--json", "Number the notes"])
      yield* Effect.promise(() => expect(text).toMatchFileSnapshot("screens/run.jsonl"))
    }).pipe(Effect.provide(platform)))

  it.scopedLive("of a run that is held back, and goes on", () =>
    Effect.gen(function*() {
      const at = yield* machine(Script.fromTurns([
        Script.answer(Script.call("bash", { command: "touch new.txt" })),
        Script.answer(Script.say("Made."))
      ]))
      const text = yield* transcript(
        at,
        ["--permission", "ask", "Make a file"],
        ["resume", "--last", "--permission", "auto"],
        ["resume", "--last"]
      )
      yield* Effect.promise(() => expect(text).toMatchFileSnapshot("screens/held-back.txt"))
    }).pipe(Effect.provide(platform)))

  it.scopedLive.runIf(isThere)("of an answer in Markdown on a terminal", () =>
    Effect.gen(function*() {
      const answer = Script.answer(Script.say(markdown, { phase: "final_answer" }))
      const parts = yield* Effect.forEach([60, 100], (columns) =>
        Effect.gen(function*() {
          const { base, start } = yield* machine(Script.fromTurns([
            Script.answer(
              Script.say("Let me **look**.", { phase: "commentary" }),
              Script.call("bash", { command: "ls" })
            ),
            answer
          ]))
          const { result } = yield* start(["run", "Go"], {
            stdin: null,
            through: terminal(columns, 40),
            env: { TERM: "xterm", NO_COLOR: "1" }
          })
          const { code, stdout } = yield* result
          const emulator = Emulator.make(columns, 40)
          emulator.write(stdout)
          return `${columns} columns\n${scrub(base)(emulator.lines().join("\n"))}\n--- exit ${code}\n`
        }))
      yield* Effect.promise(() => expect(parts.join("\n")).toMatchFileSnapshot("screens/answer.txt"))
    }).pipe(Effect.provide(platform)))

  it.scopedLive.runIf(isTmuxThere)("of a conversation on terminals of many widths", () =>
    Effect.gen(function*() {
      const turns = [
        Script.answer(
          Script.think("**Looking** at the notes first."),
          Script.call("read", { path: "notes.txt" })
        ),
        Script.answer(
          Script.call("bash", { command: "echo one; exit 3" }),
          Script.call("update_plan", {
            entries: [{ step: "Look", status: "completed" }, { step: "Write", status: "in_progress" }]
          }),
          applyPatch("call_patch", "*** Update File: notes.txt", "@@", " first", "-second", "+2nd", " third")
        ),
        Script.answer(Script.say(markdown, { phase: "final_answer" }))
      ]
      const stages = new Map([[0, turns[0]], [1, turns[1]], [3, turns[2]]])
      const person = yield* sitDown(({ input }) =>
        stages.get(input.filter(isFunctionCallOutput).length) ?? Script.answer(Script.say("Too much."))
      )
      const parts = yield* Effect.forEach([60, 80, 120, 300], (columns) =>
        Effect.gen(function*() {
          writeFileSync(person.file("notes.txt"), notes)
          const shown = yield* person.start({ columns, rows: 70 })
          yield* shown.see("/help shows")
          yield* shown.type("Number the notes, and say what there is in this folder beside them")
          yield* shown.press("Enter")
          yield* shown.see(/\d+ s · \d+ tokens read/)
          yield* shown.see("week 34 %")
          const text = scrub(person.base)(shown.history())
          yield* shown.press("C-d")
          yield* shown.end
          return `${columns} columns\n${text}\n`
        }))
      yield* Effect.promise(() => expect(parts.join("\n")).toMatchFileSnapshot("screens/conversation.txt"))
    }).pipe(Effect.provide(platform)))

  /** What a turn with one question shows: each key is pressed once what it answers is there. */
  const asked = Effect.fnUntraced(function*(
    call: Item,
    ...answers: ReadonlyArray<readonly [shown: string, key: string]>
  ) {
    const prepare = (file: (name: string) => string) => writeFileSync(file("notes.txt"), notes)
    const { base, end, press, screen, see } = yield* sit([Script.answer(call)], { columns: 80, prepare })
    for (const [shown, key] of answers) {
      yield* see(shown)
      yield* press(key)
    }
    const { code } = yield* end
    const emulator = Emulator.make(80, 40)
    emulator.write(screen())
    return `${scrub(base)(emulator.lines().join("\n"))}\n--- exit ${code}\n`
  })

  it.scopedLive.runIf(isThere)("of a question about a command", () =>
    Effect.gen(function*() {
      const text = yield* asked(
        Script.call("bash", { command: "npm test && git commit -m 'Number the notes'" }),
        ["n no", "n"],
        ["Enter to skip", "not yet\r"]
      )
      yield* Effect.promise(() => expect(text).toMatchFileSnapshot("screens/question-command.txt"))
    }).pipe(Effect.provide(platform)))

  it.scopedLive.runIf(isThere)("of a question about a change of files", () =>
    Effect.gen(function*() {
      const text = yield* asked(
        applyPatch("call_patch", "*** Update File: notes.txt", "@@", " first", "-second", "+2nd", " third"),
        ["n no", "a"],
        ["Esc back", "d"]
      )
      yield* Effect.promise(() => expect(text).toMatchFileSnapshot("screens/question-files.txt"))
    }).pipe(Effect.provide(platform)))

  it.scopedLive("of what goes wrong", () =>
    Effect.gen(function*() {
      const at = yield* machine(nothing)
      yield* at.fs.writeFileString(`${at.home}/config.json`, "{}")
      const text = yield* transcript(
        at,
        ["--modle", "gpt-5.5", "hi"],
        ["run", "-m"],
        ["run", "--permission", "always", "hi"],
        ["run", "--timeout", "soon", "hi"],
        ["stauts"],
        ["run", "-C", "/nowhere", "hi"],
        ["run", "-i", "none.png", "hi"],
        ["run", "--policy", "none.json", "hi"],
        ["resume", "01999999-aaaa"],
        ["resume", "--last"],
        ["run", "--auth", "api-key", "hi"]
      )
      yield* Effect.promise(() => expect(text).toMatchFileSnapshot("screens/errors.txt"))
    }).pipe(Effect.provide(platform)))
})
