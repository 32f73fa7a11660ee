/**
 * Server-sent events to stream events, one network chunk at a time.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createParser } from "eventsource-parser"
import { parse } from "../internal/json.ts"
import { ModelError } from "./ModelError.ts"
import * as ServerFailure from "./ServerFailure.ts"
import * as StreamEvent from "./StreamEvent.ts"

/** One event may hold a whole generated image; nothing real is larger. In characters. */
const maxEventSize = 128 * 1024 * 1024

/**
 * Decodes the body of a response, whatever its content type says: the ChatGPT host often sends none.
 *
 * Chunks may be cut anywhere. Data that is not JSON is skipped, like every client of this API does. The stream ends at
 * the first terminal event; it fails if that event tells of a failure, or if the bytes end before there is one.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = <E>(
  bytes: Stream.Stream<Uint8Array, E>
): Stream.Stream<StreamEvent.StreamEvent, E | ModelError> =>
  Stream.suspend(() => {
    const text = new TextDecoder()
    let events: Array<StreamEvent.StreamEvent> = []
    let last: StreamEvent.StreamEvent | undefined
    let isTooLarge = false
    const parser = createParser({
      maxBufferSize: maxEventSize,
      onError: (error) => {
        isTooLarge ||= error.type === "max-buffer-size-exceeded"
      },
      onEvent: ({ data }) => {
        if (last !== undefined) return
        const json = parse(data)
        if (json === undefined) return
        const event = StreamEvent.fromJson(json)
        events.push(event)
        if (StreamEvent.isTerminal(event)) last = event
      }
    })
    const take = (chunk: string) => {
      events = []
      parser.feed(chunk)
      return Chunk.unsafeFromArray(events)
    }

    const body = Stream.mapChunksEffect(bytes, (chunks) =>
      Effect.suspend(() => {
        const events = take(Chunk.toReadonlyArray(chunks).map((chunk) => text.decode(chunk, { stream: true })).join(""))
        // The bytes may have no end, so this cannot wait for it.
        return isTooLarge ? Effect.fail(tooLarge) : Effect.succeed(events)
      }))
    // A last event without its empty line still counts; half an event is no JSON and does not.
    const rest = Stream.fromChunk(Chunk.of(undefined)).pipe(Stream.mapChunks(() => take(`${text.decode()}\n\n`)))
    const end = Stream.unwrap(Effect.sync((): Stream.Stream<never, ModelError> => {
      if (last === undefined) return Stream.fail(new ModelError({ reason: { _tag: "StreamIncomplete" }, detail: "" }))
      const failure = ServerFailure.fromEvent(last)
      return failure === undefined ? Stream.empty : Stream.fromEffect(ServerFailure.fail(failure))
    }))

    return Stream.concat(body, rest).pipe(
      Stream.takeUntil(StreamEvent.isTerminal),
      Stream.concat(end)
    )
  })

const tooLarge = new ModelError({
  reason: { _tag: "MalformedOutput" },
  detail: `one event is over ${maxEventSize} characters`
})
