import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as FastCheck from "fast-check"
import { readdirSync, readFileSync } from "node:fs"
import type { Item } from "../../../src/responses/Item.ts"
import { isToolCall, isToolCallOutput } from "../../../src/responses/ToolCall.ts"
import * as History from "../../../src/session/History.ts"
import type { Lines, Tool } from "../../../src/session/import/ForeignSession.ts"
import { fromEntries, type Summary } from "../../../src/session/import/ImportedEvents.ts"
import { sentence } from "../../../src/session/import/Loss.ts"
import * as SessionImport from "../../../src/session/import/SessionImport.ts"
import { endsTurn, SessionEvent, width } from "../../../src/session/SessionEvent.ts"
import * as SessionStore from "../../../src/session/SessionStore.ts"

const folder = new URL("fixtures/", import.meta.url)

/** Files that the agents have written, with long texts cut. */
const fixtures = readdirSync(folder)

const toolOf = (file: string) => file.split(/[-.]/)[0] as Tool

const linesOf = (file: string): ReadonlyArray<unknown> => {
  const text = readFileSync(new URL(file, folder), "utf8")
  if (!file.endsWith(".json")) return text.trim().split("\n").map((line): unknown => JSON.parse(line))
  const { info, messages } = JSON.parse(text)
  return [info, ...messages]
}

const read = (tool: Tool, lines: Lines) => {
  const events: Array<{ readonly key: string; readonly event: SessionEvent }> = []
  const reading = fromEntries(SessionImport.formats[tool].read(lines), { sessionId: "session-1", tool })
  for (let next = reading.next();; next = reading.next()) {
    if (next.done === true) return { events, summary: next.value, input: inputOf(events.map(({ event }) => event)) }
    events.push(next.value)
  }
}

/** With the numbers that the log gives them. */
const inputOf = (events: ReadonlyArray<SessionEvent>) => {
  let seq = 1
  const numbered = events.map((event) => {
    const one = { ...event, seq }
    seq += width(event)
    return one
  })
  return History.toInput(History.fromEvents(numbered), { model: "gpt-6.2-sol", account: "somebody" })
}

/** A conversation in few words. */
const told = (items: ReadonlyArray<Item>): ReadonlyArray<string> =>
  items.map((item) => {
    const { arguments: args, call_id: id, content, name, output, role, type } = item
    if (isToolCall(item)) return `${String(id)} ${String(name)} ${String(args)}`
    if (isToolCallOutput(item)) return `${String(id)} = ${typeof output === "string" ? output : parts(output)}`
    return `${role === undefined ? type : String(role)}: ${parts(content)}`
  })

const parts = (content: unknown): string =>
  Array.isArray(content)
    ? content.map((part) => part.type === "input_image" ? String(part.image_url).slice(0, 22) : part.text).join(" | ")
    : String(content)

const lossesOf = ({ losses }: Summary) => Object.fromEntries(losses)

const echo = "{\"command\":\"echo hello-from-tool\",\"description\":\"say hello\"}"

