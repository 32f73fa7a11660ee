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
import { hidden } from "../auth/Secrets.ts"
import { defined } from "../internal/json.ts"
import { json } from "../internal/visible.ts"
import * as Ancestors from "./Ancestors.ts"
import { type Log, readable } from "./Log.ts"
import {
  endsTurn,
  type ForkOf,
  type SessionEvent,
  SessionRenamed,
  SessionStarted,
  Stored,
  width
} from "./SessionEvent.ts"
import * as Summary from "./Summary.ts"

/**
 * - `NotFound` there is no such session
 * - `Busy` another program, or another fiber of this one, has it open for writing
 * - `Corrupt` its log cannot be read
 * - `Newer` a later version of effixir has written it
 * - `PastLost` it is a fork, and what it shares with another session is not there any more
 * - `NoTurn` it has no such turn
 * - `Forked` others share its past, so that it cannot be deleted
 * - `Io` the disk refused
 *
 * @since 0.1.0
 * @category errors
 */
export class SessionError extends Schema.TaggedError<SessionError>("effixir/session/SessionStore/SessionError")(
  "SessionError",
  {
    reason: Schema.Literal("NotFound", "Busy", "Corrupt", "Newer", "PastLost", "NoTurn", "Forked", "Io"),
    session: Schema.String,
    detail: Schema.String,
    cause: Schema.optional(Schema.Defect)
  }
) {
  override get message(): string {
    switch (this.reason) {
      case "NotFound":
        return `There is no session ${this.session}`
      case "NoTurn":
        return `Session ${this.session} cannot be forked there: ${this.detail}`
      case "Busy":
        return `Session ${this.session} is in use by another process; wait for it, or start a new session`
      case "Corrupt":
        return `The log of session ${this.session} cannot be read: ${this.detail}`
      case "Newer":
        return `Session ${this.session} was written by a later version of effixir: ${this.detail}. Update effixir to go on with it`
      case "PastLost":
        return `Session ${this.session} cannot go on: ${this.detail}. Put that log back as it was; what this session itself holds is shown by: effixir sessions show ${this.session}`
      case "Forked":
        return `Session ${this.session} cannot be deleted: ${this.detail}`
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

/** @since 0.1.0 @category services */
export class SessionStore extends Context.Tag("effixir/session/SessionStore")<SessionStore, {
  /**
   * Opens a session for one writer until the Scope closes. A new id is a new session; nothing is kept of it before its
   * first event.
   */
  readonly open: (id: string) => Effect.Effect<Session, SessionError, Scope.Scope>
  /**
   * Makes a new session of what an effect appends to it. The session is there as a whole when that has succeeded, and
   * otherwise not at all, even if the process is killed on the way.
   */
  readonly create: <A, E, R>(
    fill: (session: Session) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | SessionError, R>
  /** The events of a session with a number above `afterSeq`. */
  readonly read: (id: string, afterSeq?: number) => Effect.Effect<ReadonlyArray<Stored>, SessionError>
  /** All events of a session, and which lines of its log are none. */
  readonly inspect: (id: string) => Effect.Effect<Log, SessionError>
  /** The lines of a session as they are kept, damaged ones too; those of a fork with the past that it shares. */
  readonly lines: (id: string) => Effect.Effect<ReadonlyArray<string>, SessionError>
  /** The same without the past that a fork shares. */
  readonly ownLines: (id: string) => Effect.Effect<ReadonlyArray<string>, SessionError>
  /** All sessions, the one that was written to last first. */
  readonly list: Effect.Effect<ReadonlyArray<Summary.Summary>, SessionError>
  /**
   * Begins a session that shares the past of another, up to the end of a turn if one is named (the first is 1), else up
   * to now. Nothing is copied, and neither session learns of what is written to the other from then on.
   */
  readonly fork: (id: string, toTurn?: number) => Effect.Effect<Fork, SessionError>
  /** Gives a session another title. */
  readonly rename: (id: string, title: string) => Effect.Effect<void, SessionError>
  /** Deletes a session, with all that belongs to it. One that is open, or that has forks, cannot be deleted. */
  readonly remove: (id: string) => Effect.Effect<void, SessionError>
}>() {}

/**
 * A fork, and where it comes from.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fork {
  readonly id: string
  readonly forkOf: ForkOf
}

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
  /** Begins a new session that nobody sees before it is published; what is not is gone when the Scope closes. */
  readonly draft: (id: string) => Effect.Effect<Draft, SessionError, Scope.Scope>
  /**
   * The lines of a session in their order; `NotFound` if it has none. Those up to `afterSeq` may be left out, but not the
   * first. They may be read while they are gone through; a `SessionError` may be thrown then.
   */
  readonly read: (id: string, afterSeq: number) => Effect.Effect<Iterable<string>, SessionError>
  /** The sessions that have lines, in any order. A `revision` changes with the lines. */
  readonly list: Effect.Effect<ReadonlyArray<Listed>, SessionError>
  /** Deletes a session that has no writer, with all that belongs to it; it may not exist. */
  readonly remove: (id: string) => Effect.Effect<void, SessionError>
}

/** @since 0.1.0 @category drivers */
export interface Listed {
  readonly id: string
  readonly revision: string
}

/**
 * What is remembered of sessions, so that a list need not read all of them. It is believed for the same revision only:
 * losing it costs time.
 *
 * @since 0.1.0
 * @category drivers
 */
export interface Index {
  readonly load: Effect.Effect<ReadonlyMap<string, Indexed>>
  readonly save: (entries: ReadonlyArray<Indexed>) => Effect.Effect<void>
}

/** @since 0.1.0 @category drivers */
export interface Indexed {
  readonly revision: string
  readonly summary: Summary.Summary
}

/**
 * The one writer of a session.
 *
 * @since 0.1.0
 * @category drivers
 */
export interface Writer {
  /** The lines that are there when it is claimed, as those of `read`. They are gone through before one is added. */
  readonly lines: Iterable<string>
  /** Adds a line at the end, for good or not at all. No two lines have the same number or key. */
  readonly append: (line: Line) => Effect.Effect<void, SessionError>
}

/**
 * A session that nobody sees yet.
 *
 * @since 0.1.0
 * @category drivers
 */
export interface Draft extends Pick<Writer, "append"> {
  /** Makes a session of it, as a whole or not at all. */
  readonly publish: Effect.Effect<void, SessionError>
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
  /** What it ends, so that it may be worth waiting until all lines up to it outlive a power cut. */
  readonly ends: "call" | "turn" | undefined
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
export const makeEncoded = (driver: Encoded, index: Index = noIndex): typeof SessionStore.Service => {
  const whole = Ancestors.resolving(driver, fault)

  const writing = (id: string, { append }: Pick<Writer, "append">, past: ReadonlyArray<Stored>) =>
    makeSession(id, past, (stored) =>
      Effect.flatMap(encode(id, stored), (text) => {
        const { at, event, key, seq } = stored
        return append({ seq, key, at: DateTime.toEpochMillis(at), text, ends: endedBy(event) })
      }))

  const open = Effect.fnUntraced(function*(id: string) {
    yield* known(id)
    const writer = yield* whole.claim(id)
    return yield* writing(id, writer, (yield* decode(id, writer.lines)).events)
  })

  const create = <A, E, R>(fill: (session: Session) => Effect.Effect<A, E, R>) =>
    Effect.scoped(Effect.gen(function*() {
      const id = yield* makeId
      const draft = yield* driver.draft(id)
      const filled = yield* Effect.flatMap(writing(id, draft, []), fill)
      yield* draft.publish
      return filled
    }))

  const read = Effect.fnUntraced(function*(id: string, afterSeq = 0) {
    yield* known(id)
    const { events } = yield* Effect.flatMap(whole.read(id, afterSeq), (lines) => decode(id, lines, afterSeq))
    return events
  })

  /** A session of which the past is lost is listed by what it has itself. */
  const summarize = Effect.fnUntraced(function*({ id, revision }: Listed) {
    const own = yield* Ancestors.inMemory(yield* driver.read(id, 0))
    const past = yield* Effect.orElseSucceed(Ancestors.linesOf(driver, id, own, fault(id)), () => [])
    return { revision, summary: Summary.fromLines(id, own, past) }
  })

  const list = Effect.gen(function*() {
    const listed = (yield* driver.list).filter(({ id }) => isId(id))
    const remembered = yield* index.load
    const entries: Array<Indexed> = []
    const unknown: Array<Listed> = []
    for (const one of listed) {
      const entry = remembered.get(one.id)
      if (entry?.revision === one.revision) entries.push(entry)
      else unknown.push(one)
    }
    for (const one of unknown) {
      // One that was deleted meanwhile, or cannot be read, must not hide the others.
      const entry = yield* Effect.option(summarize(one))
      if (Option.isSome(entry)) entries.push(entry.value)
    }
    const isSaved = remembered.size === entries.length && listed.length - unknown.length === entries.length
    if (!isSaved) yield* index.save(entries)
    return entries.map(({ summary }) => summary).toSorted((a, b) => b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : -1))
  })

  return {
    open,
    create,
    read,
    inspect: (id) => Effect.zipRight(known(id), Effect.flatMap(whole.read(id, 0), (lines) => decode(id, lines))),
    lines: (id) => Effect.zipRight(known(id), Effect.flatMap(whole.read(id, 0), Ancestors.inMemory)),
    ownLines: (id) => Effect.zipRight(known(id), Effect.flatMap(driver.read(id, 0), Ancestors.inMemory)),
    list,
    fork: Effect.fnUntraced(function*(id, toTurn) {
      const events = yield* read(id)
      const last = toTurn === undefined ? events.at(-1) : lastOfTurn(events, toTurn)
      if (last === undefined) {
        return yield* new SessionError({ reason: "NoTurn", session: id, detail: noTurn(events, toTurn ?? 0) })
      }
      const forkOf = { sessionId: id, seq: last.seq, at: DateTime.formatIso(last.at) }
      // Where the line that says how it began is damaged, the folder is not known.
      const first = events.find(({ event }) => event._tag === "SessionStarted")
      const workspace = first?.event._tag === "SessionStarted" ? first.event.workspace : undefined
      return yield* create((session) =>
        Effect.as(
          session.append(
            first?.key ?? "session",
            SessionStarted.make({ sessionId: session.id, schemaVersion: 1, ...defined({ workspace }), forkOf })
          ),
          { id: session.id, forkOf }
        )
      )
    }),
    rename: Effect.fnUntraced(function*(id, title) {
      // Opening a session that is not there would begin one.
      yield* read(id)
      const session = yield* open(id)
      const times = (yield* session.events).filter(({ event }) => event._tag === "SessionRenamed").length
      yield* session.append(`renamed/${times}`, SessionRenamed.make({ title }))
    }, Effect.scoped),
    remove: Effect.fnUntraced(function*(id) {
      yield* known(id)
      const forks = (yield* list).filter(({ forkOf }) => forkOf?.sessionId === id).map((fork) => fork.id)
      if (forks.length > 0) return yield* new SessionError({ reason: "Forked", session: id, detail: neededBy(forks) })
      yield* driver.remove(id)
    })
  }
}

const noIndex: Index = { load: Effect.succeed(new Map()), save: () => Effect.void }

/** A turn lasts until the next one begins. */
const lastOfTurn = (events: ReadonlyArray<Stored>, turn: number): Stored | undefined => {
  const begins = events.flatMap(({ event }, at) => event._tag === "TurnStarted" ? [at] : [])
  return begins[turn - 1] === undefined ? undefined : events[(begins[turn] ?? events.length) - 1]
}

const noTurn = (events: ReadonlyArray<Stored>, turn: number): string => {
  const turns = events.filter(({ event }) => event._tag === "TurnStarted").length
  return `it has no turn ${turn}, but ${turns === 0 ? "none" : turns === 1 ? "one" : `1 to ${turns}`}`
}

/**
 * Why a session that has these forks stays, as the end of a sentence.
 *
 * @since 0.1.0
 * @category errors
 */
export const neededBy = (forks: ReadonlyArray<string>): string =>
  `${forks.join(", ")} ${forks.length === 1 ? "is a fork that goes" : "are forks that go"} on from it. Delete ${
    forks.length === 1 ? "that one" : "those"
  } as well`

const fault = (session: string) => (reason: "Newer" | "PastLost", detail: string) =>
  new SessionError({ reason, session, detail })

/** Ids become file names and parts of URLs: any other characters are refused. */
const isId = (id: string): boolean => /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/.test(id)

const known = (id: string): Effect.Effect<void, SessionError> => isId(id) ? Effect.void : notFound(id)

const notFound = (session: string) => new SessionError({ reason: "NotFound", session, detail: "" })

const Text = Schema.parseJson(Stored)
const encodeText = (stored: Stored): string => json(Schema.encodeSync(Text)(stored))

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

/**
 * The events with a number above `afterSeq`. A log that has lines and not one event is none of ours, or destroyed:
 * whoever went on with it would begin anew without a word.
 */
const decode = (id: string, lines: Iterable<string>, afterSeq = 0): Effect.Effect<Log, SessionError> =>
  Effect.suspend(() => {
    try {
      const { count, damaged, events } = readable(lines, afterSeq)
      return afterSeq === 0 && count > 0 && damaged.length === count
        ? new SessionError({ reason: "Corrupt", session: id, detail: "none of its lines is an event" })
        : Effect.succeed({ events: events.map((stored) => calledBy(id, stored)), damaged })
    } catch (error) {
      return error instanceof SessionError ? error : Effect.die(error)
    }
  })

/** A session whose folder was copied is another one, by the name of the copy. */
const calledBy = (id: string, stored: Stored): Stored => {
  const { event } = stored
  return event._tag === "SessionStarted" && event.sessionId !== id
    ? { ...stored, event: { ...event, sessionId: id } }
    : stored
}

const endedBy = (event: SessionEvent): Line["ends"] =>
  event._tag === "ToolEnded" ? "call" : endsTurn(event) ? "turn" : undefined

/**
 * Makes a session from the events of its log and a way to append: assigns numbers, and keeps the first event of a key.
 */
const makeSession = Effect.fnUntraced(function*(
  id: string,
  past: ReadonlyArray<Stored>,
  write: (stored: Stored) => Effect.Effect<void, SessionError>
) {
  const byKey = new Map<string, Stored>()
  let first = 1
  for (const stored of past) {
    byKey.set(stored.key, stored)
    first = Math.max(first, stored.seq + width(stored.event))
  }
  const next = yield* Ref.make(first)
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
    (logs.get(id) ?? []).filter(({ seq }, at) => at === 0 || seq > afterSeq).map(({ text }) => text)
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
    draft: (id) =>
      Effect.sync(() => {
        const lines: Array<Line> = []
        return {
          append: (line) => Effect.sync(() => void lines.push(line)),
          publish: Effect.sync(() => void logs.set(id, lines))
        }
      }),
    read: (id, afterSeq) => Effect.suspend(() => logs.has(id) ? Effect.succeed(linesOf(id, afterSeq)) : notFound(id)),
    list: Effect.sync(() => Array.from(logs, ([id, lines]) => ({ id, revision: String(lines.length) }))),
    remove: (id) => Effect.zipRight(free(id), Effect.sync(() => logs.delete(id)))
  }
})

/**
 * Keeps what is written in memory, on top of what a driver has, which stays as it is.
 *
 * @since 0.1.0
 * @category drivers
 */
export const makeOverlay = (below: Encoded): Effect.Effect<Encoded> =>
  Effect.map(makeMemoryDriver, (above) => ({
    claim: Effect.fnUntraced(function*(id) {
      const added = yield* above.claim(id)
      const kept = yield* orEmpty(below.read(id, 0))
      return { ...added, lines: [...kept, ...added.lines] }
    }),
    read: Effect.fnUntraced(function*(id, afterSeq) {
      const kept = yield* orEmpty(below.read(id, afterSeq))
      return kept.length === 0 ? yield* above.read(id, afterSeq) : [...kept, ...yield* orEmpty(above.read(id, 0))]
    }),
    draft: above.draft,
    list: below.list,
    remove: below.remove
  }))

const orEmpty = (lines: Effect.Effect<Iterable<string>, SessionError>) =>
  Effect.catchIf(
    Effect.flatMap(lines, Ancestors.inMemory),
    ({ reason }) => reason === "NotFound",
    () => Effect.succeed<ReadonlyArray<string>>([])
  )

/** @since 0.1.0 @category constructors */
export const makeMemory: Effect.Effect<typeof SessionStore.Service> = Effect.map(
  makeMemoryDriver,
  (driver) => makeEncoded(driver)
)

/**
 * Keeps sessions in memory, as long as the program runs.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<SessionStore> = Layer.effect(SessionStore, makeMemory)
