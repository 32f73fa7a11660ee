/**
 * A session with one of everything that an export shows.
 */
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import type { Item } from "../../../src/responses/Item.ts"
import type { Session } from "../../../src/session/Session.ts"
import { itemId, type SessionEvent } from "../../../src/session/SessionEvent.ts"

/** One white pixel. */
export const pixel =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="

const message = (role: string, text: string, more: ReadonlyArray<Item> = []): Item => ({
  type: "message",
  role,
  content: [{ type: role === "assistant" ? "output_text" : "input_text", text }, ...more]
})

const call = (id: string, name: string, args: object): Item => ({
  type: "function_call",
  id: `fc_${id}`,
  call_id: id,
  name,
  arguments: JSON.stringify(args)
})

const usage = (inputTokens: number, cachedInputTokens: number, outputTokens: number) => ({
  inputTokens,
  cachedInputTokens,
  outputTokens,
  reasoningOutputTokens: Math.floor(outputTokens / 2)
})

const responded = (
  turn: number,
  step: number,
  items: ReadonlyArray<Item>,
  used: ReturnType<typeof usage>
): SessionEvent => ({
  _tag: "ModelResponded",
  turnId: `turn-${turn}`,
  step,
  model: "gpt-6.2-sol",
  account: "chatgpt:acct-1",
  items,
  usage: used,
  finishReason: "stop"
})

/** A call with its output; `seconds` is how long it took. */
const ran = (
  turn: number,
  step: number,
  index: number,
  item: Item,
  output: string,
  details?: { readonly [name: string]: unknown },
  status: "completed" | "failed" = "completed"
): ReadonlyArray<SessionEvent> => {
  const of = { turnId: `turn-${turn}`, itemId: itemId(`turn-${turn}`, step, index), call: item as never }
  return [
    { _tag: "ToolStarted", ...of },
    { _tag: "ToolEnded", ...of, status, output, ...details === undefined ? {} : { details } }
  ]
}

export const prompt =
  "Add a `--since` option to the report, and test it.\n\nDates as **ISO 8601**; anything else is refused."

const bash = call("c1", "bash", { command: "rg -n \"report\" src | head -20" })
const read = call("c2", "read", { path: "src/report.ts" })
const edit = call("c3", "edit", { path: "src/report.ts", old_text: "all", new_text: "filter" })
const test = call("c4", "bash", { command: "npm test -- report" })
const again = call("c5", "bash", { command: "npm test" })

const diff = `@@ -8,7 +8,12 @@
 export const report = (entries: ReadonlyArray<Entry>, options: Options): string => {
-  const shown = entries
+  const since = options.since === undefined ? undefined : parseDate(options.since)
+  const shown = since === undefined
+    ? entries
+    : entries.filter(({ at }) => at >= since)
   return shown.map(formatEntry).join("\\n")
 }
`

export const answer = `The report takes \`--since DATE\` now.

## What changed

1. \`src/report.ts\` filters by date, and refuses what is no ISO 8601 date.
2. Three tests cover a date, a date with a time, and a wrong one.

| option | meaning |
| --- | --- |
| \`--since 2026-11-01\` | entries from that day on |
| \`--since yesterday\` | refused, with a sentence |

\`\`\`ts
// The day begins at midnight in UTC.
export const parseDate = (text: string): number | undefined => {
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : at
}
\`\`\`

See [the documentation](https://example.com/docs) for more.`

const turns: ReadonlyArray<readonly [seconds: number, event: SessionEvent]> = [
  [0, { _tag: "SessionStarted", sessionId: "s", schemaVersion: 1, workspace: "/home/ada/report" }],
  [0, {
    _tag: "TurnStarted",
    turnId: "turn-1",
    model: "gpt-6.2-sol",
    effort: "high",
    input: [
      message("developer", "# When this session began\n\n- Platform: linux"),
      message("user", prompt, [{ type: "input_image", image_url: pixel }])
    ]
  }],
  [
    6,
    responded(1, 0, [
      {
        type: "reasoning",
        summary: [{
          type: "summary_text",
          text: "**Looking around**\n\nI should see how the report is made before I change it."
        }]
      },
      message("assistant", "Let me see how the report is made."),
      bash,
      read
    ], usage(4200, 0, 320))
  ],
  ...ran(
    1,
    0,
    2,
    bash,
    "src/report.ts:8:export const report = (entries: ReadonlyArray<Entry>): string => {\nsrc/main.ts:3:import { report } from \"./report.ts\"",
    { exit_code: 0 }
  ).map((event) => [1, event] as const),
  ...ran(
    1,
    0,
    3,
    read,
    "/** Writes a report. */\nexport const report = (entries: ReadonlyArray<Entry>): string => {\n  const shown = entries\n  return shown.map(formatEntry).join(\"\\n\")\n}\n"
  ).map((event) => [0, event] as const),
  [9, responded(1, 1, [edit], usage(5600, 4100, 510))],
  ...ran(1, 1, 0, edit, "src/report.ts is changed", {
    changes: [{
      path: "src/report.ts",
      real: "/home/ada/report/src/report.ts",
      kind: "edit",
      diff,
      added: 5,
      removed: 1
    }]
  }).map((event) => [0, event] as const),
  [4, responded(1, 2, [test], usage(6400, 5600, 90))],
  ...ran(
    1,
    2,
    0,
    test,
    "FAIL report > refuses a wrong date\nAssertionError: expected undefined to equal 'no date'\n[exit code 1]",
    { exit_code: 1 }
  ).map((event) => [14, event] as const),
  [11, responded(1, 3, [again], usage(7100, 6300, 240))],
  ...ran(1, 3, 0, again, "Tests  42 passed (42)", { exit_code: 0 }).map((event) => [21, event] as const),
  [8, responded(1, 4, [message("assistant", answer)], usage(7600, 7000, 460))],
  [0, { _tag: "TurnCompleted", turnId: "turn-1", answer, usage: usage(30900, 23000, 1620), finishReason: "stop" }],
  [120, { _tag: "TurnStarted", turnId: "turn-2", model: "gpt-6.2-sol", input: [message("user", "And document it")] }],
  [5, responded(2, 0, [message("assistant", "I would add it to the page of the options.")], usage(8300, 7500, 120))],
  [0, { _tag: "TurnInterrupted", turnId: "turn-2", reason: "SIGINT" }]
]

/** Writes it to a session. */
export const fill = Effect.fnUntraced(function*(session: Session) {
  for (const [index, [seconds, event]] of turns.entries()) {
    yield* TestClock.adjust(`${seconds} seconds`)
    yield* session.append(index === 0 ? "session" : `event/${index}`, event)
  }
})
