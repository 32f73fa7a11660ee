import * as Channel from "effect/Channel"
import type * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/*
 * For many streams that stay open for long: a channel costs some kilobytes for each part, and for each chunk several
 * times the work of reading. Here only callers that read through a channel pay for it.
 */

/** Gives the next chunk whenever it is run, and fails with nothing at the end, as in `Stream`. */
export type Pull<A, E, R = never> = Effect.Effect<Chunk.Chunk<A>, Option.Option<E>, R>

const PullTypeId: unique symbol = Symbol.for("effixir/internal/stream/Pull")

interface Pulled<A, E> {
  readonly [PullTypeId]: Effect.Effect<Pull<A, E>, E, Scope.Scope>
}

const isPulled = <A, E, R>(self: Stream.Stream<A, E, R>): self is Stream.Stream<A, E, R> & Pulled<A, E> =>
  PullTypeId in self

/** Makes a stream from a pull; {@link toPull} gives the same pull back, without running a channel. */
export const fromPull = <A, E>(open: Effect.Effect<Pull<A, E>, E, Scope.Scope>): Stream.Stream<A, E> => {
  const stream = Stream.fromChannel(Channel.acquireUseRelease(
    Scope.make(),
    (scope) => Channel.unwrap(Effect.map(Scope.extend(open, scope), channelOf)),
    (scope, exit) => Scope.close(scope, exit)
  ))
  return Object.assign(stream, { [PullTypeId]: open })
}

type Chunks<A, E> = Channel.Channel<Chunk.Chunk<A>, unknown, E>

const channelOf = <A, E>(pull: Pull<A, E>): Chunks<A, E> => {
  const loop: Chunks<A, Option.Option<E>> = Channel.flatMap(
    Channel.fromEffect(pull),
    (chunk) => Channel.flatMap(Channel.write(chunk), () => loop)
  )
  return Channel.catchAll(loop, Option.match({ onNone: () => Channel.void, onSome: Channel.fail }))
}

/** As `Stream.toPull`. */
export const toPull = <A, E, R>(self: Stream.Stream<A, E, R>): Effect.Effect<Pull<A, E, R>, E, R | Scope.Scope> =>
  isPulled(self) ? self[PullTypeId] : Stream.toPull(self)

/** As `Stream.runForEachChunk`, but allocates nothing for each chunk. */
export const runForEachChunk = <A, E, R, E2, R2>(
  self: Stream.Stream<A, E, R>,
  f: (chunk: Chunk.Chunk<A>) => Effect.Effect<void, E2, R2>
): Effect.Effect<void, E | E2, R | R2> =>
  Effect.scoped(Effect.flatMap(toPull(self), (pull) => {
    let isOver = false
    const end = Effect.sync(() => {
      isOver = true
    })
    const round = Effect.matchEffect(pull, {
      onFailure: Option.match({ onNone: () => end, onSome: Effect.fail }),
      onSuccess: f
    })
    return Effect.whileLoop({ while: () => !isOver, body: () => round, step: constVoid })
  }))

/** Emits as it goes on, and ends when all is emitted. */
type Work<A, E> = (emit: (value: A) => Effect.Effect<unknown>) => Effect.Effect<void, E>

const WorkTypeId: unique symbol = Symbol.for("effixir/internal/stream/Work")

interface Worked<A, E> {
  readonly [WorkTypeId]: Work<A, E>
}

const isWorked = <A, E, R>(self: Stream.Stream<A, E, R>): self is Stream.Stream<A, E, R> & Worked<A, E> =>
  WorkTypeId in self

/**
 * Makes a stream of what work emits. The work runs in a fiber of its own, and waits while `capacity` values are not yet
 * read; but {@link runForEach} runs it itself.
 */
export const fromWork = <A, E>(work: Work<A, E>, capacity: number): Stream.Stream<A, E> => {
  const stream = Stream.unwrapScoped(Effect.gen(function*() {
    const mailbox = yield* Mailbox.make<A, E>(capacity)
    yield* work((value) => mailbox.offer(value)).pipe(Effect.onExit((exit) => mailbox.done(exit)), Effect.forkScoped)
    return Mailbox.toStream(mailbox)
  }))
  return Object.assign(stream, { [WorkTypeId]: work })
}

/**
 * As `Stream.runForEach` with a plain function. The work of {@link fromWork} runs in the fiber that calls this, without a
 * second one and a queue between them, which would be half of what a turn takes for a piece of its text. So its failures,
 * defects and interruptions are those of the work as they are.
 */
export const runForEach = <A, E, R>(self: Stream.Stream<A, E, R>, f: (value: A) => void): Effect.Effect<void, E, R> => {
  const hear = (value: A) => Effect.sync(() => f(value))
  return isWorked(self) ? self[WorkTypeId](hear) : Stream.runForEach(self, hear)
}
