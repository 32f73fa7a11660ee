import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import * as fc from "fast-check"
import { toText } from "../../../src/cli/render/transcript.ts"
import * as Html from "../../../src/session/export/Html.ts"
import * as Jsonl from "../../../src/session/export/Jsonl.ts"
import * as Markdown from "../../../src/session/export/Markdown.ts"
import * as RichText from "../../../src/session/export/RichText.ts"
import * as Transcript from "../../../src/session/export/Transcript.ts"
import { readable } from "../../../src/session/Log.ts"
import type { SessionEvent } from "../../../src/session/SessionEvent.ts"
import * as SessionStore from "../../../src/session/SessionStore.ts"
import * as Summary from "../../../src/session/Summary.ts"
import { forAll } from "../../forAll.ts"
import { answer, fill, pixel } from "./sample.ts"

const sample = Effect.gen(function*() {
  yield* TestClock.setTime(Date.parse("2026-11-29T20:00:00Z"))
  const store = yield* SessionStore.makeMemory
  yield* Effect.scoped(Effect.flatMap(store.open("s"), fill))
  const lines = yield* store.lines("s")
  return { store, lines, summary: Summary.fromLines("s", lines), events: readable(lines).events }
})

/** Elements and attributes that load something, run something or lead elsewhere. */
const active =
  /<(?:script|iframe|object|embed|link|base|form|input|meta(?! (?:charset|http-equiv|name)))\b|\son\w+=|\sstyle=|javascript:|\ssrc="(?!data:image\/)|url\(|@import/i

describe("A transcript", () => {
  it.effect("tells turn by turn what was asked, thought, done and answered", () =>
    Effect.gen(function*() {
      const { events } = yield* sample
      const { steps, told, turns, usage } = Transcript.fromEvents(events)
      assert.deepStrictEqual(told, ["# When this session began\n\n- Platform: linux"])
      assert.deepStrictEqual(
        turns.map(({ end, entries, prompt }) => ({
          end,
          entries: entries.map((entry) =>
            entry._tag === "Call" ? `${entry.name} ${entry.about} ${entry.failure ?? "well"}` : entry._tag
          ),
          images: prompt.images.length
        })),
        [
          {
            end: { status: "completed", why: undefined },
            entries: [
              "Thoughts",
              "Answer",
              "bash rg -n \"report\" src | head -20 well",
              "read src/report.ts well",
              "edit src/report.ts well",
              "bash npm test -- report exit 1",
              "bash npm test well",
              "Answer"
            ],
            images: 1
          },
          { end: { status: "interrupted", why: "SIGINT" }, entries: ["Answer"], images: 0 }
        ]
      )
      assert.deepInclude(usage, { inputTokens: steps.reduce((sum, { usage }) => sum + usage.inputTokens, 0) })
      assert.deepStrictEqual(steps.map(({ millis, toolMillis, turn }) => [turn, millis, toolMillis]), [
        [1, 6000, 1000],
        [1, 9000, 0],
        [1, 4000, 14_000],
        [1, 11_000, 21_000],
        [1, 8000, 0],
        [2, 5000, 0]
      ])
    }))
})

describe("A compaction", () => {
  it.effect("is told where it was, and counts in what was used", () =>
    Effect.gen(function*() {
      const { events, summary } = yield* sample
      const compacted: SessionEvent = {
        _tag: "Compacted",
        reason: "asked",
        method: "local",
        upTo: 1,
        items: [],
        model: "gpt-6.2-sol",
        account: "api-key",
        usage: { inputTokens: 1000, cachedInputTokens: 0, outputTokens: 100, reasoningOutputTokens: 0, costUsd: 0.5 },
        beforeTokens: 9000,
        afterTokens: 1200
      }
      const [first] = events
      assert.isDefined(first)
      const before = Transcript.fromEvents(events)
      const transcript = Transcript.fromEvents([...events, { ...first, seq: 1000, key: "compacted", event: compacted }])
      assert.strictEqual(transcript.usage.inputTokens, before.usage.inputTokens + 1000)
      assert.deepStrictEqual(transcript.steps, before.steps)
      const told = "The conversation was compacted here, from about 9,000 tokens to 1,200 (by a summary of the model)."
      const texts = [
        yield* Html.make(summary, transcript),
        Markdown.make(summary, transcript),
        toText(transcript, { bold: (text) => text, dim: (text) => text })
      ]
      for (const text of texts) assert.include(text.replaceAll("\\", ""), told)
    }))

  it.effect("has its cost told where all has one", () =>
    Effect.gen(function*() {
      const { summary } = yield* sample
      const usage = {
        inputTokens: 1000,
        cachedInputTokens: 0,
        outputTokens: 100,
        reasoningOutputTokens: 0,
        costUsd: 0.5
      }
      const transcript = { ...Transcript.fromEvents([]), usage }
      assert.include(yield* Html.make(summary, transcript), "<dt>Cost</dt><dd>$0.50</dd>")
      assert.include(Markdown.make(summary, transcript), "100 out, $0.50")
    }))
})

