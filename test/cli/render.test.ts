import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import type { AgentEvent } from "../../src/agent/AgentEvent.ts"
import * as EventLines from "../../src/agent/EventLines.ts"
import * as Summary from "../../src/cli/render/summary.ts"
import * as text from "../../src/cli/render/text.ts"
import * as Usage from "../../src/responses/Usage.ts"
import type { ToolEnded } from "../../src/session/SessionEvent.ts"
import * as Emulator from "./chat/emulator.ts"

const stamp = { seq: 1, at: DateTime.unsafeMake(0) }

const ended = (name: string, change: Partial<ToolEnded>): AgentEvent => ({
  _tag: "ToolEnded",
  turnId: "t",
  itemId: "t.0.0",
  call: { type: "function_call", call_id: "c", name, arguments: "{\"command\":\"make\"}" },
  status: "completed",
  output: "out",
  ...change,
  ...stamp
})

const progress = (text: string): AgentEvent => ({ _tag: "ToolProgress", turnId: "t", itemId: "t.0.0", text, ...stamp })

const onTerminal = (text: string): ReadonlyArray<string> => {
  const emulator = Emulator.make(80, 24)
  emulator.write(text)
  return emulator.lines()
}

/** What a person sees on a terminal. */
const seen = (...events: ReadonlyArray<AgentEvent>) => Effect.map(written(events), ({ err }) => err)

const written = (events: ReadonlyArray<AgentEvent>, { isTerminal = true, hasCursor = true, pause = 0 } = {}) =>
  Effect.gen(function*() {
    const streams = { out: "", err: "" }
    const renderer = text.make({
      out: (text) => Effect.sync(() => void (streams.out += text)),
      err: (text) => Effect.sync(() => void (streams.err += text)),
      say: () => Effect.void,
      adviseFor: () => Effect.void,
      advised: (sentence: string) => sentence,
      fail: () => Effect.void,
      isOutTerminal: isTerminal,
      isErrTerminal: isTerminal && hasCursor,
      hasColors: false,
      width: 80,
      closed: Effect.never,
      isClosed: Effect.succeed(false),
      size: () => ({ columns: 80, rows: 24 }),
      oneRow: (text) => text.slice(0, 79)
    })
    yield* renderer.show({ _tag: "TurnStarted", turnId: "t", model: "m", input: [], ...stamp })
    for (const event of events) {
      yield* renderer.show(event)
      if (pause > 0) yield* TestClock.adjust(pause)
    }
    yield* renderer.tick
    return streams
  })