describe("An imported session", () => {
  it("of Codex has what was said, the picture, and both calls", () => {
    const { input, summary } = read("codex", linesOf("codex.jsonl"))
    assert.deepStrictEqual(told(input), [
      "user: <image name=[Image #1] path=\"dot.png\"> | data:image/png;base64, | </image> | Look at the folder please TWO",
      "assistant: Let me look.",
      "call_00000015 exec_command {\"cmd\":\"echo hello-from-tool\"}",
      "call_00000018 exec_command {\"cmd\":\"echo hello-from-tool\"}",
      "call_00000015 = Chunk ID: 752935\nWall time: 0.0000 seconds\nProcess exited with code 0\nOriginal token count: 4\nOutput:\nhello-from-tool\n",
      "call_00000018 = Chunk ID: b290f2\nWall time: 0.0000 seconds\nProcess exited with code 0\nOriginal token count: 4\nOutput:\nhello-from-tool\n",
      "assistant: All done: it said hello.",
      "user: and now NOTOOL",
      "assistant: All done: it said hello."
    ])
    assert.deepInclude(summary, {
      foreignId: "01a22916-49a9-7e83-ad03-b4357f4e181f",
      folder: "/home/ada/project",
      title: "Look at the folder please TWO",
      turns: 2,
      calls: 2
    })
    assert.deepStrictEqual(lossesOf(summary), { Thought: 3 })
  })

  it("of Claude Code has the outputs of parallel calls, of which one alone leads on", () => {
    const { input, summary } = read("claude", linesOf("claude.jsonl"))
    const turn = (from: number, said: ReadonlyArray<string>) => {
      const [one, two] = [from, from + 1].map((n) => `toolu_${n.toString(16).padStart(8, "0")}`)
      return [
        ...said,
        "assistant: Let me look.",
        `${one} Bash ${echo}`,
        `${two} Bash ${echo}`,
        `${one} = hello-from-tool`,
        `${two} = hello-from-tool`,
        "assistant: All done: it said hello."
      ]
    }
    assert.deepStrictEqual(told(input), [
      ...turn(2, ["user: Look at the folder TWO"]),
      ...turn(8, ["user: and now NOTOOL @dot.png", "user: data:image/png;base64,"])
    ])
    assert.deepStrictEqual(lossesOf(summary), { Thought: 4 })
  })

  it("of Pi has the ids of its calls without those of its items", () => {
    const { input, summary } = read("pi", linesOf("pi.jsonl"))
    assert.deepStrictEqual(told(input), [
      "user: <file name=\"/home/ada/project/dot.png\"></file>\nLook at the folder TWO | data:image/png;base64,",
      "assistant: Let me look.",
      `call_0000002b bash ${echo}`,
      `call_0000002e bash ${echo}`,
      "call_0000002b = hello-from-tool\n",
      "call_0000002e = hello-from-tool\n",
      "assistant: All done: it said hello.",
      "user: and now NOTOOL",
      "assistant: All done: it said hello."
    ])
    assert.deepInclude(summary, { foreignId: "01a22916-9c7c-7b17-816b-e96d7316e220", turns: 2, calls: 2 })
  })

  it("of opencode has prompts without the quotes of `run`", () => {
    const { input, summary } = read("opencode", linesOf("opencode.json"))
    assert.deepStrictEqual(told(input), [
      "user: Called the Read tool with the following input: {\"filePath\":\"/home/ada/project/dot.png\"} | " +
      "Image read successfully | data:image/png;base64, | Look at the folder TWO",
      "assistant: Let me look.",
      `call_00000052 bash ${echo}`,
      `call_00000055 bash ${echo}`,
      "call_00000052 = hello-from-tool\n",
      "call_00000055 = hello-from-tool\n",
      "assistant: All done: it said hello.",
      "user: and now NOTOOL",
      "assistant: All done: it said hello."
    ])
    assert.deepInclude(summary, { foreignId: "ses_dd6e8d583ffeSR0H6FNLuEYk2M", title: "A title" })
  })

  it.each(["codex-killed.jsonl", "pi-killed.jsonl", "opencode-killed.json"])(
    "that ended in the middle of a call is interrupted, and says so of the call: %s",
    (file) => {
      const { events, input, summary } = read(toolOf(file), linesOf(file))
      assert.strictEqual(events.at(-1)?.event._tag, "TurnInterrupted")
      assert.match(told(input).at(-1) ?? "", /= \[The call was interrupted before it ended/)
      assert.deepStrictEqual(lossesOf(summary), { Thought: 1, NoOutput: 1 })
    }
  )

  it("of Claude Code that was killed and gone on with follows the line that was gone on from", () => {
    const lines = linesOf("claude-killed.jsonl")
    const killed = read("claude", lines.slice(0, 8))
    assert.deepStrictEqual(lossesOf(killed.summary), { Thought: 1, NoOutput: 1 })
    const goneOnWith = read("claude", lines)
    assert.deepStrictEqual(told(goneOnWith.input), ["user: Look SLOW", "assistant: Let me look."])
    assert.deepStrictEqual(lossesOf(goneOnWith.summary), { Thought: 1, Branch: 1 })
  })

  it.each(fixtures)("has usage, a model and keys of its own: %s", (file) => {
    const { events } = read(toolOf(file), linesOf(file))
    assert.strictEqual(new Set(events.map(({ key }) => key)).size, events.length)
    for (const { event } of events) {
      assert.isTrue(Schema.is(SessionEvent)(event))
      if (event._tag !== "ModelResponded" || file === "opencode-killed.json") continue
      assert.isAbove(event.usage.inputTokens, 100)
      assert.match(event.model, /^(?:gpt|claude)-/)
    }
  })

  it("goes along the branch that counts", () => {
    const entry = (id: string, parentId: string | null, role: string, text: string) => ({
      type: "message",
      id,
      parentId,
      message: { role, content: [{ type: "text", text }], timestamp: id }
    })
    const { input, summary } = read("pi", [
      { type: "session", version: 3, id: "s", cwd: "/", timestamp: "2026-11-29T20:00:00Z" },
      entry("a", null, "user", "one"),
      entry("b", "a", "assistant", "first answer"),
      entry("c", "b", "user", "left"),
      entry("d", "c", "assistant", "left as well"),
      { type: "branch_summary", id: "e", parentId: "b", fromId: "d", summary: "nothing came of it" },
      { type: "session_info", id: "f", parentId: "e", name: "My own title" },
      entry("g", "f", "user", "two")
    ])
    assert.deepStrictEqual(told(input), [
      "user: one",
      "assistant: first answer",
      "user: A branch of this conversation was left. What happened on it:\n\nnothing came of it",
      "user: two"
    ])
    assert.deepStrictEqual(lossesOf(summary), { Branch: 2 })
    assert.strictEqual(summary.title, "My own title")
  })

  it("of Pi's first version, whose entries have no ids, has all of them", () => {
    const { input } = read("pi", [
      { type: "session", id: "s", cwd: "/", timestamp: "2025-11-29T20:00:00Z" },
      { type: "message", message: { role: "user", content: "one" } },
      { type: "message", message: { role: "bashExecution", command: "ls", output: "a\nb", exitCode: 0 } },
      { type: "message", message: { role: "assistant", content: [{ type: "text", text: "two" }], timestamp: 1 } }
    ])
    assert.deepStrictEqual(told(input), ["user: one", "user: I ran `ls`.\n\na\nb", "assistant: two"])
  })

  it("of opencode ends where the person went back to", () => {
    const lines = linesOf("opencode.json")
    const [info, ...messages] = lines as Array<{ readonly info?: { readonly id: string } }>
    const { input, summary } = read("opencode", [
      { ...info, revert: { messageID: messages[3]?.info?.id } },
      ...messages
    ])
    assert.strictEqual(told(input).at(-1), "assistant: All done: it said hello.")
    assert.deepInclude(summary, { turns: 1 })
    assert.strictEqual(lossesOf(summary)["Branch"], 2)
  })

  it("of Codex leaves out what was rolled back", () => {
    const lines = linesOf("codex.jsonl")
    const { input, summary } = read("codex", [
      ...lines,
      { type: "event_msg", payload: { type: "thread_rolled_back", num_turns: 1 } },
      {
        type: "response_item",
        payload: { type: "message", role: "user", content: [{ type: "input_text", text: "instead" }] }
      }
    ])
    assert.deepStrictEqual(told(input).slice(-2), ["assistant: All done: it said hello.", "user: instead"])
    assert.strictEqual(lossesOf(summary)["Branch"], 2)
  })

  it("of an older Codex, with bare items, has no words of Codex itself", () => {
    const user = (text: string) => ({ type: "message", role: "user", content: [{ type: "input_text", text }] })
    const { input, summary } = read("codex", [
      { id: "old", timestamp: "2025-06-01T00:00:00Z", instructions: null },
      user("<environment_context>\n  <cwd>/</cwd>\n</environment_context>"),
      user("# AGENTS.md instructions for /\n\nbe kind"),
      user("list it"),
      { record_type: "state" },
      { type: "local_shell_call", call_id: "c1", status: "completed", action: { type: "exec", command: ["ls"] } },
      { type: "function_call_output", call_id: "c1", output: { content: "a", success: true } },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "There is a." }] }
    ])
    assert.deepStrictEqual(told(input), [
      "user: list it",
      "c1 local_shell {\"type\":\"exec\",\"command\":[\"ls\"]}",
      "c1 = a",
      "assistant: There is a."
    ])
    assert.deepStrictEqual(lossesOf(summary), { Unknown: 1 })
  })

  it("of Claude Code that was compacted is sent as its summary, and nothing of it is lost", () => {
    const { events, input } = read("claude", linesOf("claude-compacted.jsonl"))
    const [compacted, ...others] = events.filter(({ event }) => event._tag === "Compacted")
    assert.isEmpty(others)
    assert.deepInclude(compacted?.event, { method: "local", account: "imported:claude" })
    assert.match(told(input)[0] ?? "", /^user: This session is being continued/)
    assert.include(JSON.stringify(events), "Look at the folder", "it is still in the log")
    assert.notInclude(told(input).join("\n"), "user: Look at the folder TWO")
  })

  const pi = (id: string, parentId: string | null, role: string, text: string) => ({
    type: "message",
    id,
    parentId,
    message: { role, content: [{ type: "text", text }], timestamp: id }
  })
  const header = { type: "session", version: 3, id: "s", cwd: "/", timestamp: "2026-11-29T20:00:00Z" }
  const compaction = (id: string, parentId: string, firstKeptEntryId: string) => ({
    type: "compaction",
    id,
    parentId,
    firstKeptEntryId,
    summary: `What was before ${id}`
  })
  const summed = (id: string) =>
    "user: [The conversation up to here was compacted. This is the summary of it that you go on from; look again at " +
    `files and outputs that you need in full.]\n\nWhat was before ${id}`

  it.each([
    ["from an entry on", "c", [summed("k"), "user: two", "assistant: second", "user: three"]],
    ["from an answer on", "d", [summed("k"), "assistant: second", "user: three"]],
    ["nothing", "k", [summed("k"), "user: three"]],
    ["what is not there", "gone", [summed("k"), "user: three"]]
  ])("of Pi that was compacted keeps what it kept: %s", (_, first, expected) => {
    const { events, input } = read("pi", [
      header,
      pi("a", null, "user", "one"),
      pi("b", "a", "assistant", "first"),
      pi("c", "b", "user", "two"),
      pi("d", "c", "assistant", "second"),
      compaction("k", "d", first),
      pi("e", "k", "user", "three")
    ])
    assert.deepStrictEqual(told(input), expected)
    assert.include(JSON.stringify(events), "first")
  })

  it("of Pi that was edited for the model is sent as it was edited on the branch that counts", () => {
    const edit = (id: string, parentId: string, targetId: string, content?: unknown) => ({
      type: "context_edit",
      id,
      parentId,
      targetId,
      replacement: content === undefined ? null : { content }
    })
    const { input, summary } = read("pi", [
      header,
      pi("a", null, "user", "one"),
      pi("b", "a", "assistant", "first"),
      pi("c", "b", "user", "two"),
      pi("d", "c", "assistant", "second"),
      pi("e", "d", "user", "three"),
      pi("f", "e", "assistant", "third"),
      edit("g", "f", "a", [{ type: "text", text: "edited twice" }]),
      edit("x", "g", "c"),
      edit("h", "g", "a", "uno"),
      edit("i", "h", "b", "primero"),
      edit("j", "i", "f"),
      pi("k", "j", "user", "four")
    ])
    assert.deepStrictEqual(told(input), [
      "user: uno",
      "assistant: primero",
      "user: two",
      "assistant: second",
      "user: three",
      "user: four"
    ])
    assert.deepStrictEqual(lossesOf(summary), { Edited: 3 })
  })

  it("of Pi that was compacted twice is sent as the later summary", () => {
    const { input } = read("pi", [
      header,
      pi("a", null, "user", "one"),
      pi("b", "a", "assistant", "first"),
      compaction("k", "b", "b"),
      pi("c", "k", "user", "two"),
      pi("d", "c", "assistant", "second"),
      compaction("l", "d", "c"),
      pi("e", "l", "user", "three")
    ])
    assert.deepStrictEqual(told(input), [summed("l"), "user: two", "assistant: second", "user: three"])
  })

  it("of Codex that was compacted is sent as its replacement", () => {
    const user = (text: string) => ({ type: "message", role: "user", content: [{ type: "input_text", text }] })
    const item = (payload: object) => ({ type: "response_item", payload })
    const { input } = read("codex", [
      { type: "session_meta", payload: { id: "s", cwd: "/" } },
      item(user("one")),
      item({ type: "function_call", call_id: "c1", name: "exec_command", arguments: "{}" }),
      item({ type: "function_call_output", call_id: "c1", output: "long" }),
      {
        type: "compacted",
        payload: {
          message: "",
          replacement_history: [
            user("<environment_context>\n</environment_context>"),
            user("one"),
            {
              ...user("Another model began. Its summary: done"),
              internal_chat_message_metadata_passthrough: {
                content_item_kinds: ["compaction.summary"]
              }
            }
          ]
        }
      },
      item({ type: "message", role: "assistant", content: [{ type: "output_text", text: "It is done." }] }),
      item(user("two"))
    ])
    assert.deepStrictEqual(told(input), [
      "user: one",
      "user: Another model began. Its summary: done",
      "assistant: It is done.",
      "user: two"
    ])
  })

  it("of opencode that was compacted is sent as its summary", () => {
    const message = (id: string, role: string, text: string, more: object = {}) => ({
      info: { id, role, ...more },
      parts: [{ type: "text", text }]
    })
    const { input } = read("opencode", [
      { id: "ses_1", directory: "/", title: "x" },
      message("m1", "user", "one"),
      message("m2", "assistant", "first"),
      { info: { id: "m3", role: "user" }, parts: [{ type: "compaction" }] },
      message("m4", "assistant", "What was before k", { summary: true }),
      message("m5", "user", "two")
    ])
    assert.deepStrictEqual(told(input), [summed("k"), "user: two"])
  })

  it.effect("that was compacted has the numbers in its log that the compaction counts on", () =>
    Effect.gen(function*() {
      const lines = linesOf("claude-compacted.jsonl")
      const { sessionId } = yield* SessionImport.run({ tool: "claude", name: "the file", lines })
      const log = yield* Effect.flatMap(SessionStore.SessionStore, (store) => store.read(sessionId))
      assert.deepStrictEqual(
        History.toInput(History.fromStored(log), { model: "gpt-6.2-sol", account: "somebody" }),
        read("claude", lines).input
      )
    }).pipe(Effect.provide(SessionStore.layerMemory)))

  it.each(["codex", "claude", "pi", "opencode"] as const)("of %s has words for a picture that was cut off", (tool) => {
    const lines = linesOf(tool === "opencode" ? "opencode.json" : `${tool}.jsonl`)
    const pictures = (lines: Lines) =>
      JSON.stringify(read(tool, lines).input).split("data:image/png;base64,").length - 1
    assert.isAbove(pictures(lines), 0)
    const cut = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value).replaceAll(/(iVBORw0KGgo[\w+/]{20})[\w+/=]*/g, "$1"))
    assert.strictEqual(pictures(lines.map(cut)), 0)
    assertAnswered(read(tool, lines.map(cut)).input)
  })

  it("loses the damaged and unknown lines alone, and says how many", () => {
    const lines: Array<unknown> = linesOf("pi.jsonl").flatMap((
      line
    ) => [undefined, line, { type: "from-the-future" }, 7])
    const { input, summary } = read("pi", lines)
    assert.deepStrictEqual(input, read("pi", linesOf("pi.jsonl")).input)
    assert.deepStrictEqual(lossesOf(summary), { Thought: 3, Damaged: 10, Unknown: 20 })
    assert.strictEqual(sentence("Damaged", 10), "10 lines are damaged and were left out.")
    assert.strictEqual(sentence("Damaged", 1), "1 line is damaged and was left out.")
  })

  it.each(fixtures)("is one whatever lines are missing, damaged or there twice: %s", (file) => {
    const lines = linesOf(file)
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(
          FastCheck.tuple(FastCheck.nat(lines.length), FastCheck.constantFrom("drop", "damage", "repeat")),
          {
            maxLength: 6
          }
        ),
        FastCheck.nat(lines.length),
        (changes, length) => {
          const changed: Array<unknown> = [...lines]
          for (const [at, how] of changes) {
            if (how === "drop") changed.splice(at, 1)
            else if (how === "damage") changed[at % changed.length] = undefined
            else changed.splice(at, 0, changed[at])
          }
          const { events, input } = read(toolOf(file), changed.slice(0, length))
          assert.strictEqual(new Set(events.map(({ key }) => key)).size, events.length)
          assertAnswered(input)
          const started = events.filter(({ event }) => event._tag === "TurnStarted").length
          assert.strictEqual(events.filter(({ event }) => endsTurn(event)).length, started)
        }
      ),
      { numRuns: 60 }
    )
  })
})