describe("A page", () => {
  it.effect("keeps the line ends of what was said", () =>
    Effect.gen(function*() {
      const { prose } = yield* RichText.make
      assert.strictEqual(prose("one\ntwo").trim(), "<p>one<br>two</p>")
    }))

  it.effect("shows a session, loads nothing, and forbids the browser to", () =>
    Effect.gen(function*() {
      const { events, summary } = yield* sample
      const page = yield* Html.make(summary, Transcript.fromEvents(events))
      assert.notMatch(page.replace(/<style>.*?<\/style>/s, ""), active)
      assert.match(
        page,
        /http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-[\w+/=]{44}'; img-src data:;/
      )
      for (
        const part of [
          `<img src="${pixel}"`,
          "<ins>+5</ins>",
          "class=\"hljs-keyword\"",
          "<svg ",
          "exit 1",
          "Interrupted: SIGINT.",
          "<th>option</th>"
        ]
      ) {
        assert.include(page, part)
      }
      assert.strictEqual(page.match(/<details class="call/g)?.length, 5)
    }))

  it.effect("has no markup of what was said, wherever that stands", () =>
    forAll(
      fc.record({
        text: fc.oneof(
          fc.constantFrom(
            "<b>x</b>",
            "[x](<java&#115;cript:x>)",
            "![x](data:text/html,x)",
            "[x](https://example.com/\"onx=\"y)",
            "`<i>`\n\n```\"><i>\n<i>\n```",
            "<!-- x -->\n<i>\n\n| <i> |\n| - |\n| <i> |",
            "- [ ] task\n\n# <i>\n\n&lt;i&gt; &#60;i&#62;"
          ),
          fc.string({ unit: fc.constantFrom(..."<>&\"'`[]()!|-# \nx:/=") })
        )
      }),
      ({ text }) =>
        Effect.gen(function*() {
          const { prose } = yield* RichText.make
          const html = prose(text)
          const tags = Array.from(
            html.matchAll(/<\/?([a-z]\w*)([^>]*)>/gi),
            ([, name = "", attributes = ""]) => [name.toLowerCase(), attributes] as const
          )
          const allowed = new Set(
            "p h3 h4 h5 h6 a span code pre em strong del ul ol li blockquote hr br div table thead tbody tr th td"
              .split(" ")
          )
          for (const [name, attributes] of tags) {
            if (name === "input") assert.match(attributes, /^[^>]*type="checkbox"/)
            else assert.isTrue(allowed.has(name), `${name} in ${html}`)
            assert.notMatch(attributes, /\son|\sstyle|javascript|data:/i, html)
            if (name === "a" && attributes !== "") {
              assert.match(attributes, /^ href="(?:https?|mailto):[^"]*" rel="noopener noreferrer nofollow"$/)
            }
          }
          assert.notMatch(html, /<i>|<b>|<!--/)
        })
    ))

  it.effect("of an odd session is still a page", () =>
    Effect.gen(function*() {
      const { lines } = yield* sample
      for (let size = 1; size <= lines.length; size++) {
        const some = lines.slice(0, size)
        const page = yield* Html.make(Summary.fromLines("s", some), Transcript.fromEvents(readable(some).events))
        assert.include(page, "</html>")
        const rest = Transcript.fromEvents(readable(lines.slice(size)).events)
        assert.include(Markdown.make(Summary.fromLines("s", some), rest), "# ")
      }
    }))
})

describe("Markdown", () => {
  it.effect("has the answers as they are, and fences that hold", () =>
    Effect.gen(function*() {
      const { events, summary } = yield* sample
      const text = Markdown.make(summary, Transcript.fromEvents(events))
      assert.include(text, answer)
      assert.include(text, "> Add a `--since` option to the report, and test it.\n>\n> Dates as")
      assert.include(text, "**bash** `npm test -- report` (exit 1, 14 s)")
      assert.include(text, "```diff\n--- src/report.ts\n")
      assert.notInclude(text, "base64")
    }))
})

describe("JSON lines", () => {
  it.effect("are a log again, and those of a fork the log of a session of its own", () =>
    Effect.gen(function*() {
      const { events, lines, store } = yield* sample
      assert.strictEqual(Jsonl.make(events), lines.map((line) => `${line}\n`).join(""))
      const fork = yield* store.fork("s", 1)
      const text = Jsonl.make(readable(yield* store.lines(fork.id)).events)
      assert.notInclude(text, "forkOf")
      const { damaged, events: again } = readable(text.trimEnd().split("\n"))
      assert.deepStrictEqual(damaged, [])
      assert.deepStrictEqual(again.slice(1), events.slice(1, again.length))
    }))
})
