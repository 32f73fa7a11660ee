/**
 * One model call as a span, from the first attempt to the end of the answer.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Stream from "effect/Stream"
import * as GenAi from "../internal/genAi.ts"
import { kindOfCause, redacted } from "../internal/redactedSpan.ts"
import { fromPull, toPull } from "../internal/stream.ts"
import type { Request } from "./Request.ts"
import * as Response from "./Response.ts"
import type { StreamEvent } from "./StreamEvent.ts"
import type { Within } from "./transport/Retry.ts"

/**
 * The stream of a call within a span that ends when it is closed. The stream puts its first effects into the span.
 *
 * @since 0.1.0
 * @category combining
 */
export const traced = <E>(
  request: Request,
  stream: (within: Within) => Stream.Stream<StreamEvent, E>
): Stream.Stream<StreamEvent, E> =>
  fromPull(Effect.gen(function*() {
    const { name, ...options } = GenAi.chat({ model: request.model, conversation: request.prompt_cache_key })
    const span = yield* Effect.makeSpan(name, { ...options, captureStackTrace: false })
    yield* Effect.addFinalizer((exit) =>
      Effect.map(Clock.currentTimeNanos, (now) => {
        const kind = Exit.isFailure(exit) ? kindOfCause(exit.cause) : undefined
        if (kind !== undefined) span.attribute("error.type", kind)
        span.end(now, Exit.mapErrorCause(exit, redacted))
      })
    )
    let response = Response.empty
    const note = (event: StreamEvent) => {
      if (event.type !== "response.created" && !isEnd(event)) return
      response = Response.add(response, event)
      if (!isEnd(event)) return
      for (const [key, value] of Object.entries(GenAi.answered(response))) span.attribute(key, value)
    }
    const within: Within = (effect) => Effect.withParentSpan(effect, span)
    const pull = yield* toPull(stream(within))
    return Effect.map(pull, (events) => {
      for (const event of events) note(event)
      return events
    })
  }))

const isEnd = ({ type }: StreamEvent): boolean => type === "response.completed" || type === "response.incomplete"
