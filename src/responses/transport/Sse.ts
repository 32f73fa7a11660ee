/**
 * Server-sent events to stream events, one network chunk at a time.
 *
 * @since 0.1.0
 */
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as BinaryString from "../../internal/binaryString.ts"
import { field, isDeepText, parse, text, tooDeep } from "../../internal/json.ts"
import { presentable } from "../../internal/presentable.ts"
import { smallQueue } from "../../internal/smallQueue.ts"
import { createParser } from "../../vendor/eventsource.ts"
import { ModelError } from "../ModelError.ts"
import * as StreamEvent from "../StreamEvent.ts"
import * as ThinkTagEvents from "../ThinkTagEvents.ts"
import * as ServerFailure from "./ServerFailure.ts"
import * as WebPage from "./WebPage.ts"

/** One event may hold a whole generated image; nothing real is larger. In bytes. */
const maxEventSize = 128 * 1024 * 1024

/**
 * Turns bytes into events. Each response needs a new one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Decoder {
  /** The next bytes of the body, which may be cut anywhere. */
  readonly write: (piece: Uint8Array) => void
  /** The body has ended. */
  readonly end: () => void
  /** The events that are complete since the last time. */
  readonly take: () => Chunk.Chunk<StreamEvent.StreamEvent>
  /**
   * How the response has ended, once no more is to be read. Neither the last event nor a failure waits for the end of
   * the bytes, which may never come.
   */
  readonly outcome: () => Effect.Effect<void, ModelError> | undefined
  /** Whether the answer is whole, although the server may say more, such as its usage. */
  readonly hasFinished: () => boolean
}

/**
 * Makes events from server-sent events, in any dialect.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reader {
  /** The `data` of one server-sent event, and its name. */
  readonly data: (data: string, name?: string) => void
  /** The body has ended. */
  readonly end: () => void
  /** Whether the answer is whole, although more may follow. */
  readonly hasFinished?: () => boolean
}

/**
 * Decodes the body of a response, whatever its content type says: the ChatGPT host often sends none.
 *
 * Data that is not JSON is skipped, like every client of this API does. The response ends at the first terminal event;
 * it fails if that event is a failure, or if the bytes end before it.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decoder = (): Decoder => eventDecoder((tell) => tell)

/**
 * The same for servers whose models may write thoughts in front of a text, between tags.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decoderWithThinkTags = (): Decoder => eventDecoder(ThinkTagEvents.splitting)

type Tell = (event: StreamEvent.StreamEvent) => void

const eventDecoder = (change: (tell: Tell) => Tell): Decoder =>
  decoderOf((told) => {
    const tell = change(told)
    return {
      data: (data, name) => {
        const json = parse(data)
        if (json === undefined) return
        const event = StreamEvent.fromJson(json)
        if (event.type !== "unknown") return tell(event)
        const isTyped = text(field(json, "type")) !== undefined && field(json, "object") !== "error" && name !== "error"
        if (isTyped) return tell(event)
        StreamEvent.fromUntyped(json, name).forEach((event) => tell(event))
      },
      end: () => {}
    }
  })

/**
 * The same for any dialect: `read` gets a function that emits an event, and returns the reader of the dialect. A body
 * that is a JSON object, and no stream of events at all, is one piece of data; where it says nothing that is known, the
 * server would say the same again. A web page comes from a machine in between, and a retry may succeed.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decoderOf = (read: (tell: (event: StreamEvent.StreamEvent) => void) => Reader): Decoder => {
  const events = smallQueue<StreamEvent.StreamEvent>()
  let last: StreamEvent.StreamEvent | undefined
  let hasEnded = false
  let isTooLarge = false
  let isTooDeep = false
  let kind: "events" | "json" | "page" | undefined
  let json = ""
  const begin = BinaryString.withoutMark()
  const reader = read((event) => {
    if (last !== undefined) return
    events.add(event)
    if (StreamEvent.isTerminal(event)) last = event
  })
  const parser = createParser({
    maxBufferSize: maxEventSize,
    onError: (error) => {
      isTooLarge ||= error.type === "max-buffer-size-exceeded"
      // llama.cpp servers report a failure in a non-standard field.
      if (error.type === "unknown-field" && error.field === "error") {
        reader.data(failure(BinaryString.decode(error.value ?? "")))
      }
    },
    onEvent: ({ data, event }) => {
      if (last !== undefined || isTooDeep) return
      take(BinaryString.decode(data), event)
      if (data.startsWith("[DONE]")) hasEnded = true
    }
  })
  const take = (data: string, name?: string) => {
    isTooDeep = isDeepText(data)
    if (!isTooDeep) reader.data(data.startsWith("{") ? data : unlisted(data), name)
  }
  /** The bytes are decoded event by event, as `binaryString` explains. */
  const feed = (bytes: string) => {
    if (isTooLarge) return
    const chunk = begin(bytes)
    kind ??= kindOf(BinaryString.decode(chunk))
    if (kind === "page") return
    if (kind !== "json") return parser.feed(chunk)
    isTooLarge = json.length + chunk.length > maxEventSize
    json = isTooLarge ? "" : json + chunk
  }
  return {
    write: (piece) => feed(BinaryString.fromBytes(piece)),
    end: () => {
      // A last event without its empty line still counts; half an event is no JSON and does not.
      feed("\n\n")
      json = BinaryString.decode(json)
      if (kind === "json" && !isTooLarge) take(json)
      if (last === undefined) reader.end()
      hasEnded = true
    },
    take: events.take,
    hasFinished: () => reader.hasFinished?.() === true,
    outcome: () => {
      if (last !== undefined) {
        const failure = ServerFailure.fromEvent(last)
        return failure === undefined ? Effect.void : ServerFailure.fail(failure)
      }
      if (isTooLarge) return tooLarge
      if (isTooDeep) return nested
      if (kind === "page") return incomplete(WebPage.sentence(""))
      if (!hasEnded) return undefined
      return kind === "json" && parse(json) !== undefined ? foreign(json) : incomplete("")
    }
  }
}

