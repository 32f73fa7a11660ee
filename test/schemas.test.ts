import { assert, describe, expect, it } from "@effect/vitest"
import { Ajv } from "ajv"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as JSONSchema from "effect/JSONSchema"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { readdirSync, readFileSync } from "node:fs"
import { fromStored } from "../src/agent/AgentEvent.ts"
import { linesOf } from "../src/agent/EventLines.ts"
import * as JsonLine from "../src/agent/JsonLine.ts"
import * as SettingsSchema from "../src/node/settings/SettingsSchema.ts"
import { Stored } from "../src/session/SessionEvent.ts"
import * as Script from "../src/testing/Script.ts"
import { applyPatch, lines, machine, platform } from "./cli/support.ts"

const written = <A, I>(title: string, description: string, schema: Schema.Schema<A, I>) => {
  const { $schema, ...made } = JSONSchema.make(schema)
  return { $schema: String($schema), title, description, ...withoutIds(made) }
}

/** An id may stand in a schema once only, and Effect gives the same to all that are alike. */
const withoutIds = (schema: object): object =>
  JSON.parse(JSON.stringify(schema, (name, value: unknown) => name === "$id" ? undefined : value))

const published = {
  log: written(
    "A line of the log of a session",
    "`sessions/ID/log.ndjson` in the folder of EFFIXIR_HOME. Events and fields that are not known may come.",
    Stored
  ),
  jsonl: written(
    "A line that `effixir --json` prints",
    "Lines and fields that are not known may come.",
    JsonLine.JsonLine
  ),
  config: SettingsSchema.make()
}

const ajv = new Ajv({ allErrors: true, strictTypes: false })
const validators = { log: ajv.compile(published.log), jsonl: ajv.compile(published.jsonl) }

const assertFits = (name: keyof typeof validators, value: unknown) => {
  const validate = validators[name]
  assert.isTrue(validate(value), `${JSON.stringify(value)}\n${ajv.errorsText(validate.errors)}`)
}

const decodeStored = Schema.decodeUnknownEither(Stored, { onExcessProperty: "error" })
const decodeLine = Schema.decodeUnknownEither(JsonLine.JsonLine, { onExcessProperty: "error" })

/** The schemas that are published let unknown fields pass; what we print has none. */
const assertKnown = (decoded: Either.Either<unknown, ParseResult.ParseError>) =>
  assert.isTrue(Either.isRight(decoded), Either.isLeft(decoded) ? decoded.left.message : "")

const logs = new URL("cli/logs/", import.meta.url)

const golden = readdirSync(logs).flatMap((name) =>
  readFileSync(new URL(name, logs), "utf8").trim().split("\n").map((line): unknown => JSON.parse(line))
)

/** A run with as many kinds of lines as a script can make. */
const eventful = Script.fromTurns([
  Script.answer(
    Script.think("Look first."),
    Script.say("I look around.", { phase: "commentary" }),
    Script.call("bash", { command: "echo one; sleep 0.3; echo two" }),
    Script.call("bash", { command: "exit 3" }),
    Script.call("read", { path: "none.txt" })
  ),
  Script.refuse(503, { error: { message: "Busy." } }),
  Script.answer(applyPatch("patch", "*** Add File: new.txt", "+hello")),
  Script.answer(
    { id: "ws_1", type: "web_search_call", status: "completed", action: { type: "search", query: "effect" } },
    { id: "x_1", type: "of_the_future", anything: [1] },
    Script.say("Done.", { phase: "final_answer" })
  )
])

