import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as fc from "fast-check"
import type { ModelError } from "../../../src/responses/ModelError.ts"
import * as Response from "../../../src/responses/Response.ts"
import type { StreamEvent } from "../../../src/responses/StreamEvent.ts"
import * as Sse from "../../../src/responses/transport/Sse.ts"
import * as Script from "../../../src/testing/Script.ts"
import * as ScriptEvents from "../../../src/testing/ScriptEvents.ts"
import { forAll } from "../../forAll.ts"
import * as Recordings from "../recordings.ts"
import { block, bytes, cutAt, pieces, read, readText } from "../sse.ts"

const told = ScriptEvents.events(Script.answer(Script.say("Grüße 👩‍👩‍👧 aus Köln, 日本")), {
  model: "gpt-5.5",
  responseId: "resp_1"
})
const events: Array<unknown> = [...told]
const text = told.map(block).join("")
const completed = block({ type: "response.completed", response: null })
const lineEnds = { LF: "\n", CRLF: "\r\n", CR: "\r" }

/** What is the same in an item, whether it is told when it is done or at the end. */
const essence = (item: { readonly [field: string]: unknown }) => ({
  ...item,
  id: undefined,
  encrypted_content: undefined,
  status: undefined
})

/** What the server itself says that it has answered. */
const answered = (recording: Recordings.Recording): ReadonlyArray<object> => {
  const output = Recordings.at(recording.events.at(-1), "response", "output")
  return Array.isArray(output) && output.length > 0
    ? output
    : recording.events.flatMap((event) => event.type === "response.output_item.done" ? [Object(event["item"])] : [])
}

