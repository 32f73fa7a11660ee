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
import type * as Scope from "effect/Scope"
import { defined } from "../internal/json.ts"
import { v7 } from "../vendor/uuid.ts"
import * as Ancestors from "./Ancestors.ts"
import type { Log } from "./Log.ts"
import { decode, encode, endedBy, find, workingSet } from "./LogCodec.ts"
import * as Session from "./Session.ts"
import * as SessionDriver from "./SessionDriver.ts"
import { neededBy, notFound, SessionError } from "./SessionError.ts"
import { type ForkOf, SessionRenamed, SessionStarted, type Stored } from "./SessionEvent.ts"
import * as Summary from "./Summary.ts"
import * as WorkingSet from "./WorkingSet.ts"

/**
 * @example
 * ```ts
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import { SessionStore } from "effixir"
 * import { NodeAgent } from "effixir/node"
 *
 * const list = Effect.gen(function*() {
 *   const store = yield* SessionStore.SessionStore
 *   for (const { id, title } of yield* store.list) yield* Console.log(id, title)
 * }).pipe(Effect.provide(NodeAgent.layerHome))
 * ```
 *
 * @since 0.1.0 @category services
 */
export class SessionStore extends Context.Tag("effixir/session/SessionStore")<SessionStore, {
  /**
   * Opens a session for one writer until the Scope closes. A new id is a new session; nothing is kept of it before its
   * first event.
   */
  readonly open: (id: string) => Effect.Effect<Session.Session, SessionError, Scope.Scope>
  /**
   * Makes a new session of what an effect appends to it. The session is there as a whole when that has succeeded, and
   * otherwise not at all, even if the process is killed on the way.
   */
  readonly create: <A, E, R>(
    fill: (session: Session.Session) => Effect.Effect<A, E, R>
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
  /** The sessions of a folder in the same order, at the cost of these alone where the store remembers the others. */
  readonly listIn: (workspace: string) => Effect.Effect<ReadonlyArray<Summary.Summary>, SessionError>
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
 * An id for a new session: a UUID of version 7, so that ids sort by time.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeId: Effect.Effect<string> = Effect.map(Clock.currentTimeMillis, (msecs) => v7({ msecs }))

/**
 * Makes a store of a medium.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { SessionStore } from "effixir"
 * import type { SessionDriver } from "effixir/session"
 *
 * // A store over what your medium can do.
 * const layer = (driver: SessionDriver.Encoded) =>
 *   Layer.sync(SessionStore.SessionStore, () => SessionStore.makeEncoded(driver))
 *
 * const ofThisProcess = SessionStore.makeMemory
 * const forTests = Effect.provide(SessionStore.makeId, SessionStore.layerMemory)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeEncoded = (
  driver: SessionDriver.Encoded,
  index: SessionDriver.Index = noIndex
): typeof SessionStore.Service => {
  const whole = Ancestors.resolving(driver, fault)

  const writing = (id: string, { append }: Pick<SessionDriver.Writer, "append">) => (stored: Stored) =>
    Effect.flatMap(encode(id, stored), (text) => {
      const { at, event, key, seq } = stored
      return append({ seq, key, at: DateTime.toEpochMillis(at), text, ends: endedBy(event) })
    })

  const open = Effect.fnUntraced(function*(id: string) {
    yield* known(id)
    const writer = yield* whole.claim(id)
    const recent = yield* workingSet(id, writer.lines)
    return Session.make(id, recent, {
      // One that has no event yet is none, to whoever reads.
      all: Effect.suspend(() => recent.events().length === 0 ? Effect.succeed([]) : read(id)),
      find: (key) => Effect.flatMap(whole.read(id, 0), (lines) => find(id, lines, key)),
      write: writing(id, writer)
    })
  })

  const create = <A, E, R>(fill: (session: Session.Session) => Effect.Effect<A, E, R>) =>
    Effect.scoped(Effect.gen(function*() {
      const id = yield* makeId
      const draft = yield* driver.draft(id)
      // Nobody can read it again before it is published.
      const added = WorkingSet.make([], undefined, false)
      const filled = yield* fill(Session.make(id, added, {
        all: Effect.sync(added.events),
        find: () => Effect.succeedNone,
        write: writing(id, draft)
      }))
      yield* draft.publish
      return filled
    }))

  const read = Effect.fnUntraced(function*(id: string, afterSeq = 0) {
    yield* known(id)
    const { events } = yield* Effect.flatMap(whole.read(id, afterSeq), (lines) => decode(id, lines, afterSeq))
    return events
  })

  /** A session of which the past is lost is listed by what it has itself. */
  const summarize = Effect.fnUntraced(function*({ id, revision }: SessionDriver.Listed) {
    const own = yield* driver.read(id, 0)
    const past = yield* Effect.orElseSucceed(Ancestors.linesOf(driver, id, own, fault(id)), () => [])
    return { revision, summary: yield* Ancestors.reading(() => Summary.fromLines(id, own, past)) }
  })

  /** The sessions of a folder, or all, with what is remembered of those whose revision is known. */
  const listing = Effect.fnUntraced(function*(workspace: string | undefined) {
    const remembered = yield* index.load
    const isWanted = (id: string): boolean => {
      if (workspace === undefined) return isId(id)
      const known = remembered.workspaceOf(id)
      return known === undefined ? isId(id) : known === workspace
    }
    const found: Array<Summary.Summary> = []
    const unknown: Array<SessionDriver.Listed> = []
    for (const one of yield* driver.list(isWanted)) {
      const entry = remembered.get(one.id)
      if (entry?.revision === one.revision) found.push(entry.summary)
      else unknown.push(one)
    }
    const changed: Array<SessionDriver.Indexed> = []
    for (const one of unknown) {
      // One that was deleted meanwhile, or cannot be read, must not hide the others.
      const entry = yield* Effect.option(summarize(one))
      if (Option.isSome(entry)) changed.push(entry.value)
    }
    for (const { summary } of changed) found.push(summary)
    const gone = workspace === undefined ? missing(remembered.keys(), found) : []
    if (changed.length > 0 || gone.length > 0) yield* index.save(changed, gone)
    return found
      .filter((one) => workspace === undefined || one.workspace === workspace)
      .toSorted((a, b) => b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : -1))
  })
  const list = listing(undefined)