/** The server refuses a request in which a call has no output, or an output no call. */
const assertAnswered = (input: ReadonlyArray<Item>) => {
  const open: Array<unknown> = []
  for (const item of input) {
    if (isToolCall(item)) open.push(item.call_id)
    else if (isToolCallOutput(item)) {
      assert.include(open, item.call_id)
      open.splice(open.indexOf(item.call_id), 1)
    } else if (item["role"] === "user") assert.deepStrictEqual(open, [])
  }
  assert.deepStrictEqual(open, [])
}

describe("SessionImport.run", () => {
  const source = (tool: Tool, lines: Lines): SessionImport.Source => ({ tool, name: "the file", lines })

  it.effect("makes a session that says where it comes from", () =>
    Effect.gen(function*() {
      const imported = yield* SessionImport.run(source("pi", linesOf("pi.jsonl")))
      const log = yield* Effect.flatMap(SessionStore.SessionStore, (store) => store.read(imported.sessionId))
      assert.deepInclude(log[0]?.event, {
        _tag: "SessionStarted",
        workspace: "/home/ada/project",
        importedFrom: { tool: "pi", sessionId: "01a22916-9c7c-7b17-816b-e96d7316e220" }
      })
      assert.deepStrictEqual(
        inputOf(log.map(({ event }) => event)),
        read("pi", linesOf("pi.jsonl")).input
      )
    }).pipe(Effect.provide(SessionStore.layerMemory)))

  const refused: ReadonlyArray<readonly [why: string, Tool, Lines, sentence: string]> = [
    ["nothing", "codex", [], "the file cannot be imported: there is nothing in it that could be read"],
    ["nothing but damage", "pi", [undefined], "the file cannot be imported: there is nothing in it that could be read"],
    ["other JSON", "claude", [{ a: 1 }, 2], "the file cannot be imported: it is no session of Claude Code"],
    [
      "a session of another agent",
      "codex",
      linesOf("pi.jsonl"),
      "the file cannot be imported: it is a session of Pi; import it as one: effixir sessions import pi"
    ],
    [
      "a later version",
      "pi",
      [{ type: "session", version: 4, id: "s", cwd: "/" }],
      "the file cannot be read: its format has version 4, and this effixir knows those up to 3"
    ],
    ["no conversation", "pi", linesOf("pi.jsonl").slice(0, 3), "the file holds no conversation"]
  ]

  it.effect.each(refused)(
    "refuses %s, and leaves nothing behind",
    ([, tool, lines, sentence]) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(SessionImport.run(source(tool, lines)))
        assert.strictEqual(error.message, sentence)
        assert.deepStrictEqual(yield* Effect.flatMap(SessionStore.SessionStore, (store) => store.list), [])
      }).pipe(Effect.provide(SessionStore.layerMemory))
  )

  it.effect.each(["codex", "claude", "pi"] as const)(
    "has the conversation of a file of %s whose first line is damaged",
    (tool) =>
      Effect.gen(function*() {
        const lines = linesOf(`${tool}.jsonl`)
        const { turns: all } = yield* SessionImport.run(source(tool, lines))
        const { losses, turns } = yield* SessionImport.run(source(tool, [undefined, ...lines.slice(1)]))
        assert.strictEqual(turns, all)
        assert.strictEqual(new Map(losses).get("Damaged"), 1)
        // And it is told apart from those of others.
        for (const other of ["codex", "claude", "pi"] as const) {
          if (other === tool) continue
          const error = yield* Effect.flip(SessionImport.run(source(other, lines.slice(1))))
          assert.include(error.message, `it is a session of ${SessionImport.formats[tool].name}`)
        }
      }).pipe(Effect.provide(SessionStore.layerMemory))
  )

  it.effect("leaves nothing behind when the file cannot be read to its end", () =>
    Effect.gen(function*() {
      const lines = linesOf("pi.jsonl")
      const broken: Lines = {
        *[Symbol.iterator]() {
          yield* lines.slice(0, 8)
          if (++times > 1) throw new Error("EIO: the disk is broken")
          yield* lines.slice(8)
        }
      }
      let times = 0
      const error = yield* Effect.flip(SessionImport.run(source("pi", broken)))
      assert.strictEqual(error.message, "the file cannot be read: EIO: the disk is broken")
      assert.deepStrictEqual(yield* Effect.flatMap(SessionStore.SessionStore, (store) => store.list), [])
    }).pipe(Effect.provide(SessionStore.layerMemory)))
})
