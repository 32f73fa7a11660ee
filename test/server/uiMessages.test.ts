import { assert, describe, it } from "@effect/vitest"
import { DefaultChatTransport, readUIMessageStream, type UIMessage, type UIMessageChunk } from "ai"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { isFunctionCallOutput, userMessage } from "../../src/responses/Item.ts"
import type { SessionEvent } from "../../src/session/SessionEvent.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import * as Permission from "../../src/tools/permission/Permission.ts"
import * as Tool from "../../src/tools/Tool.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { layerWorkspace } from "../tools/support.ts"
import { start, token } from "./support.ts"

const script: Script.Script = (request) =>
  request.input.some(isFunctionCallOutput)
    ? Script.answer(Script.say("Done.", { phase: "final_answer" }))
    : Script.answer(Script.think("I ask it."), Script.call("echo", { text: "hi" }, "call_1"))

const user = (id: string, text: string): UIMessage => ({ id, role: "user", parts: [{ type: "text", text }] })

/** The client of the AI SDK, as `useChat` has it, and the message that comes of an answer. */
const chat = (url: string) => {
  const transport = new DefaultChatTransport({ api: `${url}/v1/ui`, headers: { authorization: `Bearer ${token}` } })
  const read = async (stream: ReadableStream<UIMessageChunk>, message?: UIMessage) => {
    let last: UIMessage | undefined
    const messages = readUIMessageStream({
      stream,
      ...message === undefined ? {} : { message },
      terminateOnError: true
    })
    for await (const one of messages) last = one
    return last
  }
  return {
    transport,
    send: (chatId: string, messages: Array<UIMessage>) =>
      Effect.promise(async () => {
        const stream = await transport.sendMessages({
          chatId,
          messages,
          trigger: "submit-message",
          messageId: undefined,
          abortSignal: undefined
        })
        const last = messages.at(-1)
        return read(stream, last?.role === "assistant" ? last : undefined)
      })
  }
}

const partsOf = (message: UIMessage | undefined) =>
  (message?.parts ?? []).map((part) => ({
    type: part.type,
    ..."text" in part ? { text: part.text } : {},
    ..."state" in part ? { state: part.state } : {}
  }))

/** The sessions of a process that was killed in the middle of a call. */
const killed = (id: string) =>
  Effect.gen(function*() {
    const store = yield* SessionStore.makeMemory
    const turnId = "turn-1"
    const call = { type: "function_call", call_id: "call_1", name: "echo", arguments: "{\"text\":\"hi\"}" } as const
    const events: ReadonlyArray<SessionEvent> = [
      { _tag: "SessionStarted", sessionId: id, schemaVersion: 1 },
      { _tag: "TurnStarted", turnId, model: "gpt-5.5", input: [userMessage("Say hi")] },
      { _tag: "ToolStarted", turnId, itemId: "turn-1.0.0", call }
    ]
    yield* Effect.scoped(Effect.flatMap(store.open(id), (session) =>
      Effect.forEach(events, (event, at) =>
        session.append(String(at), event))))
    return Layer.succeed(SessionStore.SessionStore, store)
  })

describe("The AI SDK", () => {
  it.scopedLive("gets a turn as a message, and the same turn when it sends its message again", () =>
    Effect.gen(function*() {
      const { begin, requests, url } = yield* start(script)
      const session = yield* begin()
      const { send, transport } = chat(url)
      const message = yield* send(session, [user("m1", "Say hi")])
      assert.strictEqual(message?.id, "turn-1")
      const parts = [
        { type: "step-start" },
        { type: "reasoning", text: "I ask it.", state: "done" },
        { type: "dynamic-tool", state: "output-available" },
        { type: "step-start" },
        { type: "text", text: "Done.", state: "done" }
      ]
      assert.deepStrictEqual(partsOf(message), parts)
      assert.deepStrictEqual(partsOf(yield* send(session, [user("m1", "Say hi")])), parts)
      assert.lengthOf(yield* requests, 2)
      assert.isNull(yield* Effect.promise(() => transport.reconnectToStream({ chatId: session })))
    }))

  it.scopedLive("reads a turn whose process was killed to the end that it has come to, and no further", () =>
    Effect.gen(function*() {
      const { url } = yield* start(script, { store: yield* killed("session-1") })
      const { transport } = chat(url)
      const stream = yield* Effect.promise(() => transport.reconnectToStream({ chatId: "session-1" }))
      const chunks = yield* Effect.promise(async () => {
        const all: Array<UIMessageChunk> = []
        for await (const chunk of stream ?? []) all.push(chunk)
        return all
      })
      assert.deepStrictEqual(chunks.map(({ type }) => type), ["start", "start-step", "tool-input-available", "abort"])
      assert.deepInclude(chunks.at(-1), { reason: "crashed" })
    }))

  it.scopedLive("is shown that the connection is alive while nothing happens", () =>
    Effect.gen(function*() {
      const slow = Tool.make({
        name: "echo",
        description: "Never ends",
        parameters: Schema.Struct({ text: Schema.String }),
        handler: () => Effect.never
      })
      const { begin, turn, url } = yield* start(script, {
        feeds: { keepAlive: "50 millis" },
        toolkit: Toolkit.make(slow),
        grace: 0
      })
      const session = yield* begin()
      yield* turn(session, "Say hi")
      const read = Effect.promise(async () => {
        const abort = new AbortController()
        const { body } = await fetch(`${url}/v1/ui/${session}/stream`, {
          headers: { authorization: `Bearer ${token}` },
          signal: abort.signal
        })
        let text = ""
        for await (const piece of (body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
          text += piece
          if (text.includes(": keep-alive\n\n") || text.includes("[DONE]")) break
        }
        abort.abort()
        return text
      })
      assert.include(yield* read, ": keep-alive\n\n")
    }))

  it.scopedLive("is asked for an approval, and goes on with the answer", () =>
    Effect.gen(function*() {
      const { begin, url } = yield* start(script, {
        permission: Layer.provide(Permission.layerAsk, Layer.orDie(layerWorkspace))
      })
      const session = yield* begin()
      const { send } = chat(url)
      const asking = yield* send(session, [user("m1", "Say hi")])
      const asked = asking?.parts.find((part) => part.type === "dynamic-tool")
      assert.strictEqual(asked?.state, "approval-requested")
      if (asking === undefined || asked?.state !== "approval-requested") return
      const answered: UIMessage = {
        ...asking,
        parts: asking.parts.map((part) =>
          part === asked
            ? { ...asked, state: "approval-responded", approval: { id: asked.approval.id, approved: true } }
            : part
        )
      }
      const message = yield* send(session, [answered])
      assert.strictEqual(message?.parts.find((part) => part.type === "dynamic-tool")?.state, "output-available")
      assert.deepInclude(partsOf(message), { type: "text", text: "Done.", state: "done" })
    }))
})
