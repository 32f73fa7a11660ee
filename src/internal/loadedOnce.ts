import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

/**
 * What is loaded when it is first asked for, and then kept. It is loaded in a fiber of its own: `Effect.cached` keeps an
 * interruption of whoever has asked first, for all who ask later, also where what it caches cannot be interrupted.
 */
export const loadedOnce = <A, E, R>(load: Effect.Effect<A, E, R>): Effect.Effect<Effect.Effect<A, E, R>> =>
  Effect.map(Deferred.make<A, E>(), (loaded) => {
    let isBegun = false
    return Effect.uninterruptibleMask((restore) => {
      const waiting = restore(Deferred.await(loaded))
      if (isBegun) return waiting
      isBegun = true
      return Effect.zipRight(Effect.forkDaemon(Effect.intoDeferred(load, loaded)), waiting)
    })
  })
