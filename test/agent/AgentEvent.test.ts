import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { readdirSync, readFileSync } from "node:fs"
import * as Agent from "../../src/agent/Agent.ts"
import * as AgentEvent from "../../src/agent/AgentEvent.ts"
import * as EventLines from "../../src/agent/EventLines.ts"
import * as EventSchema from "../../src/agent/EventSchema.ts"
import * as JsonLine from "../../src/agent/JsonLine.ts"
import { Stored } from "../../src/session/SessionEvent.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
import * as Permission from "../../src/tools/permission/Permission.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { echo } from "./support.ts"

const strict = { onExcessProperty: "error" } as const
const Json = Schema.parseJson(EventSchema.AgentEvent)
const encode = Schema.encodeSync(Json, strict)
const decode = Schema.decodeSync(Json, strict)

/** What a run emits beside what is logged, a value of each kind. */
const byTag: { readonly [Tag in AgentEvent.Ephemeral["_tag"]]: AgentEvent.Ephemeral & { readonly _tag: Tag } } = {
  TextDelta: { _tag: "TextDelta", turnId: "t", itemId: "t.0.0", delta: "Hel" },
  ReasoningDelta: { _tag: "ReasoningDelta", turnId: "t", itemId: "t.0.0", delta: "Hm" },
  ToolProgress: {
    _tag: "ToolProgress",
    turnId: "t",
    itemId: "t.0.0",
    text: "half",
    child: { agent: "explore", sessionId: "s" }
  },
  PermissionRequested: {
    _tag: "PermissionRequested",
    turnId: "t",
    itemId: "t.0.0",
    call: { type: "function_call", name: "bash", call_id: "call_1", arguments: "{ }" },
    rule: "ask",
    question: "Run rm",
    subject: { _tag: "Command", command: "rm", workdir: undefined, stays: true, writable: ["/opt"] },
    reason: undefined,
    scopes: [{ kind: "command", allows: [], grants: ["bash is rm"] }]
  },
  ChildAnswered: {
    _tag: "ChildAnswered",
    turnId: "t",
    itemId: "t.0.0",
    rule: "ask",
    decision: "denied",
    words: undefined,
    child: { agent: "explore", sessionId: "s", itemId: "u.0.0" }
  },
  Retrying: {
    _tag: "Retrying",
    turnId: "t",
    attempt: 2,
    maxAttempts: 5,
    delay: 200,
    reason: "Overloaded",
    message: "Busy.",
    isLoading: false
  },
  WebSearched: { _tag: "WebSearched", turnId: "t", itemId: "t.0.0", item: { type: "web_search_call", id: "ws_1" } },
  Compacting: { _tag: "Compacting", turnId: undefined, reason: "asked", method: "hosted" },
  CompactionFailed: { _tag: "CompactionFailed", turnId: "t", message: "It is too long." }
}

const ephemeral: ReadonlyArray<AgentEvent.Ephemeral> = Object.values(byTag)

const logs = new URL("../cli/logs/", import.meta.url)

const events: ReadonlyArray<AgentEvent.AgentEvent> = [
  ...readdirSync(logs).flatMap((name) =>
    readFileSync(new URL(name, logs), "utf8").trim().split("\n").map((line) =>
      AgentEvent.fromStored(Schema.decodeSync(Schema.parseJson(Stored))(line))
    )
  ),
  ...ephemeral.map((event, n) => ({ ...event, seq: n + 1, at: DateTime.unsafeMake(n) }))
]

const encrypted = "gAAAAA-encrypted"

/** Items that hold what only a server can read: of a known type, of an unknown one, and in a part. */
const script = Script.fromTurns([
  Script.answer(
    { type: "reasoning", id: "rs_1", summary: [], encrypted_content: encrypted },
    { type: "compaction", id: "cmp_1", encrypted_content: encrypted },
    { type: "of_the_future", id: "x_1", parts: [{ type: "sealed", encrypted_content: encrypted, kept: 1 }] },
    Script.call("echo", { text: "hi\u202e" })
  ),
  Script.answer(Script.say("Done."))
])

const account = "chatgpt:5b1d7c3e"

const TestAgent = Agent.layer({ model: "gpt-5.5", instructions: "Answer." }).pipe(
  Layer.provide([ToolExecutor.layer(Toolkit.make(echo)), Permission.layerAllowAll]),
  Layer.provide([ScriptedResponses.layer(script, { account }), SessionStore.layerMemory])
)

const run = Effect.gen(function*() {
  const agent = yield* Agent.Agent
  return Chunk.toReadonlyArray(yield* Stream.runCollect(agent.run(yield* SessionStore.makeId, "Go on")))
}).pipe(Effect.provide(TestAgent))

describe("AgentEvent", () => {
  it("is JSON and back, whatever its kind", () => {
    for (const event of events) {
      assert.deepStrictEqual(JSON.parse(encode(decode(encode(event)))), JSON.parse(encode(event)))
    }
    assert.deepStrictEqual(
      ephemeral.map((event) => AgentEvent.isLogged({ ...event, seq: 1, at: DateTime.unsafeMake(0) })),
      ephemeral.map(() => false)
    )
  })

  it.effect("holds in public no encrypted content and no account", () =>
    Effect.gen(function*() {
      const whole = yield* run
      const all = JSON.stringify(whole)
      assert.include(all, encrypted)
      assert.include(all, account)
      const known = whole.map(AgentEvent.toPublic)
      const told = known.map((event) => encode(event)).join("\n")
      for (const secret of [encrypted, "encrypted_content", account]) assert.notInclude(told, secret)
      assert.include(told, `"kept":1`)
      assert.include(told, `"account":"chatgpt:"`)
      assert.deepStrictEqual(known.map(AgentEvent.toPublic), known)
    }))

  it.effect("is written in the lines that are published, of which none tells them either", () =>
    Effect.gen(function*() {
      const whole = yield* run
      const text = yield* Stream.runCollect(EventLines.write({ deltas: true })(Stream.fromIterable(whole)))
      const lines = Chunk.toReadonlyArray(text)
      for (const secret of [encrypted, "encrypted_content", account, "\u202e"]) {
        assert.notInclude(lines.join(""), secret)
      }
      const read = lines.map((line) => Schema.decodeSync(Schema.parseJson(JsonLine.JsonLine), strict)(line))
      assert.include(read.map(({ type }) => type), "item.delta")
      assert.deepInclude(read.find(({ type }) => type === "usage"), { included_in_plan: true })
      assert.strictEqual(read.at(-1)?.type, "turn.completed")
      assert.isTrue(lines.every((line) => line.endsWith("}\n")))
    }))
})
