/**
 * A session that is open for writing.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { SessionError } from "./SessionError.ts"
import { type SessionEvent, type Stored, width } from "./SessionEvent.ts"
import type { WorkingSet } from "./WorkingSet.ts"

/**
 * A session that is open for writing. It keeps in memory what the next turns need; the rest is read again when it is
 * asked for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Session {
  readonly id: string
  /**
   * What the next turns need of the log: of earlier turns what was said and done, back to the last compaction; of what
   * lies before that, what a person has allowed, and what was last asked with.
   */
  readonly events: Effect.Effect<ReadonlyArray<Stored>>
  /** All that the log holds now. */
  readonly log: Effect.Effect<ReadonlyArray<Stored>, SessionError>
  /** Appends an event and gives what is stored. If the key is there already, that is what is stored under it. */
  readonly append: (key: string, event: SessionEvent) => Effect.Effect<Stored, SessionError>
  /** What is stored under a key. */
  readonly lookup: (key: string) => Effect.Effect<Option.Option<Stored>, SessionError>
  /** Takes a number for an event that is shown and not kept. */
  readonly number: Effect.Effect<number>
}

/**
 * The log of a session, as it is kept.
 *
 * @since 0.1.0
 * @category models
 */
export interface Kept {
  readonly all: Effect.Effect<ReadonlyArray<Stored>, SessionError>
  readonly find: (key: string) => Effect.Effect<Option.Option<Stored>, SessionError>
  readonly write: (stored: Stored) => Effect.Effect<void, SessionError>
}

/**
 * Makes a session of what is known of its log: assigns numbers, and keeps the first event of a key.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { SessionEvent } from "effixir"
 * import { Session } from "effixir/session"
 *
 * // A session that is kept nowhere but in memory.
 * const inMemory = (id: string, known: Parameters<typeof Session.make>[1]) =>
 *   Session.make(id, known, {
 *     all: Effect.sync(known.events),
 *     find: () => Effect.succeedNone,
 *     write: () => Effect.void
 *   })
 *
 * // What is appended twice under one key is there once.
 * const rename = (session: Session.Session, title: string) =>
 *   session.append("renamed/first", SessionEvent.SessionRenamed.make({ title }))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (id: string, known: WorkingSet, { all, find, write }: Kept): Session => {
  // Tools end concurrently; their events go into the log one after the other.
  const lock = Effect.unsafeMakeSemaphore(1)

  const lookup = (key: string) =>
    Effect.suspend(() => known.isLeftOut(key) ? find(key) : Effect.succeed(Option.fromNullable(known.get(key))))

  const add = Effect.fnUntraced(function*(key: string, event: SessionEvent) {
    const present = yield* lookup(key)
    if (Option.isSome(present)) return present.value
    const at = yield* DateTime.now
    const stored: Stored = { seq: known.take(width(event)), at, key, event }
    yield* write(stored)
    known.add(stored)
    return stored
  })

  return {
    id,
    events: Effect.sync(known.events),
    log: all,
    // An interruption must not leave half an event in the log.
    append: (key, event) => Effect.uninterruptible(lock.withPermits(1)(add(key, event))),
    lookup,
    number: Effect.sync(() => known.take(1))
  }
}
