/**
 * The promises of every session store, as checks for authors of their own driver (`SessionStore.makeEncoded`).
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { strict as assert } from "node:assert"
import type { Session } from "../session/Session.ts"
import type { SessionError } from "../session/SessionError.ts"
import type { ModelResponded, SessionEvent, Stored } from "../session/SessionEvent.ts"
import { makeId, SessionStore } from "../session/SessionStore.ts"

/**
 * A promise, and a check that dies if the store breaks it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Check<E> {
  readonly name: string
  readonly check: Effect.Effect<void, E | SessionError>
}

/**
 * The checks of a store, each with a layer of its own. They make new sessions, do not touch existing ones, and need no
 * test framework: `for (const { name, check } of checks(layer)) it.effect(name, () => check)`.
 *
 * @example
 * ```ts
 * import { describe, it } from "@effect/vitest"
 * import { SessionStore } from "effixir"
 * import { SessionStoreContract } from "effixir/testing"
 *
 * describe("My store", () => {
 *   const checks = SessionStoreContract.checks(SessionStore.layerMemory)
 *   for (const { check, name } of checks) it.live(name, () => check)
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const checks = <E>(layer: Layer.Layer<SessionStore, E>): ReadonlyArray<Check<E>> =>
  Object.entries(promises).map(([name, promised]) => ({
    name,
    check: Effect.gen(function*() {
      yield* promised(yield* SessionStore, yield* makeId)
    }).pipe(Effect.scoped, Effect.provide(layer))
  }))

/** A promise about a new session with this id. */
type Promised = (store: typeof SessionStore.Service, id: string) => Effect.Effect<void, SessionError, Scope.Scope>

