/**
 * A session that is open for writing.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type { SessionError } from "./SessionError.ts"
import { type SessionEvent, type Stored, width } from "./SessionEvent.ts"

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
 * Makes a session from the events of its log and a way to append: assigns numbers, and keeps the first event of a key.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
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
