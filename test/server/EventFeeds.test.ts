import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { AgentEvent, Ephemeral } from "../../src/agent/AgentEvent.ts"
import * as EventFeeds from "../../src/server/EventFeeds.ts"
import { PermissionDecided, SessionStarted } from "../../src/session/SessionEvent.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"

const at = DateTime.unsafeMake(0)
const started = SessionStarted.make({ sessionId: "s", schemaVersion: 1 })
const decided = PermissionDecided.make({ turnId: "t", itemId: "t.0.0", decision: "allowed", rule: "ask", by: "person" })
const child = { agent: "explore", sessionId: "c", itemId: "u.0.0" }

const question: Ephemeral = {
  _tag: "PermissionRequested",
  turnId: "t",
  itemId: "t.0.0",
  call: { type: "function_call", name: "bash", call_id: "call_1", arguments: "{ }" },
  rule: "ask",
  question: "Run rm",
  subject: { _tag: "Command", command: "rm", workdir: undefined, stays: true },
  reason: undefined,
  scopes: []
}

const answered: Ephemeral = {
  _tag: "ChildAnswered",
  turnId: "t",
  itemId: "t.0.0",
  rule: "ask",
  decision: "denied",
  words: undefined,
  child
}

/** A turn that is told, with what a reader that comes now hears until it ends. */
const telling = Effect.gen(function*() {
  const memory = yield* SessionStore.makeMemory
  const feeds = yield* Effect.provideService(EventFeeds.make(), SessionStore.SessionStore, memory)
  const session = yield* feeds.around(memory).open("s")
  const { event } = yield* feeds.tell("s")
  yield* session.append("session", started)
  const show = (shown: Ephemeral) =>
    Effect.map(session.number, (seq): AgentEvent => {
      const told = { ...shown, seq, at }
      event(told)
      return told
    })
  /** In the log, and not told before the next event is. */
  const append = (key: string, kept: typeof decided) => session.append(key, kept)
  const heard = Effect.gen(function*() {
    const texts = yield* Stream.runCollect(
      feeds.read("s", 0).pipe(Stream.takeUntil((text) => text.includes("retry")))
    ).pipe(Effect.fork)
    yield* Effect.yieldNow()
    yield* Effect.yieldNow()
    yield* show({
      _tag: "Retrying",
      turnId: "t",
      attempt: 1,
      maxAttempts: 2,
      delay: 1,
      reason: "Overloaded",
      message: "",
      isLoading: false
    })
    const all = Chunk.toReadonlyArray(yield* texts.await.pipe(Effect.flatten)).join("")
    return [...all.matchAll(/"type":"([^"]*)"/g)].map(([, type]) => type).filter((type) => type?.includes(".") === true)
  })
  return { append, show, heard }
})

describe("A reader that comes in the middle of a turn", () => {
  it.scoped("is asked what nobody has answered", () =>
    Effect.gen(function*() {
      const { heard, show } = yield* telling
      yield* show(question)
      assert.deepStrictEqual(yield* heard, ["thread.started", "permission.requested"])
    }))

  it.scoped("is not asked what has an answer in the log that is not told yet", () =>
    Effect.gen(function*() {
      const { append, heard, show } = yield* telling
      yield* show(question)
      yield* append("decided", decided)
      assert.deepStrictEqual(yield* heard, ["thread.started", "permission.decided"])
    }))

  it.scoped("is asked for a child of a call that was itself allowed before", () =>
    Effect.gen(function*() {
      const { append, heard, show } = yield* telling
      yield* append("decided", decided)
      yield* show({ ...question, child })
      assert.deepStrictEqual(yield* heard, ["thread.started", "permission.decided", "permission.requested"])
    }))

  it.scoped("is not asked for a child that has its answer", () =>
    Effect.gen(function*() {
      const { heard, show } = yield* telling
      yield* show({ ...question, child })
      yield* show(answered)
      assert.deepStrictEqual(yield* heard, ["thread.started"])
    }))
})