const promises: { readonly [name: string]: Promised } = {
  "keeps events as they are, with growing numbers and their times": Effect.fnUntraced(function*(store, id) {
    const session = yield* store.open(id)
    const stored = yield* fill(session)
    assert.deepEqual(stored.map(({ seq }) => seq), [1, 2, 5])
    assert.deepEqual(stored.map(({ key }) => key), ["start", "model/0", "end"])
    assert.deepEqual(stored.map(({ event }) => event), [started("t1"), responded, completed("t1")])
    same(yield* session.log, stored)
    same(yield* store.read(id), stored)
  }),

  "keeps the first event of a key": Effect.fnUntraced(function*(store, id) {
    const session = yield* store.open(id)
    const first = yield* session.append("start", started("t1"))
    same(yield* session.append("start", started("t2")), first)
    const [one, other] = yield* Effect.all([
      session.append("end", completed("t1")),
      session.append("end", completed("t2"))
    ], { concurrency: 2 })
    same(one, other)
    same(yield* store.read(id), [first, one])
  }),

  "finds an event by its key": Effect.fnUntraced(function*(store, id) {
    const session = yield* store.open(id)
    const stored = yield* session.append("model/0", responded)
    same(Option.getOrThrow(yield* session.lookup("model/0")), stored)
    assert.ok(Option.isNone(yield* session.lookup("model/1")))
  }),

  "finds by its key what was compacted, and keeps it the first": Effect.fnUntraced(function*(store, id) {
    const before = yield* Effect.scoped(Effect.gen(function*() {
      const session = yield* store.open(id)
      const stored = yield* fill(session)
      yield* session.append("compacted", compacted(stored.at(-1)?.seq ?? 0))
      yield* session.append("start/2", started("t2"))
      yield* keeps(session, stored)
      return stored
    }))
    const session = yield* store.open(id)
    yield* keeps(session, before)
    assert.equal((yield* session.log).length, before.length + 2)
  }),

  "reads on after a number": Effect.fnUntraced(function*(store, id) {
    const stored = yield* Effect.flatMap(store.open(id), fill)
    same(yield* store.read(id, 0), stored)
    same(yield* store.read(id, 2), stored.slice(2))
    same(yield* store.read(id, 5), [])
  }),

  "gives no number twice": Effect.fnUntraced(function*(store, id) {
    const session = yield* store.open(id)
    const numbers = yield* Effect.forEach(
      Array.from({ length: 40 }, (_, n) => n),
      (n) => n % 2 === 0 ? session.number : Effect.map(session.append(`end/${n}`, completed("t1")), ({ seq }) => seq),
      { concurrency: "unbounded" }
    )
    assert.equal(new Set(numbers).size, 40)
    const kept = (yield* session.log).map(({ seq }) => seq)
    assert.equal(kept.length, 20)
    assert.deepEqual(kept, kept.toSorted((a, b) => a - b))
  }),

  "goes on where a session stood when it is opened again": Effect.fnUntraced(function*(store, id) {
    const before = yield* Effect.scoped(Effect.flatMap(store.open(id), fill))
    const session = yield* store.open(id)
    same(yield* session.log, before)
    same(yield* session.append("start", started("t2")), before[0])
    assert.equal((yield* session.append("end/2", completed("t2"))).seq, 6)
  }),

  "lets one write at a time": Effect.fnUntraced(function*(store, id) {
    const first = yield* Scope.make()
    yield* Scope.extend(store.open(id), first)
    yield* fails(store.open(id), id, "Busy")
    yield* store.open(yield* makeId)
    yield* Scope.close(first, Exit.void)
    yield* store.open(id)
    yield* fails(store.open(id), id, "Busy")
  }),

  "knows no session without an event": Effect.fnUntraced(function*(store, id) {
    const isListed = Effect.map(store.list, (sessions) => sessions.some((session) => session.id === id))
    yield* fails(store.read(id), id, "NotFound")
    const session = yield* store.open(id)
    assert.deepEqual(yield* session.log, [])
    yield* fails(store.read(id), id, "NotFound")
    assert.equal(yield* isListed, false)
    yield* session.append("start", started("t1"))
    assert.equal((yield* store.read(id)).length, 1)
    assert.equal(yield* isListed, true)
  }),

  "knows no session by what is no id": Effect.fnUntraced(function*(store) {
    for (const name of ["", ".", "../other", "two words", "x".repeat(65)]) {
      yield* fails(store.open(name), name, "NotFound")
      yield* fails(store.read(name), name, "NotFound")
      yield* fails(store.remove(name), name, "NotFound")
    }
  }),

  "lists what is known of a session, and its newest title": Effect.fnUntraced(function*(store, id) {
    const listed = Effect.map(store.list, (sessions) => sessions.find((session) => session.id === id))
    yield* Effect.scoped(Effect.flatMap(store.open(id), begin))
    const { forkOf, model, status, title, turns, workspace } = (yield* listed) ?? assert.fail("it is not listed")
    assert.deepEqual({ forkOf, model, status, title, turns, workspace }, {
      forkOf: null,
      model: "gpt-5.5",
      status: "completed",
      title: "hi",
      turns: 1,
      workspace: "/work"
    })
    for (const title of ["One", "Two"]) {
      yield* store.rename(id, title)
      assert.equal((yield* listed)?.title, title)
    }
    const other = yield* makeId
    yield* fails(store.rename(other, "Three"), other, "NotFound")
  }),

  "lists the sessions of a folder": Effect.fnUntraced(function*(store, id) {
    yield* Effect.scoped(Effect.flatMap(store.open(id), begin))
    const isListed = (workspace: string) =>
      Effect.map(store.listIn(workspace), (sessions) => sessions.some((session) => session.id === id))
    for (const _ of ["seen for the first time", "known already"]) {
      assert.equal(yield* isListed("/elsewhere"), false)
      assert.equal(yield* isListed("/work"), true)
    }
  }),

  "begins a fork that shares the past and nothing else": Effect.fnUntraced(function*(store, id) {
    const parent = yield* store.open(id)
    yield* begin(parent)
    const before = yield* store.read(id)
    // Also while another writes to the session.
    const { forkOf, id: fork } = yield* store.fork(id)
    const { at, seq } = before.at(-1) ?? assert.fail("it has no events")
    assert.deepEqual(forkOf, { sessionId: id, seq, at: DateTime.formatIso(at) })
    same((yield* store.read(fork)).slice(1), before.slice(1))
    yield* parent.append("turn-2", started("turn-2"))
    yield* Effect.scoped(Effect.gen(function*() {
      const session = yield* store.open(fork)
      const [first] = yield* session.events
      assert.deepEqual(first?.event, {
        _tag: "SessionStarted",
        sessionId: fork,
        schemaVersion: 1,
        workspace: "/work",
        forkOf
      })
      // What happened before is found by its key, and what happens now in the other session is not.
      assert.ok(Option.isSome(yield* session.lookup("turn-1")))
      assert.ok(Option.isNone(yield* session.lookup("turn-2")))
      const added = yield* session.append("turn-2", completed("turn-2"))
      assert.ok(added.seq > forkOf.seq)
      same(yield* store.read(fork, forkOf.seq), [added])
    }))
    same(yield* store.read(id), [...before, ...yield* store.read(id, forkOf.seq)])
    assert.equal((yield* store.read(id)).length, before.length + 1)
    assert.equal((yield* store.read(fork)).length, before.length + 1)
    same((yield* store.list).find((session) => session.id === fork)?.forkOf, forkOf)
  }),

  "forks a fork, and up to the end of a turn": Effect.fnUntraced(function*(store, id) {
    yield* Effect.scoped(
      Effect.flatMap(
        store.open(id),
        (session) => Effect.zipRight(begin(session), session.append("turn-2", started("turn-2")))
      )
    )
    const whole = yield* store.fork(id)
    yield* Effect.scoped(Effect.flatMap(store.open(whole.id), (session) => session.append("turn-3", started("turn-3"))))
    const again = yield* store.fork(whole.id)
    same(yield* tags(store, again.id), ["SessionStarted", ...turn, "TurnStarted", "TurnStarted"])
    const short = yield* store.fork(again.id, 1)
    same(yield* tags(store, short.id), ["SessionStarted", ...turn])
    for (const none of [0, 4]) yield* fails(store.fork(again.id, none), again.id, "NoTurn")
    const other = yield* makeId
    yield* fails(store.fork(other), other, "NotFound")
  }),

  "makes a new session as a whole or not at all": Effect.fnUntraced(function*(store) {
    const listed = Effect.map(store.list, (sessions) => sessions.map((session) => session.id))
    const before = yield* listed
    const id = yield* store.create(Effect.fnUntraced(function*(session) {
      yield* begin(session)
      assert.deepEqual(yield* listed, before)
      yield* fails(store.read(session.id), session.id, "NotFound")
      return session.id
    }))
    assert.deepEqual(yield* tags(store, id), ["SessionStarted", ...turn])
    const refused = store.create((session) => Effect.zipRight(begin(session), fails(Effect.void, id, "Io")))
    assert.ok(Exit.isFailure(yield* Effect.exit(refused)))
    assert.deepEqual((yield* listed).toSorted(), [...before, id].toSorted())
  }),

  "keeps a session as long as it has forks": Effect.fnUntraced(function*(store, id) {
    yield* Effect.scoped(Effect.flatMap(store.open(id), begin))
    const fork = yield* store.fork(id)
    yield* fails(store.remove(id), id, "Forked")
    assert.equal((yield* store.read(fork.id)).length, 1 + turn.length)
    yield* store.remove(fork.id)
    yield* store.remove(id)
    yield* fails(store.read(id), id, "NotFound")
  }),

  "removes a session that nobody has open, for good": Effect.fnUntraced(function*(store, id) {
    const [other, kept] = [yield* makeId, started("t1")]
    yield* Effect.scoped(Effect.flatMap(store.open(other), (session) => session.append("start", kept)))
    yield* Effect.scoped(Effect.gen(function*() {
      yield* Effect.flatMap(store.open(id), fill)
      yield* fails(store.remove(id), id, "Busy")
      assert.equal((yield* store.read(id)).length, 3)
    }))
    yield* store.remove(id)
    yield* fails(store.read(id), id, "NotFound")
    assert.equal((yield* store.list).some((session) => session.id === id), false)
    assert.equal((yield* store.read(other)).length, 1)
    // Deleting a session that does not exist succeeds.
    yield* store.remove(id)
    const session = yield* store.open(id)
    assert.deepEqual(yield* session.log, [])
    assert.equal((yield* session.append("start", started("t2"))).seq, 1)
  })
}

