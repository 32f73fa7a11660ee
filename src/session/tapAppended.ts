/**
 * A store that tells of each event that is appended, for those who follow sessions as they go on.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { SessionEvent, Stored } from "./SessionEvent.ts"
import type { SessionStore } from "./SessionStore.ts"

type Store = typeof SessionStore.Service

export const tapAppended =
  (appended: (session: string, stored: Stored) => Effect.Effect<void>) => (store: Store): Store => ({
    ...store,
    open: (id) =>
      Effect.gen(function*() {
        const session = yield* store.open(id)
        // What is appended concurrently has to be told in the order of its numbers.
        const lock = yield* Effect.makeSemaphore(1)
        const append = Effect.fnUntraced(function*(key: string, event: SessionEvent) {
          const known = yield* session.lookup(key)
          if (Option.isSome(known)) return known.value
          const stored = yield* session.append(key, event)
          yield* appended(id, stored)
          return stored
        })
        return {
          ...session,
          append: (key, event) => Effect.uninterruptible(lock.withPermits(1)(append(key, event)))
        }
      })
  })