describe("text", () => {
  it.effect("shows one of the calls that are too many for a response, and how many more there are", () =>
    Effect.gen(function*() {
      const call = (n: number) => ({
        type: "function_call" as const,
        call_id: `c${n}`,
        name: "ls",
        arguments: `{"path":"p${n}"}`
      })
      const started = (n: number): AgentEvent => ({
        _tag: "ToolStarted",
        turnId: "t",
        itemId: `t.0.${n}`,
        call: call(n),
        ...(n === 0 ? {} : { isExcess: true }),
        ...stamp
      })
      const refused = (n: number) =>
        ended("ls", { itemId: `t.0.${n}`, call: call(n), status: "failed", output: n === 0 ? "seen" : "too many" })
      const completed: AgentEvent = {
        _tag: "TurnCompleted",
        turnId: "t",
        answer: "done",
        usage: { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningOutputTokens: 0 },
        finishReason: "stop",
        ...stamp
      }
      const all = Array.from({ length: 9938 }, (_, n) => n)
      const written = yield* seen(
        ...all.slice(0, 8).map(started),
        ...all.slice(0, 8).map(refused),
        ...all.slice(8).flatMap((n) => [started(n), refused(n)]),
        completed
      )
      assert.deepStrictEqual(written.split("\n").slice(0, 5), [
        "• ls p0",
        "  ✗ seen",
        "◦ ls p1",
        "  ✗ too many",
        "    … and 9,936 more calls refused"
      ])
      const two = yield* seen(started(0), refused(0), started(1), refused(1), completed)
      assert.notInclude(two, "more")
    }))

  it.effect("shows how a command ended, instead of a tick that is none", () =>
    Effect.gen(function*() {
      assert.include(yield* seen(ended("bash", { details: { exit_code: 0 } })), "  ✓ out\n")
      assert.include(yield* seen(ended("bash", { details: { exit_code: 3 } })), "  ✗ exit 3: out\n")
      assert.include(yield* seen(ended("bash", { details: { signal: "SIGKILL" } })), "  ✗ SIGKILL: out\n")
      assert.include(yield* seen(ended("bash", { status: "failed" })), "  ✗ out\n")
    }))

  it.effect("shows the output of a command without its colours, and what else it has in it", () =>
    Effect.gen(function*() {
      const output =
        "\u001B[01;34msrc\u001B[0m\r\n\u001B[01;31m\u001B[Kone\u001B[m\u001B[K two\nx\u001B[2Jy\u202E\rz\r\n"
      assert.include(yield* seen(ended("bash", { output })), "  ✓ src\n    one two\n    x\\x1b[2Jy\\u202e\\x0dz\n")
    }))

  it.effect("shows line ends of Windows in an answer, wherever it is cut", () =>
    Effect.gen(function*() {
      const delta = (delta: string): AgentEvent => ({
        _tag: "TextDelta",
        turnId: "t",
        itemId: "t.0.0",
        delta,
        ...stamp
      })
      const end: AgentEvent = {
        _tag: "TurnCompleted",
        turnId: "t",
        answer: "one\r",
        usage: Usage.zero,
        finishReason: "stop",
        ...stamp
      }
      const parts = "one\r|\ntwo|\r\nthree\r\n|\u001B|[1m\ud83d|\ude00\r".split("|")
      assert.deepStrictEqual(
        onTerminal((yield* written([...parts.map(delta), { ...end, answer: "" }], { pause: 50 })).out),
        [
          "one",
          "two",
          "three",
          "\\x1b[1m\ud83d\ude00\\x0d"
        ]
      )
      assert.deepStrictEqual(onTerminal((yield* written([delta("one"), delta("\r"), end])).out), ["one\\x0d"])
    }))

  it.effect("draws the Markdown of an answer on a terminal while it is written, and hands it on as it is elsewhere", () =>
    Effect.gen(function*() {
      const answer = "# Done\n\n- **one**\n- `two`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
      const deltas = (answer.match(/[^]{1,3}/g) ?? []).map((delta): AgentEvent => ({
        _tag: "TextDelta",
        turnId: "t",
        itemId: "t.0.0",
        delta,
        ...stamp
      }))
      const end: AgentEvent = {
        _tag: "TurnCompleted",
        turnId: "t",
        answer,
        usage: Usage.zero,
        finishReason: "stop",
        ...stamp
      }
      const drawn = ["Done", "════", "", "• one", "• two", "", "a │ b", "──┼──", "1 │ 2"]
      const all = [...deltas, end]
      assert.deepStrictEqual(onTerminal((yield* written(all, { pause: 20 })).out), drawn)
      assert.deepStrictEqual(onTerminal((yield* written([end])).out), drawn)
      assert.strictEqual((yield* written(all, { isTerminal: false })).out, `${answer}\n`)
      // Without the cursor only what is complete is shown.
      assert.strictEqual((yield* written(all, { hasCursor: false })).out, `${drawn.join("\n")}\n`)
    }))

  it.effect("shows a plan as a list to tick off", () =>
    Effect.gen(function*() {
      const plan = [
        { step: "Look", status: "completed" },
        { step: "Act", status: "in_progress" },
        { step: "Check", status: "pending" }
      ]
      assert.include(yield* seen(ended("update_plan", { details: { plan } })), "  ☑ Look\n  ▶ Act\n  ☐ Check\n")
    }))

  it.effect("says that a server is loading its model, and that the wait goes on", () =>
    Effect.gen(function*() {
      const all = Array.from({ length: 5 }, (_, n): AgentEvent => ({
        _tag: "Retrying",
        turnId: "t",
        attempt: n + 2,
        maxAttempts: n + 2,
        delay: 5000,
        reason: "Overloaded",
        message: "…",
        isLoading: true,
        ...stamp
      }))
      const first = "↻ The server is still loading the model. Waiting until it is ready.\n"
      const terminal = (yield* written(all, { pause: 5000 })).err
      assert.strictEqual(terminal.split("\n").length, 2)
      assert.include(terminal, first)
      assert.match(terminal, /waiting for the model to load 25s · Ctrl-C to stop$/)
      const piped = (yield* written(all, { pause: 5000, isTerminal: false })).err
      assert.strictEqual(piped, `${first}↻ Still loading after 10 s.\n↻ Still loading after 20 s.\n`)
      const [line] = all.slice(0, 1).flatMap((event) => EventLines.linesOf(event, false))
      assert.deepInclude(line, { type: "retry", attempt: 2, max: 2, delay_ms: 5000, reason: "Overloaded" })
    }))

  it.effect("shows the latest word of a running tool in the status line, and no more than fits", () =>
    Effect.gen(function*() {
      const written = yield* seen(progress("first"), progress(`old\n\u001B[31mnew ${"x".repeat(5000)}\r\n`))
      const other = yield* seen(progress("\u001B[32m10%\r\u001B[32m20% \u001B[5Aup"))
      assert.include(other, "\u00B7 20% \\x1b[5Aup")
      assert.notInclude(other, "10%")
      const status = written.split("\r\u001B[2K").at(-1) ?? ""
      assert.match(status, / · new x+$/)
      assert.isAtMost(status.length, 80)
      assert.notInclude(written, "first")
    }))

  it.effect("shows what a tool has done to files, and how much of it is left out", () =>
    Effect.gen(function*() {
      const hunk = (count: number) =>
        `@@ -0,0 +1,${count} @@\n${Array.from({ length: count }, (_, n) => `+line ${n + 1}\n`).join("")}`
      const change = { path: "a.txt", real: "/w/a.txt", kind: "create", added: 3, removed: 0 }
      assert.include(
        yield* seen(ended("write", { details: { changes: [{ ...change, diff: hunk(3) }] } })),
        "  ✓ out\n│ create a.txt (+3 -0)\n│ 1 + line 1\n│ 2 + line 2\n│ 3 + line 3\n"
      )
      assert.match(
        yield* seen(ended("write", { details: { changes: [{ ...change, diff: hunk(50), omitted: 7 }] } })),
        /│ 18 \+ line 18\n {2}… 33 more lines\n/
      )
    }))

  it.effect("shows the command of a call that has another argument first, lines and all", () =>
    Effect.gen(function*() {
      const args = JSON.stringify({ note: "ls", command: `touch a\ntouch ${"b".repeat(200)}` })
      const written = yield* seen(ended("bash", {
        call: { type: "function_call", call_id: "c", name: "bash", arguments: args }
      }))
      assert.match(written, /bash touch a⏎ touch b{105}… \(95 more characters\)\n/)
    }))

  it.effect("says a word for an image", () =>
    Effect.gen(function*() {
      const output = [{ type: "input_text", text: "[a.png]" }, { type: "input_image", image_url: "data:," }]
      assert.include(yield* seen(ended("read", { output })), "  ✓ [a.png]\n    [input_image]\n")
    }))
})

