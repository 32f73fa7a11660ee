/**
 * What a list of many sessions costs, next to bare `--help`: CPU time and time on the clock, in runs that take turns, as
 * medians. `npm run bench:sessions`, or `-- --sessions 1000 --rounds 11`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { v7 } from "uuid"
import { compare, type Side } from "./program.ts"

const { values } = parseArgs({
  options: { sessions: { type: "string", default: "10000" }, rounds: { type: "string", default: "11" } }
})
const base = mkdtempSync(join(tmpdir(), "effixir-bench-"))
const home = join(base, "home")
const bundle = resolve("dist/bin/effixir.js")

/** Sessions of one turn; every hundredth is of this folder. */
const fill = (count: number) => {
  for (let n = 0; n < count; n++) {
    const id = v7()
    const folder = join(home, "sessions", id)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const at = (seconds: number) => new Date(1_700_000_000_000 + 1000 * (60 * n + seconds)).toISOString()
    const usage = { inputTokens: 9000 + n, cachedInputTokens: 8000, outputTokens: 300, reasoningOutputTokens: 100 }
    const text = `Look at number ${n}, and say what is wrong with it`
    const events = [
      {
        _tag: "SessionStarted",
        sessionId: id,
        schemaVersion: 1,
        workspace: n % 100 === 0 ? base : `/home/ada/project-${n % 100}`
      },
      {
        _tag: "TurnStarted",
        turnId: "turn-1",
        model: "gpt-6.2-sol",
        input: [{ type: "message", role: "user", content: [{ type: "input_text", text }] }]
      },
      {
        _tag: "ModelResponded",
        turnId: "turn-1",
        step: 0,
        model: "gpt-6.2-sol",
        account: "a",
        items: [],
        usage,
        finishReason: "stop"
      },
      { _tag: "TurnCompleted", turnId: "turn-1", answer: "Nothing.", usage, finishReason: "stop" }
    ]
    const lines = events.map((event, seq) => JSON.stringify({ seq: seq + 1, at: at(seq), key: `key/${seq}`, event }))
    writeFileSync(join(folder, "log.ndjson"), `${lines.join("\n")}\n`, { mode: 0o600 })
  }
}

const side = (name: string, args: ReadonlyArray<string>, more: Partial<Side> = {}): Side => ({
  name,
  command: process.execPath,
  args: [bundle, ...args],
  cwd: base,
  env: { HOME: base, EFFIXIR_HOME: home },
  ...more
})

try {
  fill(Number(values.sessions))
  const comparedWith = "effixir --help"
  await compare(`a list of ${values.sessions} sessions`, [
    side(comparedWith, ["--help"]),
    side("sessions list", ["sessions", "list"], { comparedWith }),
    side("sessions list --json", ["sessions", "list", "--json"], { comparedWith }),
    side("sessions list --all", ["sessions", "list", "--all"], { comparedWith }),
    side("sessions list --all --json", ["sessions", "list", "--all", "--json"], { comparedWith })
  ], Number(values.rounds))
} finally {
  rmSync(base, { recursive: true, force: true })
}
