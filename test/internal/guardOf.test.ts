import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import { decodingEither } from "../../src/internal/decoding.ts"
import { guardOf } from "../../src/internal/guardOf.ts"
import { isItem, Item } from "../../src/responses/Item.ts"
import { SessionEvent } from "../../src/session/SessionEvent.ts"

const guard = guardOf(() => SessionEvent, new Map([[Item.ast, isItem]]))
const decode = decodingEither(SessionEvent)

const known: ReadonlyArray<unknown> = [
  {
    _tag: "SessionStarted",
    sessionId: "s",
    schemaVersion: 1,
    workspace: "/w",
    parent: { sessionId: "p", callId: "c" }
  },
  { _tag: "TurnStarted", turnId: "t", model: "m", effort: "low", input: [{ type: "message" }], permission: "ask" },
  { _tag: "TurnResumed", turnId: "t", setup: { profile: "work", credential: "api_key", search: true } },
  { _tag: "InputAdded", turnId: "t", step: 1, kind: "steer", input: [] },
  {
    _tag: "ModelResponded",
    turnId: "t",
    step: 0,
    model: "m",
    account: "a",
    items: [{ type: "reasoning" }],
    usage: { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningOutputTokens: 0 },
    finishReason: "stop",
    removed: ["x"]
  },
  {
    _tag: "ToolEnded",
    turnId: "t",
    itemId: "i",
    call: { type: "function_call", call_id: "c", name: "n", arguments: "{}" },
    status: "completed",
    output: [{ type: "input_text", text: "x" }],
    details: { exit: 1 }
  },
  { _tag: "TurnFailed", turnId: "t", kind: "k", message: "m", retryable: true, details: {} }
]

/** Another value somewhere in it, or a field less, or one more. */
const damaged = (value: unknown): FastCheck.Arbitrary<unknown> => {
  if (typeof value !== "object" || value === null) return FastCheck.jsonValue()
  const entries = Object.entries(value)
  const one = FastCheck.nat(Math.max(0, entries.length - 1)).chain((at) => {
    const [name = "more", inner] = entries[at] ?? []
    return FastCheck.oneof(
      FastCheck.constant(Array.isArray(value) ? value.toSpliced(at, 1) : Object.fromEntries(entries.toSpliced(at, 1))),
      damaged(inner).map((other) => Array.isArray(value) ? value.with(at, other) : { ...value, [name]: other })
    )
  })
  return entries.length === 0
    ? FastCheck.jsonValue()
    : FastCheck.oneof({ weight: 4, arbitrary: one }, FastCheck.jsonValue())
}

const agrees = (value: unknown) =>
  assert.strictEqual(guard(value), Either.isRight(decode(value)), JSON.stringify(value))

describe("guardOf", () => {
  it("takes what the schema takes", () => {
    for (const event of known) {
      agrees(event)
      assert.isTrue(guard(event), JSON.stringify(event))
    }
  })

  it("says the same as the schema of events that are damaged anywhere", () => {
    FastCheck.assert(FastCheck.property(FastCheck.constantFrom(...known).chain(damaged), agrees), { numRuns: 5000 })
  })

  it("says the same of what has nothing to do with events", () => {
    FastCheck.assert(FastCheck.property(FastCheck.jsonValue(), agrees))
  })

  it("knows lists, records, unions and literals", () => {
    const schema = Schema.Struct({
      list: Schema.Array(Schema.Union(Schema.String, Schema.Number)),
      counts: Schema.Record({ key: Schema.String, value: Schema.Number }),
      kind: Schema.optional(Schema.Literal("a", "b"))
    })
    const is = guardOf(() => schema)
    const bySchema = Schema.is(schema)
    const like = FastCheck.record({
      list: FastCheck.oneof(FastCheck.array(FastCheck.jsonValue()), FastCheck.constant([1, "x"])),
      counts: FastCheck.oneof(FastCheck.dictionary(FastCheck.string(), FastCheck.nat()), FastCheck.jsonValue()),
      kind: FastCheck.constantFrom("a", "b", "c", undefined, null)
    }, { requiredKeys: [] })
    FastCheck.assert(FastCheck.property(like, (value) => is(value) === bySchema(value)))
    FastCheck.assert(FastCheck.property(Arbitrary.make(schema), is))
  })
})
