/**
 * `Layer.provideMerge` and its like, for stacks of many layers: they mean the same, at a third of the steps. Those of
 * Effect remember each layer in between as if it could be shared, and ask twice for the one below; in a stack as large as
 * ours that is a tenth of the start of a run.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

type Build = <A, E, R>(layer: Layer.Layer<A, E, R>) => Effect.Effect<Context.Context<A>, E, R>

/** A layer that is built of others. Those are shared with whoever else has them, as in any other. */
const builtOf = <A, E, R>(
  make: (build: Build) => Effect.Effect<Context.Context<A>, E, R>
): Layer.Layer<A, E, Exclude<R, Scope.Scope>> =>
  Layer.scopedContext(
    Effect.flatMap(Layer.CurrentMemoMap, (map) =>
      Effect.scopeWith((scope) => make((layer) => Layer.buildWithMemoMap(layer, map, scope))))
  )

/** Gives the layer what the one below has, and keeps both. */
export const provideMerge =
  <A, E, R>(below: Layer.Layer<A, E, R>) =>
  <A2, E2, R2>(above: Layer.Layer<A2, E2, R2>): Layer.Layer<A | A2, E | E2, R | Exclude<R2, A>> =>
    builtOf((build) =>
      Effect.flatMap(
        build(below),
        (context) => Effect.map(Effect.provide(build(above), context), (own) => Context.merge(context, own))
      )
    )

/** Gives the layer what the one below has. */
export const provide =
  <A, E, R>(below: Layer.Layer<A, E, R>) =>
  <A2, E2, R2>(above: Layer.Layer<A2, E2, R2>): Layer.Layer<A2, E | E2, R | Exclude<R2, A>> =>
    builtOf((build) => Effect.flatMap(build(below), (context) => Effect.provide(build(above), context)))

/** Both, one after the other: what does not wait for anything gains nothing from a fiber of its own. */
export const merge =
  <A, E, R>(that: Layer.Layer<A, E, R>) =>
  <A2, E2, R2>(self: Layer.Layer<A2, E2, R2>): Layer.Layer<A | A2, E | E2, R | R2> =>
    builtOf((build) => Effect.zipWith(build(self), build(that), (one, other) => Context.merge(one, other)))

/** The layer that an effect chooses. */
export const unwrapEffect = <A, E, R, E2, R2>(
  chosen: Effect.Effect<Layer.Layer<A, E, R>, E2, R2>
): Layer.Layer<A, E | E2, R | R2> => builtOf((build) => Effect.flatMap(chosen, build))
