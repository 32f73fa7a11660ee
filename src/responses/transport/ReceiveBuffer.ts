/**
 * Buffers what a server sends, between the connection and the stream of events, and limits the silence.
 *
 * The connection adds its pieces here and wakes the reader. A stream between the two would cost more, for every chunk
 * and for as long as it is open, than all the rest of the reading.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import { smallQueue } from "../../internal/smallQueue.ts"
import { fromPull, type Pull, runForEachChunk } from "../../internal/stream.ts"
import { ModelError } from "../ModelError.ts"
import type { Timeouts } from "./Timeouts.ts"

/**
 * The side that adds pieces.
 *
 * @since 0.1.0
 * @category models
 */
export interface Producer<A, E> {
  /** Adds a piece. */
  readonly offer: (piece: A) => void
  /** Ends the buffer. Only the first call counts. */
  readonly end: (exit: Exit.Exit<void, E>) => void
  /** Whether so many pieces wait that no more should be added. */
  readonly isFull: () => boolean
  /** Called when a full buffer has room again. */
  onRoom: () => void
}

/**
 * Both sides: one adds pieces, the other takes them.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReceiveBuffer<A, E> extends Producer<A, E> {
  /** Takes the pieces added since the last call. */
  readonly drain: (use: (piece: A) => void) => void
  /** How it ended, or `undefined` while it goes on. Earlier pieces can still be taken. */
  readonly exit: () => Exit.Exit<void, E> | undefined
  /** Waits for a piece or the end. There is one reader. */
  readonly wait: Effect.Effect<void>
}

/** How many pieces may wait. One of a connection has 64 KB at most. */
const capacity = 16

/**
 * A buffer that ends with `IdleTimeout` when the other side is silent for too long. The timer stops while the reader
 * has not taken the pieces.
 *
 * One fiber watches for the whole time: a timer for every piece costs ten times as much.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*<A extends {}, E>(timeouts: Timeouts) {
  const clock = yield* Effect.clock
  const now = () => clock.unsafeCurrentTimeMillis()
  const firstByte = Duration.toMillis(timeouts.firstByte)
  const idle = Duration.toMillis(timeouts.idle)
  let limit = firstByte
  /** Since when we have been waiting for the other side. */
  let since: number | undefined = now()
  const pieces = smallQueue<A>()
  let exit: Exit.Exit<void, E | ModelError> | undefined
  let reader: ((taken: Effect.Effect<void>) => void) | undefined

  const wake = () => {
    const resume = reader
    reader = undefined
    resume?.(Effect.void)
  }

  const self: ReceiveBuffer<A, E | ModelError> = {
    offer: (piece) => {
      pieces.add(piece)
      limit = idle
      since = self.isFull() ? undefined : now()
      wake()
    },
    end: (how) => {
      exit ??= how
      wake()
    },
    isFull: () => pieces.size() >= capacity,
    onRoom: () => {},
    drain: (use) => {
      pieces.drain(use)
      if (since === undefined) {
        since = now()
        self.onRoom()
      }
    },
    exit: () => exit,
    wait: Effect.async((resume) => {
      if (pieces.size() > 0 || exit !== undefined) resume(Effect.void)
      else reader = resume
    })
  }

  const watch = Effect.gen(function*() {
    while (true) {
      const waited = since === undefined ? 0 : now() - since
      if (waited >= limit) return self.end(Exit.fail(silent(limit)))
      // The first byte may leave less time than was thought. Part of a millisecond may be too little to move the clock on.
      yield* clock.sleep(Duration.millis(Math.ceil(Math.min(limit - waited, idle))))
    }
  })
  yield* Effect.forkScoped(watch)
  return self
})

const silent = (limit: number): ModelError =>
  new ModelError({ reason: { _tag: "IdleTimeout" }, detail: `nothing came for ${Duration.format(limit)}` })

/**
 * A source that can add its pieces without a stream. The function that it returns is called when the reader stops, and
 * is told whether the reader got all that it needs.
 *
 * @since 0.1.0
 * @category models
 */
export interface Source<A, E> {
  readonly [SourceTypeId]: (producer: Producer<A, E>) => (isOver: boolean) => void
}

/** @since 0.1.0 @category symbols */
export const SourceTypeId: unique symbol = Symbol.for("effixir/responses/transport/ReceiveBuffer/Source")

/** @since 0.1.0 @category guards */
export const isSource = <A, E>(u: { readonly stream: Stream.Stream<A, E> }): u is typeof u & Source<A, E> =>
  SourceTypeId in u

/**
 * Adds the pieces of a stream, in its own fiber, while the scope is open.
 *
 * @since 0.1.0
 * @category combining
 */
export const pump = Effect.fnUntraced(function*<A, E>(self: ReceiveBuffer<A, E>, stream: Stream.Stream<A, E>) {
  const room = Effect.async<void>((resume) => {
    if (self.isFull()) self.onRoom = () => resume(Effect.void)
    else resume(Effect.void)
  })
  const read = runForEachChunk(stream, (chunk) => {
    for (const piece of chunk) self.offer(piece)
    return room
  })
  yield* Effect.forkScoped(Effect.onExit(read, (exit) => Effect.sync(() => self.end(exit))))
})

/**
 * A stream of chunks that fails when nothing comes for too long.
 *
 * @since 0.1.0
 * @category combining
 */
export const watched =
  (timeouts: Timeouts) => <A extends {}, E>(stream: Stream.Stream<A, E>): Stream.Stream<A, E | ModelError> =>
    fromPull(Effect.gen(function*() {
      const buffer = yield* make<A, E>(timeouts)
      yield* pump(buffer, stream)
      const next: Pull<A, E | ModelError> = Effect.suspend(() => {
        const pieces: Array<A> = []
        buffer.drain((piece) => pieces.push(piece))
        if (pieces.length > 0) return Effect.succeed(Chunk.unsafeFromArray(pieces))
        const exit = buffer.exit()
        if (exit === undefined) return Effect.zipRight(buffer.wait, next)
        return Effect.matchCauseEffect(exit, {
          onFailure: (cause) => Effect.failCause(Cause.map(cause, Option.some)),
          onSuccess: () => Effect.fail(Option.none())
        })
      })
      return next
    }))