/**
 * A stream of bytes by a decoder.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeWith = (make: () => Decoder) =>
<E>(
  bytes: Stream.Stream<Uint8Array, E>
): Stream.Stream<StreamEvent.StreamEvent, E | ModelError> =>
  Stream.fromChannel(Channel.suspend(() => {
    const decoder = make()
    type Body = Channel.Channel<
      Chunk.Chunk<StreamEvent.StreamEvent>,
      Chunk.Chunk<Uint8Array>,
      E | ModelError,
      E,
      void,
      unknown
    >
    const next = (): Body => {
      const events = decoder.take()
      return Chunk.isEmpty(events) ? decoder.outcome() ?? body : Channel.flatMap(Channel.write(events), next)
    }
    const body: Body = Channel.readWithCause({
      onInput: (pieces: Chunk.Chunk<Uint8Array>) => {
        for (const piece of pieces) decoder.write(piece)
        return next()
      },
      onFailure: Channel.failCause,
      onDone: () => {
        decoder.end()
        return next()
      }
    })
    return Channel.pipeTo(Stream.toChannel(bytes), body)
  }))

/** @since 0.1.0 @category decoding */
export const decode = decodeWith(decoder)

/** Decided by its first character, once there is one. */
const kindOf = (chunk: string) => {
  const [first] = chunk.trimStart()
  if (first === undefined) return undefined
  return first === "{" || first === "[" ? "json" : first === "<" ? "page" : "events"
}

/** Google's servers put a failure into a list of one. */
const unlisted = (data: string): string => {
  const list = /^\s*\[\s*\{/.test(data) ? parse(data) : undefined
  return Array.isArray(list) && list.length === 1 ? JSON.stringify(list[0]) : data
}

const foreign = (json: string): ModelError =>
  new ModelError({
    reason: { _tag: "MalformedOutput" },
    detail: `it says ${presentable(json)}`
  })

const incomplete = (detail: string): ModelError => new ModelError({ reason: { _tag: "StreamIncomplete" }, detail })

const failure = (text: string): string => JSON.stringify({ type: "error", error: parse(text) ?? text })

const nested = new ModelError({ reason: { _tag: "MalformedOutput" }, detail: tooDeep })

const tooLarge = new ModelError({
  reason: { _tag: "MalformedOutput" },
  detail: `one event, or a body without events, is over ${maxEventSize} bytes`
})
