/** Programs on a terminal of their own. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import * as Script from "../../src/testing/Script.ts"
import { terminal } from "./pseudoTerminal.ts"
import { eventually, machine } from "./support.ts"

type Folder = (name: string) => string

/** A person who lets the program ask, and reads before a key is pressed. */
export const sit = Effect.fnUntraced(function*(
  turns: ReadonlyArray<Script.Turn>,
  options: {
    readonly columns?: number
    readonly rows?: number
    readonly permission?: "ask" | "auto"
    readonly env?: Readonly<Record<string, string>>
    readonly prepare?: (file: Folder, home: string) => void
  } = {}
) {
  const all = yield* machine(Script.fromTurns([...turns, Script.answer(Script.say("Done."))]))
  options.prepare?.(all.file, all.home)
  const { child, output, result } = yield* all.start(["run", "--permission", options.permission ?? "ask", "Go"], {
    stdin: null,
    through: terminal(options.columns ?? 100, options.rows ?? 40),
    env: { TERM: "xterm", NO_COLOR: "1", ...options.env }
  })
  let read = 0
  /** What has come since the last time, once it has what is waited for. */
  const see = (what: string) =>
    Effect.gen(function*() {
      yield* eventually(`shown: ${what}`, () => output().stdout.slice(read).includes(what))
      const shown = output().stdout.slice(read)
      read += shown.length
      return shown.replaceAll("\r\n", "\n")
    })
  const type = (keys: string) => Effect.sync(() => void child.stdin?.write(keys))
  return {
    ...all,
    see,
    type,
    /** What is typed at once is not taken for an answer. */
    press: (key: string) => Effect.zipRight(Effect.sleep("400 millis"), type(key)),
    /** What the model has heard of its calls. */
    heard: Effect.map(all.simulator.requests, (requests) => JSON.stringify(requests.at(-1)?.body)),
    resize: (columns: number, rows: number) =>
      Effect.sync(() => {
        const tty = `/proc/${readFileSync(all.path.join(all.base, "pid"), "utf8").trim()}/fd/0`
        const { status, stderr } = spawnSync("stty", ["-F", tty, "cols", String(columns), "rows", String(rows)])
        assert.strictEqual(status, 0, String(stderr))
      }),
    end: Effect.map(result, ({ code, stdout }) => ({ code, rest: stdout.slice(read).replaceAll("\r\n", "\n") })),
    screen: () => output().stdout
  }
})
