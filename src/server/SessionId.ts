/**
 * Which session a client means: by its id, or the first characters of it.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { SessionStore } from "../session/SessionStore.ts"
import type { ApiError } from "./ApiError.ts"
import * as Refusal from "./Refusal.ts"

/** How many characters of an id are needed at least. */
const shortest = 8

export const finder =
  (store: Pick<typeof SessionStore.Service, "list">) => (given: string): Effect.Effect<string, ApiError> => {
    // Ids of ours need no list.
    if (/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(given)) return Effect.succeed(given)
    return Effect.flatMap(Effect.mapError(store.list, Refusal.ofSession), (sessions) => {
      const ids = sessions.map(({ id }) => id)
      if (ids.includes(given)) return Effect.succeed(given)
      const [id, ...more] = given.length < shortest ? [] : ids.filter((id) => id.startsWith(given))
      if (id === undefined) return Refusal.noSession(given)
      return more.length === 0 ? Effect.succeed(id) : Refusal.ambiguous(given)
    })
  }
