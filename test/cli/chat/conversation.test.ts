import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { AgentEvent } from "../../../src/agent/AgentEvent.ts"
import * as Conversation from "../../../src/cli/chat/Conversation.ts"
import { cells } from "../../../src/cli/verbatim.ts"
import * as ChatPrompts from "../../../src/prompts/ChatPrompts.ts"
import { userMessage } from "../../../src/responses/Item.ts"
import type { ToolCall } from "../../../src/responses/ToolCall.ts"
import * as Usage from "../../../src/responses/Usage.ts"
import type { ToolEnded } from "../../../src/session/SessionEvent.ts"

const turnId = "turn-1"

const at = (seconds: number) => ({ seq: 1, at: DateTime.unsafeMake(seconds * 1000) })

const started: AgentEvent = {
  _tag: "TurnStarted",
  turnId,
  model: "m",
  input: [userMessage("Do it,\nplease")],
  ...at(0)
}

/** It shows nothing. */
const resumed: AgentEvent = { _tag: "TurnResumed", turnId, ...at(0) }

const text = (delta: string, itemId = "turn-1.0.0"): AgentEvent => ({
  _tag: "TextDelta",
  turnId,
  itemId,
  delta,
  ...at(1)
})

const thought = (delta: string): AgentEvent => ({
  _tag: "ReasoningDelta",
  turnId,
  itemId: "turn-1.0.9",
  delta,
  ...at(1)
})

const callOf = (name: string, args: object): ToolCall => ({
  type: "function_call",
  call_id: `call_${name}`,
  name,
  arguments: JSON.stringify(args)
})

const begun = (name: string, args: object, itemId = `i.${name}`): AgentEvent => ({
  _tag: "ToolStarted",
  turnId,
  itemId,
  call: callOf(name, args),
  ...at(2)
})

const ended = (name: string, args: object, more: Partial<ToolEnded> = {}): AgentEvent => ({
  _tag: "ToolEnded",
  turnId,
  itemId: `i.${name}`,
  call: callOf(name, args),
  status: "completed",
  output: "",
  ...more,
  ...at(3)
})

const completed: AgentEvent = {
  _tag: "TurnCompleted",
  turnId,
  answer: "",
  usage: { ...Usage.zero, inputTokens: 12_345, cachedInputTokens: 12_000, outputTokens: 67 },
  finishReason: "stop",
  ...at(4)
}

/** What is printed for good of some events, and what is live after each of them. */
const shown = (events: ReadonlyArray<AgentEvent>, { colors = false, width = 60 } = {}) =>
  Effect.gen(function*() {
    const conversation = Conversation.make({ width: () => width, colors, hint: "Esc to stop" })
    const printed: Array<string> = []
    const live: Array<ReadonlyArray<string>> = []
    for (const event of events) {
      printed.push(...yield* conversation.add(event))
      live.push(conversation.live(5000))
    }
    return { printed, live }
  })