describe("Sse", () => {
  describe.runIf(Recordings.areHere)("Sse over recorded streams", () => {
    for (const [lineEnd, characters] of [["LF", "\n"], ["CRLF", "\r\n"]] as const) {
      for (const size of [1, 7, 13, 1024, Number.MAX_SAFE_INTEGER]) {
        const amount = size > 1024 ? "all bytes at once" : `${size} bytes at a time`
        it.effect(
          `gives the items and the usage of the server: ${lineEnd}, ${amount}`,
          () =>
            Effect.forEach(Recordings.streams, (recording) =>
              Effect.gen(function*() {
                const wire = bytes(recording.text.replaceAll("\n", characters))
                const { events } = yield* read(pieces(wire, size))
                const response = events.reduce(Response.add, Response.empty)
                assert.deepStrictEqual(
                  Response.items(response).map(essence),
                  answered(recording).map((item) => essence({ ...item })),
                  recording.name
                )
                const usage = Recordings.at(recording.events.at(-1), "response", "usage")
                assert.deepStrictEqual<unknown>(response.usage, {
                  inputTokens: Recordings.at(usage, "input_tokens") ?? 0,
                  cachedInputTokens: Recordings.at(usage, "input_tokens_details", "cached_tokens") ?? 0,
                  outputTokens: Recordings.at(usage, "output_tokens") ?? 0,
                  reasoningOutputTokens: Recordings.at(usage, "output_tokens_details", "reasoning_tokens") ?? 0
                }, recording.name)
              }), { discard: true })
        )
      }
    }

    it.effect("fails for the stream that holds an error alone, and after its events", () =>
      Effect.gen(function*() {
        const failed = yield* Effect.filter(
          Recordings.streams,
          ({ text }) => Effect.map(readText(text), ({ failure }) => failure !== undefined)
        )
        assert.deepStrictEqual(failed.map(({ name }) => name), ["vercel-ai__openai-error.1.sse"])
        const { events, failure } = yield* readText(failed[0]?.text ?? "")
        assert.deepStrictEqual(events.map(({ type }) => type), ["response.created", "response.in_progress", "error"])
        assert.strictEqual(failure?.reason._tag, "QuotaExceeded")
        assert.match(failure?.detail ?? "", /^You exceeded your current quota/)
      }))

    it.effect("loses no event and no field", () =>
      Effect.forEach(Recordings.streams, (recording) =>
        Effect.map(readText(recording.text), ({ events }) => {
          const told = events.map(raw)
          assert.deepStrictEqual<unknown>(told, recording.events.slice(0, told.length))
          assert.match(recording.events[told.length - 1]?.type ?? "", /^(?:error|response\.(?:completed|incomplete))$/)
        }), { discard: true }))

    it.effect("gives the same items wherever the bytes are cut", () => {
      const small = Recordings.streams.filter(({ text }) => text.length < 30_000)
      const itemsOf = (stream: Stream.Stream<Uint8Array>) =>
        Effect.map(read(stream), ({ events }) => Response.items(events.reduce(Response.add, Response.empty)))
      return forAll(
        fc.tuple(fc.nat(small.length - 1), fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 })),
        ([index, places]) =>
          Effect.gen(function*() {
            const wire = bytes(small[index]?.text ?? "")
            const cut = yield* itemsOf(cutAt(wire, places.map((place) => Math.floor(place * wire.length))))
            assert.deepStrictEqual(cut, yield* itemsOf(Stream.make(wire)))
          })
      )
    })

    it.effect("misses the end wherever the stream is cut before it", () =>
      forAll(
        fc.tuple(fc.nat(Recordings.streams.length - 1), fc.double({ min: 0, max: 1, noNaN: true })),
        ([index, part]) =>
          Effect.gen(function*() {
            const recording = Recordings.streams[index]
            const last = `"type":"${recording?.events.at(-1)?.type}"`
            const wire = bytes(recording?.text.slice(0, recording.text.lastIndexOf(last)) ?? "")
            const { failure } = yield* read(pieces(wire.subarray(0, Math.floor(part * wire.length)), 1024))
            const isError = recording?.name === "vercel-ai__openai-error.1.sse" &&
              failure?.reason._tag === "QuotaExceeded"
            assert.isTrue(isError || failure?.reason._tag === "StreamIncomplete")
          })
      ))
  })

  for (const [name, characters] of Object.entries(lineEnds)) {
    it.effect(`reads the same wherever the bytes are cut: ${name}`, () => {
      const wire = bytes(text.replaceAll("\n", characters))
      return forAll(
        fc.array(fc.nat(wire.length), { maxLength: 60 }),
        (places) =>
          Effect.map(read(cutAt(wire, places)), (read) => {
            assert.strictEqual(read.failure, undefined)
            assert.strictEqual(Response.items(read.events.reduce(Response.add, Response.empty)).length, 1)
            assert.deepStrictEqual(read.events.map(raw), events)
          })
      )
    })

    it.effect(`reads the same byte for byte: ${name}`, () =>
      Effect.map(read(pieces(bytes(text.replaceAll("\n", characters)), 1)), (read) => {
        assert.deepStrictEqual(read.events.map(raw), events)
      }))
  }

  it.effect("misses the end at every byte before the last event is whole", () => {
    const wire = bytes(`${block({ type: "response.output_text.delta", delta: "ä" })}${completed}`.trimEnd())
    return Effect.forEach(
      Array.from(wire.keys()),
      (length) =>
        Effect.map(read(Stream.make(wire.subarray(0, length))), ({ failure }) => {
          assert.strictEqual(failure?.reason._tag, "StreamIncomplete", `cut at ${length}`)
          assert.isTrue(failure?.isRetryable)
        }),
      { discard: true }
    )
  })

  it.effect("takes a last event without its empty line", () =>
    Effect.map(readText(text.trimEnd()), (read) => {
      assert.strictEqual(read.failure, undefined)
      assert.deepStrictEqual(read.events.map(raw), events)
    }))

  it.effect("finds no end in nothing", () =>
    Effect.map(read(Stream.empty), ({ events, failure }) => {
      assert.deepStrictEqual(events, [])
      assert.strictEqual(failure?.message, "The stream ended before the response was complete")
    }))

  it.effect("passes over comments, empty data, [DONE], and data that is not JSON", () =>
    Effect.gen(function*() {
      const noise = [": keepalive", "data:", "data: [DONE]", "data: {\"type\":", "retry: 5", "id: 7", "nonsense", ""]
      const { events, failure } = yield* readText(`\uFEFF${noise.join("\n\n")}${completed}`)
      assert.strictEqual(failure, undefined)
      assert.deepStrictEqual(events, [{ type: "response.completed", response: null }])
    }))

  it.effect("takes a bare line of an error, which no standard knows, for a failure", () =>
    Effect.gen(function*() {
      const { failure } = yield* readText(
        "error: {\"code\":500,\"message\":\"out of memory\",\"type\":\"server_error\"}\n\n"
      )
      assert.deepStrictEqual([failure?.reason._tag, failure?.detail], ["Overloaded", "out of memory"])
    }))

  const message = { type: "message", role: "assistant", content: [{ type: "output_text", text: "Hello" }] }
  const whole = { id: "resp_1", object: "response", status: "completed", error: null, output: [message] }

  it.effect("takes a whole response of a server that does not stream", () =>
    Effect.gen(function*() {
      for (
        const text of [JSON.stringify(whole), JSON.stringify(whole, null, 2), `data: ${JSON.stringify(whole)}\n\n`]
      ) {
        const { events, failure } = yield* readText(text)
        assert.strictEqual(failure, undefined)
        const response = events.reduce(Response.add, Response.empty)
        assert.deepStrictEqual([Response.text(response), response.id, response.finishReason], [
          "Hello",
          "resp_1",
          "stop"
        ])
        assert.deepStrictEqual(events.map(({ type }) => type), ["response.output_item.done", "response.completed"])
      }
    }))

  const failures: ReadonlyArray<readonly [body: string, reason: ModelError["reason"]["_tag"], detail: string]> = [
    ["{\"error\":{\"message\":\"No such model\",\"code\":\"model_not_found\"}}", "ModelUnavailable", "No such model"],
    ["{\"error\":\"model requires more memory\"}", "Overloaded", "model requires more memory"],
    ["{\"detail\":\"Not enough credit\"}", "Overloaded", "Not enough credit"],
    [
      JSON.stringify({ ...whole, status: "failed", error: { code: "server_error", message: "Oops" } }),
      "Overloaded",
      "Oops"
    ],
    ["data: {\"error\":{\"message\":\"Oops\",\"type\":\"server_error\"}}\n\n", "Overloaded", "Oops"],
    ["event: error\ndata: {\"message\":\"Oops\",\"code\":\"invalid_prompt\"}\n\n", "ContentFiltered", "Oops"],
    [
      block({ type: "response.cancelled", response: { status: "cancelled" } }),
      "Overloaded",
      "the server cancelled the response"
    ],
    [
      block({
        type: "response.completed",
        response: { status: "failed", error: { code: "invalid_prompt", message: "No" } }
      }),
      "ContentFiltered",
      "No"
    ],
    ["{\"answer\":\n 42}", "MalformedOutput", "it says {\"answer\": 42}"],
    ["{\"headers\":\"Bearer abc, sk-12345678\"}", "MalformedOutput", "it says {\"headers\":\"Bearer … sk-…\"}"],
    ["<!doctype html><title>Sign in</title>", "StreamIncomplete", "a web page came back instead of an answer"]
  ]
  it.effect.each(failures)(
    "reads what a server without this API says: %s",
    ([body, reason, detail]) =>
      Effect.gen(function*() {
        for (const wire of [bytes(body), pieces(bytes(body), 7)]) {
          const { failure } = yield* read(wire instanceof Uint8Array ? Stream.make(wire) : wire)
          assert.strictEqual(failure?.reason._tag, reason)
          assert.include(failure?.detail, detail)
        }
      })
  )

  it.effect("waits for nothing after [DONE]", () =>
    Effect.map(read(Stream.concat(Stream.make(bytes("data: [DONE]\n\n")), Stream.never)), ({ failure }) => {
      assert.strictEqual(failure?.reason._tag, "StreamIncomplete")
    }))

  it.effect("joins data that is told in several lines", () =>
    Effect.map(readText("data: {\"type\":\ndata:\"response.completed\"}\n\n"), ({ events }) => {
      assert.deepStrictEqual(events, [{ type: "response.completed" }])
    }))

  it.effect("believes the type of the data, and not the name of the event", () =>
    Effect.map(readText(`event: response.failed\ndata: {"type":"response.completed"}\n\n`), ({ events, failure }) => {
      assert.strictEqual(failure, undefined)
      assert.deepStrictEqual(events, [{ type: "response.completed" }])
    }))

  it.effect("keeps what it does not know as it came", () =>
    Effect.gen(function*() {
      const foreign = [
        { type: "response.future", rate_limits: { primary: { used_percent: 12 } } },
        { type: "response.output_text.annotation.added", item_id: "ws_1", annotation: "not an object" },
        { untyped: true }
      ]
      const started = { type: "response.created", response: { id: "resp_1", moderation: null }, obfuscation: "xyz" }
      const data = [...foreign, started].map((event) => `data: ${JSON.stringify(event)}\n\n`)
      const { events } = yield* readText(`${data.join("")}${completed}`)
      assert.deepStrictEqual(events.slice(0, 3), foreign.map((raw) => ({ type: "unknown", raw })))
      assert.deepStrictEqual(events.slice(3).map(raw), [started, { type: "response.completed", response: null }])
    }))

  it.effect("takes response.done for response.completed", () =>
    Effect.gen(function*() {
      const { events, failure } = yield* readText(block({ type: "response.done", response: { id: "resp_1" } }))
      assert.strictEqual(failure, undefined)
      assert.deepStrictEqual(events, [{ type: "response.completed", response: { id: "resp_1" } }])
    }))

  it.effect("tells of an incomplete response, and does not fail", () =>
    Effect.map(readText(block({ type: "response.incomplete", response: {} })), ({ events, failure }) => {
      assert.strictEqual(failure, undefined)
      assert.deepStrictEqual(events, [{ type: "response.incomplete", response: {} }])
    }))

  it.effect("ends with the first last event, and tells none of what stands behind it", () =>
    Effect.map(readText(`${completed}${block({ type: "error", message: "late" })}`), ({ events, failure }) => {
      assert.strictEqual(failure, undefined)
      assert.lengthOf(events, 1)
    }))

  it.effect("reads no byte after the last event", () =>
    Effect.gen(function*() {
      const failed = block({ type: "response.failed", response: { error: { code: "server_error", message: "Oops" } } })
      for (const [last, reason] of [[completed, undefined], [failed, "Overloaded"]] as const) {
        const wire = Stream.concat(Stream.make(bytes(last)), Stream.dieMessage("read on"))
        assert.strictEqual((yield* read(wire)).failure?.reason._tag, reason)
      }
    }))

  it.effect("fails as its source fails, after the events that came before", () =>
    Effect.gen(function*() {
      const seen = yield* Stream.concat(Stream.make(bytes(text.slice(0, -20))), Stream.fail("cable")).pipe(
        Sse.decode,
        Stream.map(({ type }) => type),
        Stream.catchAll((error) => Stream.make(error)),
        Stream.runCollect
      )
      assert.strictEqual(seen.length, events.length)
      assert.strictEqual(Chunk.unsafeLast(seen), "cable")
    }))

  it.effect("gives up on an event that never ends", () =>
    Effect.gen(function*() {
      const much = bytes("x".repeat(8 * 1024 * 1024))
      const { events, failure } = yield* read(
        Stream.concat(Stream.make(bytes(`${block({ type: "ping" })}data: "`)), Stream.repeatValue(much)).pipe(
          Stream.rechunk(1)
        )
      )
      assert.deepStrictEqual(events, [{ type: "unknown", raw: { type: "ping" } }])
      assert.strictEqual(failure?.reason._tag, "MalformedOutput")
      assert.match(failure?.detail ?? "", /^one event, or a body without events, is over \d+ bytes$/)
    }))

  it.effect("starts anew each time it is run", () =>
    Effect.gen(function*() {
      const count = Stream.runCount(Sse.decode(Stream.make(bytes(text))))
      assert.strictEqual(yield* count, events.length)
      assert.strictEqual(yield* count, events.length)
    }))
})

const raw = (event: StreamEvent): unknown => event.type === "unknown" ? event.raw : event
