/**
 * An answer that stays open for as long as its client does, and has something to say now and then. There may be thousands
 * of them in a process, and each piece of each model's text goes through one: so its source is a plain function and not a
 * `Stream`, whose channels and fibers would keep some 60 KB for each client, and take several turns for each piece.
 *
 * @internal
 */
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { fromPull, type Pull } from "./stream.ts"

/**
 * What is sent, as one opens it.
 *
 * - `take` all that there is to send; `null` at the end. If there is nothing yet, it gives `undefined`, and calls `ready`,
 *   once, when there is
 * - `close` its client has left
 */
export interface Source {
  readonly take: (ready: () => void) => string | null | undefined
  readonly close: () => void
}

/** `cut` breaks the connection off: a client that does not read would not hear of an end. */
type Open<E> = (cut: () => void) => Effect.Effect<Source, E>

export interface Options {
  readonly contentType: string
  readonly headers: { readonly [name: string]: string }
}

/** How the server of a host answers so: as any stream, unless a layer of the host knows a shorter way. */
export class LongAnswer extends Context.Reference<LongAnswer>()("effixir/internal/LongAnswer", {
  defaultValue: (): {
    readonly respond: <E>(
      texts: Stream.Stream<string, E>,
      options: Options
    ) => Effect.Effect<HttpServerResponse.HttpServerResponse, E, HttpServerRequest>
  } => ({ respond: (texts, options) => Effect.succeed(streamed(texts, options)) })
}) {}

export const streamed = <E>(texts: Stream.Stream<string, E>, options: Options): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.stream(Stream.encodeText(texts), options)

const OpenTypeId: unique symbol = Symbol.for("effixir/internal/LongAnswer/Open")

/** How a stream is opened that was made by {@link fromOpen}. */
export const openOf = <E>(texts: Stream.Stream<string, E> & { readonly [OpenTypeId]?: Open<E> }): Open<E> | undefined =>
  texts[OpenTypeId]

/** Makes a stream of a source; `cut` interrupts the fiber that runs it. */
export const fromOpen = <E>(open: Open<E>): Stream.Stream<string, E> => {
  const stream = fromPull(Effect.gen(function*() {
    const fiber = Fiber.getCurrentFiber()
    const cut = () => Option.map(fiber, (fiber) => fiber.unsafeInterruptAsFork(FiberId.none))
    return pullOf(yield* Effect.acquireRelease(open(cut), ({ close }) => Effect.sync(close)))
  }))
  return Object.assign(stream, { [OpenTypeId]: open })
}

const pullOf = ({ take }: Source): Pull<string, never> =>
  Effect.async((resume) => {
    let isWaiting = true
    const give = () => {
      if (!isWaiting) return
      const text = take(give)
      if (text === undefined) return
      isWaiting = false
      resume(text === null ? Effect.fail(Option.none()) : Effect.succeed(Chunk.of(text)))
    }
    give()
    return Effect.sync(() => {
      isWaiting = false
    })
  })