describe("Conversation", () => {
  it.effect("prints the command that stands for a prompt, also of a session that goes on", () =>
    Effect.gen(function*() {
      const asked = (prompt: string): AgentEvent => ({ ...started, input: [userMessage(prompt)] })
      const prompts = [
        ChatPrompts.init,
        ChatPrompts.review(""),
        ChatPrompts.review("the last commit"),
        "Have the agent"
      ]
      const { printed } = yield* shown(prompts.map(asked))
      assert.deepStrictEqual(
        printed.filter((row) => row !== ""),
        ["> /init", "> /review", "> /review the last commit", "> Have the agent"]
      )
    }))

  it.effect("prints a turn from its prompt to its end", () =>
    Effect.gen(function*() {
      const { live, printed } = yield* shown([
        started,
        thought("**Looking around**"),
        thought(" at *all* of it.\n"),
        text("Let me **look**.", "turn-1.0.1"),
        begun("bash", { command: "ls" }),
        ended("bash", { command: "ls" }, { output: "one\ntwo\n", details: { exit_code: 0 } }),
        begun("read", { path: "a.txt" }),
        ended("read", { path: "a.txt" }, { output: "no such file", status: "failed" }),
        text("# Done\n\n- all", "turn-1.1.0"),
        completed
      ])
      assert.deepStrictEqual(printed, [
        "> Do it,",
        "  please",
        "",
        "Looking around at all of it.",
        "",
        "Let me look.",
        "",
        "• bash ls",
        "  ✓ one",
        "    two",
        "• read a.txt",
        "  ✗ no such file",
        "",
        "Done",
        "════",
        "",
        "• all",
        "",
        "4 s · 12,345 tokens read, 12,000 of them cached · 67 written"
      ])
      assert.deepStrictEqual(live[0], ["", "⠋ thinking 5s · Esc to stop"])
      assert.deepStrictEqual(live[2], ["", "Looking around at all of it.", "", "⠋ thinking 5s · Esc to stop"])
      assert.deepStrictEqual(live[4], ["", "• bash ls", "", "⠋ running bash 3s · Esc to stop"])
      assert.deepStrictEqual(live.at(-1), [])
    }))

  it.effect("shows the latest output of a command, and of several that run at once", () =>
    Effect.gen(function*() {
      const progress = (text: string): AgentEvent => ({
        _tag: "ToolProgress",
        turnId,
        itemId: "i.bash",
        text,
        ...at(2)
      })
      const { live, printed } = yield* shown([
        begun("bash", { command: "make" }),
        progress("1\n2\n3\n4\n5\n\u001b[32m6\u001b[0m\n10 %\r20 %\u001b[2J\n"),
        begun("grep", { pattern: "x" }),
        ended("bash", { command: "make" }, { output: "", details: { exit_code: 2 } }),
        ended("grep", { pattern: "x" }, { output: "y" })
      ], { width: 20 })
      assert.deepStrictEqual(live[1]?.slice(0, 6), [
        "• bash make",
        "  ┊ 3",
        "  ┊ 4",
        "  ┊ 5",
        "  ┊ 6",
        "  ┊ 20 %\\x1b[2J"
      ])
      assert.deepStrictEqual(live[3]?.slice(0, 1), ["• grep x"])
      assert.deepStrictEqual(printed, ["• bash make", "  ✗ exit 2: ", "• grep x", "  ✓ y"])
    }))

  it.effect("shows changes with the numbers of their lines, and a plan to tick off", () =>
    Effect.gen(function*() {
      const changes = [{
        path: "a.txt",
        real: "/w/a.txt",
        kind: "edit",
        diff: "@@ -1,2 +1,2 @@\n one\n-two\n+2\n",
        added: 1,
        removed: 1
      }]
      const plan = [
        { step: "Look at everything there is, file by file, and write it down", status: "completed" },
        { step: "Act", status: "in_progress" }
      ]
      const { printed } = yield* shown([
        ended("edit", { path: "a.txt" }, { output: "told the model", details: { changes } }),
        ended("update_plan", { entries: plan }, { details: { plan } })
      ], { width: 40 })
      assert.deepStrictEqual(printed, [
        "• edit a.txt",
        "│ change a.txt (+1 -1)",
        "│ 1   one",
        "│ 2 - two",
        "│ 2 + 2",
        "• update_plan",
        "  ☑ Look at everything there is, file",
        "    by file, and write it down",
        "  ▶ Act"
      ])
    }))

  it.effect("prints what came without having been streamed, and nothing twice", () =>
    Effect.gen(function*() {
      const message = (text: string) => ({
        type: "message",
        role: "assistant",
        content: [{ type: "output_text", text }]
      })
      const responded = (...texts: ReadonlyArray<string>): AgentEvent => ({
        _tag: "ModelResponded",
        turnId,
        step: 0,
        model: "m",
        account: "a",
        items: texts.map(message),
        usage: Usage.zero,
        finishReason: "stop",
        ...at(2)
      })
      assert.deepStrictEqual((yield* shown([text("one"), responded("one", "two")])).printed, ["one", "", "two"])
      // The second answer of a session is not taken for the first.
      assert.deepStrictEqual(
        (yield* shown([resumed, text("one"), responded("one"), completed, responded("new")])).printed,
        [
          "one",
          "",
          "4 s · 12,345 tokens read, 12,000 of them cached · 67 written",
          "",
          "new"
        ]
      )
    }))

  it.effect("has nothing at work behind the end of a turn, where a log may go on with a compaction", () =>
    Effect.gen(function*() {
      const compacted: AgentEvent = {
        _tag: "Compacted",
        turnId: "",
        method: "local",
        items: [],
        beforeTokens: 100,
        afterTokens: 10,
        ...at(5)
      } as unknown as AgentEvent
      const { live, printed } = yield* shown([started, completed, compacted])
      assert.include(printed.join("\n"), "compacted from about 100 to 10 tokens")
      assert.deepStrictEqual(live.at(-1), [])
    }))

  it.effect("keeps of a call that was interrupted what it has printed", () =>
    Effect.gen(function*() {
      const progress: AgentEvent = {
        _tag: "ToolProgress",
        turnId,
        itemId: "i.bash",
        text: "tick 1\ntick 2\n",
        ...at(3)
      }
      const { printed } = yield* shown([
        begun("bash", { command: "tick" }),
        progress,
        ended("bash", { command: "tick" }, { output: "It was stopped.", status: "interrupted" })
      ])
      assert.deepStrictEqual(printed, ["• bash tick", "  ┊ tick 1", "  ┊ tick 2", "  ■ It was stopped."])
    }))

  it.effect("shows of a long prompt its first and its last rows", () =>
    Effect.gen(function*() {
      const pasted = Array.from({ length: 2001 }, (_, n) => `line ${n + 1}`).join("\n")
      const { printed } = yield* shown([{ ...started, input: [userMessage(pasted)] } as AgentEvent])
      assert.deepStrictEqual(printed.slice(19, 22), ["  line 20", "  … 1,976 more rows …", "  line 1997"])
      assert.strictEqual(printed.length, 26)
    }))

  it.effect("begins anew after a retry", () =>
    Effect.gen(function*() {
      const retry: AgentEvent = {
        _tag: "Retrying",
        turnId,
        attempt: 2,
        maxAttempts: 5,
        delay: 1000,
        reason: "Overloaded",
        message: "The server is overloaded",
        isLoading: false,
        ...at(2)
      }
      assert.deepStrictEqual((yield* shown([resumed, text("half of it"), retry, text("whole"), completed])).printed, [
        "half of it",
        "",
        "↻ The server is overloaded. Trying again in 1 s (attempt 2",
        "of 5); the answer begins anew.",
        "",
        "whole",
        "",
        "4 s · 12,345 tokens read, 12,000 of them cached · 67 written"
      ])
    }))

  it.effect("shows nothing that could control the terminal, wherever it comes from", () =>
    Effect.gen(function*() {
      const bad = "a\u001b[2J\u001b]0;title\u0007b\u202ec\u009b1m"
      for (const colors of [false, true]) {
        const { live, printed } = yield* shown([
          { ...started, input: [userMessage(bad)] } as AgentEvent,
          thought(bad),
          text(bad),
          begun(bad, { command: bad }),
          { _tag: "ToolProgress", turnId, itemId: `i.${bad}`, text: bad, ...at(2) },
          ended(bad, { command: bad }, { output: bad, details: { plan: [{ step: bad, status: bad }] } }),
          ended("bash", { command: bad }, { output: bad, details: { signal: bad } }),
          {
            _tag: "WebSearched",
            turnId,
            itemId: "w",
            item: { type: "web_search_call", action: { query: bad } },
            ...at(2)
          },
          { _tag: "CompactionFailed", turnId, message: bad, ...at(2) },
          { _tag: "TurnFailed", turnId, kind: "X", message: bad, retryable: false, details: {}, ...at(3) }
        ], { colors, width: 30 })
        const rows = [...printed, ...live.flat()]
        // oxlint-disable-next-line no-control-regex -- our own sequences
        const bare = rows.map((row) => colors ? row.replaceAll(/\u001b\[[\d;]*m/g, "") : row)
        for (const row of bare) {
          assert.notMatch(row, /[\p{Cc}\p{Cf}]/u)
          assert.isAtMost(cells(row), 30)
        }
        assert.isAtLeast(bare.filter((row) => row.includes("\\x1b")).length, 8)
      }
    }))
})
