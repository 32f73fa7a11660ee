/**
 * Where sessions are kept, and how one is opened for writing.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { v7 } from "uuid"
import { hidden } from "../auth/Secrets.ts"
import { json } from "../internal/visible.ts"
import { type SessionEvent, Stored, width } from "./SessionEvent.ts"

/**
 * - `NotFound` there is no such session
 * - `Busy` another program, or another fiber of this one, has it open for writing
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
  /** Deletes a session, with all that belongs to it. One that is open cannot be deleted. */
  readonly remove: (id: string) => Effect.Effect<void, SessionError>
}>() {}

/**
 * What a medium (files, memory, a database) has to implement, in plain strings and numbers. {@link makeEncoded} makes a
 * store of it, and takes care of numbers, keys and events.
 *
 * @since 0.1.0
 * @category drivers
 */
export interface Encoded {
  /** Makes the caller the one writer of a session until the Scope closes; `Busy` if there is one. A new id is a new session. */
  readonly claim: (id: string) => Effect.Effect<Writer, SessionError, Scope.Scope>
  /** The lines of a session in their order; `NotFound` if it has none. Those up to `afterSeq` may be left out. */
  readonly read: (id: string, afterSeq: number) => Effect.Effect<ReadonlyArray<string>, SessionError>
  /** The sessions that have lines, in any order. `updatedAt` is in milliseconds since the epoch. */
  readonly list: Effect.Effect<ReadonlyArray<{ readonly id: string; readonly updatedAt: number }>, SessionError>
  /** Deletes a session that has no writer, with all that belongs to it; it may not exist. */
  readonly remove: (id: string) => Effect.Effect<void, SessionError>
}

/**
 * The one writer of a session.
 *
 * @since 0.1.0
 * @category drivers
 */
export interface Writer {
  /** The lines that are there when it is claimed. */
  readonly lines: ReadonlyArray<string>
  /** Adds a line at the end, for good or not at all. No two lines have the same number or key. */
  readonly append: (line: Line) => Effect.Effect<void, SessionError>
}

/**
 * An event in one line of JSON, with the fields that a database can index.
 *
 * @since 0.1.0
 * @category drivers
 */
export interface Line {
  readonly seq: number
  readonly key: string
  /** In milliseconds since the epoch. */
  readonly at: number
  readonly text: string
}

/**
 * An id for a new session: a UUID of version 7, so that ids sort by time.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeId: Effect.Effect<string> = Effect.map(Clock.currentTimeMillis, (msecs) => v7({ msecs }))

/**
 * Makes a store of a medium.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeEncoded = (driver: Encoded): typeof SessionStore.Service => ({
  open: Effect.fnUntraced(function*(id) {
    yield* known(id)
    const { append, lines } = yield* driver.claim(id)
    return yield* makeSession(
      id,
      yield* decode(id, lines),
      (stored) =>
        Effect.flatMap(
          encode(id, stored),
          (text) => append({ seq: stored.seq, key: stored.key, at: DateTime.toEpochMillis(stored.at), text })
        )
    )
  }),
  read: Effect.fnUntraced(function*(id, afterSeq = 0) {
    yield* known(id)
    const events = yield* Effect.flatMap(driver.read(id, afterSeq), (lines) => decode(id, lines))
    return events.filter(({ seq }) => seq > afterSeq)
  }),
  list: Effect.map(driver.list, (sessions) =>
    sessions
      .filter(({ id }) => isId(id))
      .toSorted((a, b) => b.updatedAt - a.updatedAt)
      .map(({ id, updatedAt }) => ({ id, updatedAt: DateTime.unsafeMake(updatedAt) }))),
  remove: (id) => Effect.zipRight(known(id), driver.remove(id))
})

/** Ids become file names and parts of URLs: any other characters are refused. */
const isId = (id: string): boolean => /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/.test(id)

const known = (id: string): Effect.Effect<void, SessionError> => isId(id) ? Effect.void : notFound(id)

const notFound = (session: string) => new SessionError({ reason: "NotFound", session, detail: "" })

const Text = Schema.parseJson(Stored)
const encodeText = (stored: Stored): string => json(Schema.encodeSync(Text)(stored))
const decodeText = Schema.decodeUnknownEither(Text)

/** Without our secrets. A program can pass JSON that is nested too deeply to encode. */
const encode = (id: string, stored: Stored): Effect.Effect<string, SessionError> =>
  Effect.try({
    try: () => encodeText(stored),
    catch: () =>
      new SessionError({
        reason: "Io",
        session: id,
        detail: "what should be kept there is not JSON, or is nested too deeply"
      })
  }).pipe(Effect.flatMap(hidden))

const decode = (id: string, lines: ReadonlyArray<string>): Either.Either<ReadonlyArray<Stored>, SessionError> =>
  Either.gen(function*() {
    const events: Array<Stored> = []
    for (const [index, line] of lines.entries()) {
      events.push(
        yield* Either.mapLeft(
          decodeText(line),
          (cause) =>
            new SessionError({ reason: "Corrupt", session: id, detail: `its line ${index + 1} is no event`, cause })
        )
      )
    }
    return events
  })

/**
 * Makes a session from the events of its log and a way to append: assigns numbers, and keeps the first event of a key.
 */
const makeSession = Effect.fnUntraced(function*(
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
    // An interruption must not leave half an event in the log.
    append: (key, event) => Effect.uninterruptible(lock.withPermits(1)(add(key, event))),
    lookup: (key) => Effect.sync(() => Option.fromNullable(byKey.get(key))),
    number: Ref.getAndUpdate(next, (n) => n + 1)
  }
  return session
})

/**
 * Keeps the lines of sessions in memory, as long as the program runs.
 *
 * @since 0.1.0
 * @category drivers
 */
export const makeMemoryDriver: Effect.Effect<Encoded> = Effect.sync(() => {
  const logs = new Map<string, Array<Line>>()
  const claimed = new Set<string>()
  const linesOf = (id: string, afterSeq = 0) =>
    (logs.get(id) ?? []).filter(({ seq }) => seq > afterSeq).map(({ text }) => text)
  const free = (id: string) =>
    Effect.suspend(() => claimed.has(id) ? new SessionError({ reason: "Busy", session: id, detail: "" }) : Effect.void)

  return {
    claim: (id) =>
      Effect.acquireRelease(
        Effect.tap(free(id), () => claimed.add(id)),
        () => Effect.sync(() => claimed.delete(id))
      ).pipe(
        Effect.map(() => ({
          lines: linesOf(id),
          append: (line) =>
            Effect.sync(() => {
              const log = logs.get(id)
              if (log === undefined) logs.set(id, [line])
              else log.push(line)
            })
        }))
      ),
    read: (id, afterSeq) => Effect.suspend(() => logs.has(id) ? Effect.succeed(linesOf(id, afterSeq)) : notFound(id)),
    list: Effect.sync(() => Array.from(logs, ([id, lines]) => ({ id, updatedAt: lines.at(-1)?.at ?? 0 }))),
    remove: (id) => Effect.zipRight(free(id), Effect.sync(() => logs.delete(id)))
  }
})

/** @since 0.1.0 @category constructors */
export const makeMemory: Effect.Effect<typeof SessionStore.Service> = Effect.map(makeMemoryDriver, makeEncoded)

/**
 * Keeps sessions in memory, as long as the program runs.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<SessionStore> = Layer.effect(SessionStore, makeMemory)
