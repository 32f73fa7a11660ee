import * as Channel from "effect/Channel"
import type * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { constVoid } from "effect/Function"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/*
 * As their namesakes in `Stream`, with less between: what a stream is made of costs some kilobytes for each part, for as
 * long as the stream is open, and a hop for every chunk.
 */

export const unwrap = <A, E, R, E2, R2>(
  effect: Effect.Effect<Stream.Stream<A, E, R>, E2, R2>
): Stream.Stream<A, E | E2, R | R2> => Stream.fromChannel(Channel.unwrap(Effect.map(effect, Stream.toChannel)))

export const unwrapScoped = <A, E, R, E2, R2>(
  effect: Effect.Effect<Stream.Stream<A, E, R>, E2, R2>
): Stream.Stream<A, E | E2, R | Exclude<R2, Scope.Scope>> =>
  Stream.fromChannel(Channel.acquireUseRelease(
    Scope.make(),
    (scope) => Channel.unwrap(Effect.map(Scope.extend(effect, scope), Stream.toChannel)),
    (scope, exit) => Scope.close(scope, exit)
  ))

/** Without a sink, which is three channels, and without anything new for every chunk. */
export const runForEachChunk = <A, E, R, E2, R2>(
  self: Stream.Stream<A, E, R>,
  f: (chunk: Chunk.Chunk<A>) => Effect.Effect<void, E2, R2>
): Effect.Effect<void, E | E2, R | R2> =>
  Effect.scoped(Effect.flatMap(Channel.toPull(Stream.toChannel(self)), (pull) => {
    let isOver = false
    const round = Effect.flatMap(pull, (next) => {
      if (Either.isRight(next)) return f(next.right)
      isOver = true
      return Effect.void
    })
    return Effect.whileLoop({ while: () => !isOver, body: () => round, step: constVoid })
  }))