  return {
    open,
    create,
    read,
    inspect: (id) => Effect.zipRight(known(id), Effect.flatMap(whole.read(id, 0), (lines) => decode(id, lines))),
    lines: (id) => Effect.zipRight(known(id), Effect.flatMap(whole.read(id, 0), Ancestors.inMemory)),
    ownLines: (id) => Effect.zipRight(known(id), Effect.flatMap(driver.read(id, 0), Ancestors.inMemory)),
    list,
    listIn: listing,
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
      // Another of the same id may begin in another folder.
      yield* index.save([], [id])
    })
  }
}

const noIndex: SessionDriver.Index = {
  load: Effect.succeed({ get: () => undefined, keys: () => [].values(), workspaceOf: () => undefined }),
  save: () => Effect.void
}

const missing = (ids: Iterable<string>, found: ReadonlyArray<Summary.Summary>): ReadonlyArray<string> => {
  const left = new Set(ids)
  for (const { id } of found) left.delete(id)
  return [...left]
}

/** A turn lasts until the next one begins. */
const lastOfTurn = (events: ReadonlyArray<Stored>, turn: number): Stored | undefined => {
  const begins = events.flatMap(({ event }, at) => event._tag === "TurnStarted" ? [at] : [])
  return begins[turn - 1] === undefined ? undefined : events[(begins[turn] ?? events.length) - 1]
}

const noTurn = (events: ReadonlyArray<Stored>, turn: number): string => {
  const turns = events.filter(({ event }) => event._tag === "TurnStarted").length
  return `it has no turn ${turn}, but ${turns === 0 ? "none" : turns === 1 ? "one" : `1 to ${turns}`}`
}

const fault = (session: string) => (reason: "Newer" | "PastLost", detail: string) =>
  new SessionError({ reason, session, detail })

/** Ids become file names and parts of URLs: any other characters are refused. */
const isId = (id: string): boolean => /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/.test(id)

const known = (id: string): Effect.Effect<void, SessionError> => isId(id) ? Effect.void : notFound(id)

/** @since 0.1.0 @category constructors */
export const makeMemory: Effect.Effect<typeof SessionStore.Service> = Effect.map(
  SessionDriver.makeMemory,
  (driver) => makeEncoded(driver)
)

/**
 * Keeps sessions in memory, as long as the program runs.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<SessionStore> = Layer.effect(SessionStore, makeMemory)