describe("the line at the end of a run", () => {
  it("counts the time from the turn on, and not from the day that its session began", () => {
    const summary = Summary.make()
    const at = DateTime.unsafeMake(86_400_000)
    summary.add({ _tag: "SessionStarted", sessionId: "s", schemaVersion: 1, ...stamp })
    summary.add({ _tag: "TurnStarted", turnId: "t", model: "m", input: [], seq: 9, at })
    summary.add({
      _tag: "ModelResponded",
      turnId: "t",
      step: 0,
      model: "m",
      account: "a",
      items: [],
      usage: { ...Usage.zero, inputTokens: 7 },
      finishReason: "stop",
      seq: 10,
      at
    })
    assert.match(summary.line(86_402_000) ?? "", /^2 s · 7 tokens in/)
  })
})

describe("jsonl", () => {
  it("tells where a call stands, and the details of its end", () => {
    assert.deepInclude(EventLines.linesOf(progress("half"), false)[0], {
      type: "item.updated",
      item: { id: "t.0.0", type: "tool_call", status: "in_progress", text: "half" }
    })
    assert.deepInclude(EventLines.linesOf(ended("bash", { details: { exit_code: 3 } }), false)[0], {
      type: "item.completed",
      item: {
        id: "t.0.0",
        type: "tool_call",
        call_id: "c",
        name: "bash",
        arguments: "{\"command\":\"make\"}",
        output: "out",
        status: "completed",
        details: { exit_code: 3 }
      }
    })
  })
})
