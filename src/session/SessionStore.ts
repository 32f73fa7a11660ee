/**
 * Where sessions are kept, and how one is opened for writing.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { v7 } from "uuid"
import { type SessionEvent, type Stored, width } from "./SessionEvent.ts"

/**
 * - `NotFound` there is no such session
 * - `Busy` another program, or another part of this one, writes to it
 * - `Corrupt` its log cannot be read
 * - `Io` the disk refused
 *
 * @since 0.1.0
 * @category errors
 */
export class SessionError extends Schema.TaggedError<SessionError>("effixir/session/SessionStore/SessionError")(
  "SessionError",
  {
    reason: Schema.Literal("NotFound", "Busy", "Corrupt", "Io"),
    session: Schema.String,
    detail: Schema.String,
    cause: Schema.optional(Schema.Defect)
  }
) {
  override get message(): string {
    switch (this.reason) {
      case "NotFound":
        return `There is no session ${this.session}`
      case "Busy":
        return `Session ${this.session} is in use by another process; wait for it, or start a new session`
      case "Corrupt":
        return `The log of session ${this.session} cannot be read: ${this.detail}`
      case "Io":
        return `The log of session ${this.session} cannot be used: ${this.detail}`
    }
  }
}

/**
 * A session that is open for writing.
 *
 * @since 0.1.0
 * @category models
 */
export interface Session {
  readonly id: string
  /** All that the log holds now. */
  readonly events: Effect.Effect<ReadonlyArray<Stored>>
  /** Appends an event and gives what is stored. If the key is there already, that is what is stored under it. */
  readonly append: (key: string, event: SessionEvent) => Effect.Effect<Stored, SessionError>
  /** What is stored under a key. */
  readonly lookup: (key: string) => Effect.Effect<Option.Option<Stored>>
  /** Takes a number for an event that is shown and not kept. */
  readonly number: Effect.Effect<number>
}

/**
 * A session as a list shows it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Summary {
  readonly id: string
  readonly updatedAt: DateTime.Utc
}

/** @since 0.1.0 @category services */
export class SessionStore extends Context.Tag("effixir/session/SessionStore")<SessionStore, {
  /**
   * Opens a session for one writer until the Scope closes. A new id is a new session; nothing is kept of it before its
   * first event.
   */
  readonly open: (id: string) => Effect.Effect<Session, SessionError, Scope.Scope>
  /** The events of a session with a number above `afterSeq`. */
  readonly read: (id: string, afterSeq?: number) => Effect.Effect<ReadonlyArray<Stored>, SessionError>
  /** All sessions, the one that was written to last first. */
  readonly list: Effect.Effect<ReadonlyArray<Summary>, SessionError>
}>() {}

/**
 * An id for a new session: a UUID of version 7, so that ids sort by time.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeId: Effect.Effect<string> = Effect.map(Clock.currentTimeMillis, (msecs) => v7({ msecs }))

/**
 * Lifts what a medium can do (add one event at the end) to a session: numbers, keys, and events that are there
 * already.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSession = Effect.fnUntraced(function*(
  id: string,
  past: ReadonlyArray<Stored>,
  write: (stored: Stored) => Effect.Effect<void, SessionError>
) {
  const last = past.at(-1)
  const byKey = new Map(past.map((stored) => [stored.key, stored]))
  const next = yield* Ref.make(last === undefined ? 1 : last.seq + width(last.event))
  // Tools end concurrently; their events go into the log one after the other.
  const lock = yield* Effect.makeSemaphore(1)

  const add = Effect.fnUntraced(function*(key: string, event: SessionEvent) {
    const present = byKey.get(key)
    if (present !== undefined) return present
    const at = yield* DateTime.now
    const seq = yield* Ref.getAndUpdate(next, (n) => n + width(event))
    const stored: Stored = { seq, at, key, event }
    yield* write(stored)
    byKey.set(key, stored)
    return stored
  })

  const session: Session = {
    id,
    // A Map keeps the order in which keys came in.
    events: Effect.sync(() => [...byKey.values()]),
    // Half an event must not stay in the log because somebody lost interest.
    append: (key, event) => Effect.uninterruptible(lock.withPermits(1)(add(key, event))),
    lookup: (key) => Effect.sync(() => Option.fromNullable(byKey.get(key))),
    number: Ref.getAndUpdate(next, (n) => n + 1)
  }
  return session
})

/** @since 0.1.0 @category constructors */
export const makeMemory: Effect.Effect<typeof SessionStore.Service> = Effect.sync(() => {
  const logs = new Map<string, Array<Stored>>()
  const open = new Set<string>()

  const claim = (id: string) =>
    Effect.suspend(() => {
      if (open.has(id)) return new SessionError({ reason: "Busy", session: id, detail: "" })
      open.add(id)
      return Effect.void
    })

  return SessionStore.of({
    open: (id) =>
      Effect.zipRight(
        Effect.acquireRelease(claim(id), () => Effect.sync(() => open.delete(id))),
        Effect.suspend(() =>
          makeSession(id, [...logs.get(id) ?? []], (stored) =>
            Effect.sync(() => {
              const log = logs.get(id)
              if (log === undefined) logs.set(id, [stored])
              else log.push(stored)
            }))
        )
      ),
    read: (id, afterSeq = 0) =>
      Effect.suspend(() => {
        const log = logs.get(id)
        return log === undefined
          ? new SessionError({ reason: "NotFound", session: id, detail: "" })
          : Effect.succeed(log.filter((stored) => stored.seq > afterSeq))
      }),
    list: Effect.sync(() =>
      Array.from(logs, ([id, log]) => ({ id, updatedAt: log.at(-1)?.at ?? DateTime.unsafeMake(0) }))
        .toSorted((a, b) => DateTime.toEpochMillis(b.updatedAt) - DateTime.toEpochMillis(a.updatedAt))
    )
  })
})

/**
 * Keeps sessions as long as the program runs.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<SessionStore> = Layer.effect(SessionStore, makeMemory)