describe("The published schemas", () => {
  // `npx vitest run -u test/schemas.test.ts` writes them.
  it.each(["log", "jsonl", "config"] as const)(
    "are made from the code: %s.json",
    (name) => expect(`${JSON.stringify(published[name], null, 2)}\n`).toMatchFileSnapshot(`../schemas/${name}.json`)
  )

  it("are all there is in their folder, and in the package", () => {
    const files = readdirSync(new URL("../schemas/", import.meta.url)).map((name) => `./schemas/${name}`)
    assert.sameMembers(files, Object.keys(published).map((name) => `./schemas/${name}.json`))
    const { exports } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
    for (const file of files) assert.strictEqual(exports[file], file)
  })

  it("describe the logs of every version", () => {
    assert.isAbove(golden.length, 10)
    for (const line of golden) assertFits("log", line)
  })

  it("describe the lines that those logs are shown as", () => {
    for (const stored of golden.map((line) => Schema.decodeUnknownSync(Stored)(line))) {
      for (const line of linesOf(fromStored(stored), true)) {
        assertFits("jsonl", line)
        assertKnown(decodeLine(line))
      }
    }
  })

  it("have a line for every one that is printed, and no other", () => {
    const source = ["agent/EventLines", "cli/render/lastLine"].map((name) =>
      readFileSync(new URL(`../src/${name}.ts`, import.meta.url), "utf8")
    ).join("\n")
    const printed = Array.from(source.matchAll(/line\(\s*"([\w.]+)"|\{ type: "(error)" \}/g), ([, a, b]) => a ?? b)
    assert.sameMembers([...new Set(printed)], [...JsonLine.types])
  })

  it.each([
    { type: "turn.completed", seq: 1, ts: "2026-11-29T12:00:00.000Z", finish_reason: "stop" },
    { type: "turn.limited", seq: 1, ts: "2026-11-29T12:00:00.000Z", limit: "patience", exit_code: 8 },
    { type: "item.completed", seq: 1, ts: "2026-11-29T12:00:00.000Z", item: { id: "1", type: "tool_call" } },
    { type: "of.another.kind", seq: 1, ts: "2026-11-29T12:00:00.000Z" }
  ])("refuse what is none: %j", (line) => {
    assert.isFalse(validators.jsonl(line))
    assert.isFalse(validators.log(line))
  })

  it.scopedLive("describe what a run prints and writes", () =>
    Effect.gen(function*() {
      const { fs, home, path, run } = yield* machine(eventful)
      const { code, stdout } = yield* run(["--json", "--deltas", "--search", "Look around"])
      assert.strictEqual(code, 0, stdout)
      const all = lines(stdout)
      for (const line of all) {
        assertFits("jsonl", line)
        assertKnown(decodeLine(line))
      }
      const kinds = new Set(all.map(({ item, type }) => item === undefined ? type : `${type} ${item.type}`))
      for (
        const kind of [
          "thread.started",
          "turn.started",
          "item.delta",
          "item.completed reasoning",
          "item.completed agent_message",
          "item.started tool_call",
          "item.updated tool_call",
          "item.completed tool_call",
          "item.completed web_search",
          "item.completed of_the_future",
          "usage",
          "retry",
          "turn.completed"
        ]
      ) assert.include([...kinds], kind)
      const [id = ""] = yield* fs.readDirectory(path.join(home, "sessions"))
      const log = yield* fs.readFileString(path.join(home, "sessions", id, "log.ndjson"))
      for (const line of log.trim().split("\n").map((line): unknown => JSON.parse(line))) {
        assertFits("log", line)
        assertKnown(decodeStored(line))
      }
    }).pipe(Effect.provide(platform)))

  it.scopedLive("describe how runs end otherwise", () =>
    Effect.gen(function*() {
      const call = Script.answer(Script.call("bash", { command: "rm -r build" }))
      const refused = Script.refuse(400, { error: { message: "Nothing of the kind." } })
      const { run } = yield* machine(
        Script.fromTurns([call, call, Script.answer(Script.say("No.")), refused, call, call])
      )
      const ended: Array<string> = []
      for (
        const [expected, ...args] of [
          ["turn.failed", "--permission", "ask", "Ask me"],
          ["turn.completed", "--permission", "read-only", "Change nothing"],
          ["turn.failed", "Be refused"],
          ["turn.limited", "--max-steps", "1", "Be short"],
          ["turn.limited", "--max-tool-calls", "0", "Call nothing"],
          ["turn.failed", "--nonsense", "Be strict"],
          ["error", "models", "--nonsense"]
        ]
      ) {
        const all = lines((yield* run(["--json", ...args])).stdout)
        assert.strictEqual(all.at(-1)?.type, expected, args.join(" "))
        for (const line of all) {
          assertFits("jsonl", line)
          assertKnown(decodeLine(line))
          ended.push(line.type)
        }
      }
      assert.include(ended, "permission.requested")
      assert.include(ended, "permission.decided")
    }).pipe(Effect.provide(platform)))
})
