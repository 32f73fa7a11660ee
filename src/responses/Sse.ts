/**
 * Server-sent events to stream events, one network chunk at a time.
 *
 * @since 0.1.0
 */
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Stream from "effect/Stream"
import { createParser } from "eventsource-parser"
import { parse } from "../internal/json.ts"
import { ModelError } from "./ModelError.ts"
import * as ServerFailure from "./ServerFailure.ts"
import * as StreamEvent from "./StreamEvent.ts"

/** One event may hold a whole generated image; nothing real is larger. In characters. */
const maxEventSize = 128 * 1024 * 1024

/**
 * What makes stream events of what a server says, in whatever dialect. It is made anew for every stream, and called
 * while the stream has no end yet.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reader {
  /** The `data` of one server-sent event. */
  readonly data: (data: string) => void
  /** There is no more of it. */
  readonly end: () => void
}

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
): Stream.Stream<StreamEvent.StreamEvent, E | ModelError> => decodeWith(bytes, readEvent)

const readEvent = (tell: (event: StreamEvent.StreamEvent) => void): Reader => ({
  data: (data) => {
    const json = parse(data)
    if (json !== undefined) tell(StreamEvent.fromJson(json))
  },
  end: () => {}
})

/**
 * The same for any dialect: `read` is given what tells an event, and gives back what it wants to be called with. A body
 * that is a JSON object, and no stream of events at all, is one piece of data.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeWith = <E>(
  bytes: Stream.Stream<Uint8Array, E>,
  read: (tell: (event: StreamEvent.StreamEvent) => void) => Reader
): Stream.Stream<StreamEvent.StreamEvent, E | ModelError> =>
  Stream.fromChannel(Channel.suspend(() => {
    const text = new TextDecoder()
    let events: Array<StreamEvent.StreamEvent> = []
    let last: StreamEvent.StreamEvent | undefined
    let isTooLarge = false
    let isJson: boolean | undefined
    let json = ""
    const reader = read((event) => {
      if (last !== undefined) return
      events.push(event)
      if (StreamEvent.isTerminal(event)) last = event
    })
    const parser = createParser({
      maxBufferSize: maxEventSize,
      onError: (error) => {
        isTooLarge ||= error.type === "max-buffer-size-exceeded"
      },
      onEvent: ({ data }) => {
        if (last === undefined) reader.data(data)
      }
    })
    const feed = (chunk: string) => {
      if (isJson === undefined && chunk.trim() !== "") isJson = chunk.trimStart().startsWith("{")
      if (isJson !== true) return parser.feed(chunk)
      json += chunk
      isTooLarge ||= json.length > maxEventSize
    }
    const take = (chunk: string) => {
      events = []
      feed(chunk)
      return Chunk.unsafeFromArray(events)
    }
    const takeRest = () => {
      events = []
      // A last event without its empty line still counts; half an event is no JSON and does not.
      feed(`${text.decode()}\n\n`)
      if (isJson === true) reader.data(json)
      if (last === undefined) reader.end()
      return Chunk.unsafeFromArray(events)
    }

    const end = Channel.suspend(() => {
      if (last === undefined) return Channel.fail(new ModelError({ reason: { _tag: "StreamIncomplete" }, detail: "" }))
      const failure = ServerFailure.fromEvent(last)
      return failure === undefined ? Channel.void : Channel.fromEffect(ServerFailure.fail(failure))
    })
    const body: Channel.Channel<
      Chunk.Chunk<StreamEvent.StreamEvent>,
      Chunk.Chunk<Uint8Array>,
      E | ModelError,
      E,
      void,
      unknown
    > = Channel.readWithCause({
      onInput: (chunks: Chunk.Chunk<Uint8Array>) => {
        let read = ""
        for (const chunk of chunks) read += text.decode(chunk, { stream: true })
        const events = take(read)
        // The bytes may have no end, so neither the last event nor a failure can wait for it.
        const next = last !== undefined ? end : isTooLarge ? Channel.fail(tooLarge) : body
        return events.length === 0 ? next : Channel.zipRight(Channel.write(events), next)
      },
      onFailure: Channel.failCause,
      onDone: () => Channel.zipRight(Channel.write(takeRest()), end)
    })
    return Channel.pipeTo(Stream.toChannel(bytes), body)
  }))

const tooLarge = new ModelError({
  reason: { _tag: "MalformedOutput" },
  detail: `one event is over ${maxEventSize} characters`
})