/** The first turn of a session as an agent begins it. */
const begin = Effect.fnUntraced(function*(session: Session) {
  yield* session.append("session", {
    _tag: "SessionStarted",
    sessionId: session.id,
    schemaVersion: 1,
    workspace: "/work"
  })
  yield* session.append("turn-1", started("turn-1"))
  yield* session.append("turn-1/model/0", { ...responded, turnId: "turn-1" })
  yield* session.append("turn-1/end", completed("turn-1"))
})

/** Finds each of these under its key, where another event cannot take its place. */
const keeps = (session: Session, stored: ReadonlyArray<Stored>) =>
  Effect.forEach(stored, (one) =>
    Effect.gen(function*() {
      same(Option.getOrUndefined(yield* session.lookup(one.key)), one)
      same(yield* session.append(one.key, completed("t3")), one)
    }), { discard: true })

/** The events of that turn. */
const turn = ["TurnStarted", "ModelResponded", "TurnCompleted"]

const tags = (store: typeof SessionStore.Service, id: string) =>
  Effect.map(store.read(id), (log) => log.map(({ event }) => event._tag))

const fill = Effect.fnUntraced(function*(session: Session) {
  const stored: Array<Stored> = []
  stored.push(yield* session.append("start", started("t1")))
  stored.push(yield* session.append("model/0", responded))
  stored.push(yield* session.append("end", completed("t1")))
  return stored
})

/** As JSON: the order of fields counts as well. */
const same = (actual: unknown, expected: unknown): void =>
  assert.equal(JSON.stringify(actual), JSON.stringify(expected))

const fails = Effect.fnUntraced(function*<A, R>(
  effect: Effect.Effect<A, SessionError, R>,
  id: string,
  expected: SessionError["reason"]
) {
  const { reason, session } = yield* Effect.orDieWith(Effect.flip(effect), () => new Error(`no ${expected} for ${id}`))
  assert.deepEqual({ reason, session }, { reason: expected, session: id })
})

const usage = { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningOutputTokens: 0 }

const started = (turnId: string): SessionEvent => ({
  _tag: "TurnStarted",
  turnId,
  model: "gpt-5.5",
  input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] }]
})

/** A response of which reasoning, message and usage are shown, and the call is not: it takes three numbers. */
const responded: ModelResponded = {
  _tag: "ModelResponded",
  turnId: "t1",
  step: 0,
  model: "gpt-5.5",
  account: "account-1",
  items: [
    { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "gAAA", new_field: [1, { deep: null }] },
    { type: "message", id: "msg_1", role: "assistant", content: [{ type: "output_text", text: "naïve\n€👋" }] },
    { type: "function_call", id: "fc_1", call_id: "call_1", name: "read", arguments: "{ \"path\" : \"a\" }" }
  ],
  usage,
  finishReason: "stop"
}

/** Stands for what was said up to a number. */
const compacted = (upTo: number): SessionEvent => ({
  _tag: "Compacted",
  reason: "asked",
  method: "local",
  upTo,
  items: [{ type: "message", role: "user", content: [{ type: "input_text", text: "Said hi." }] }],
  model: "gpt-5.5",
  account: "account-1",
  usage,
  beforeTokens: 100,
  afterTokens: 10
})

const completed = (turnId: string): SessionEvent => ({
  _tag: "TurnCompleted",
  turnId,
  answer: "Done.",
  usage,
  finishReason: "stop"
})
