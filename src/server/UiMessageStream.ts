/**
 * A turn in the UI message stream format of the AI SDK (`useChat`): a fold over its lines. The message has the id of the
 * turn, the calls are dynamic tools under the ids of their items, and so are the approvals that they wait for.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { AgentEvent } from "../agent/AgentEvent.ts"
import { linesOf } from "../agent/EventLines.ts"
import { JsonLine } from "../agent/JsonLine.ts"
import { parse } from "../internal/json.ts"
import { json } from "../internal/visible.ts"

/**
 * A part of the stream, as the AI SDK calls it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Chunk {
  readonly type: string
  readonly [field: string]: unknown
}

/**
 * The headers of an answer in this format.
 *
 * @since 0.1.0
 * @category constants
 */
export const headers = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  "x-accel-buffering": "no",
  "x-vercel-ai-ui-message-stream": "v1"
} as const

/**
 * The events of a turn as chunks, for a host that answers its own `useChat`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromEvents = <E, R>(events: Stream.Stream<AgentEvent, E, R>): Stream.Stream<Chunk, E, R> =>
  fromLines(Stream.mapConcat(events, (event) => linesOf(event, true)))

/**
 * The lines of a turn as chunks, up to its end, or to the first question: the client asks again with the answer.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromLines = <E, R>(lines: Stream.Stream<unknown, E, R>): Stream.Stream<Chunk, E, R> =>
  Stream.suspend(() => {
    const fold = make()
    return lines.pipe(
      Stream.filterMap(decodeLine),
      Stream.mapConcat(fold),
      Stream.takeUntil(({ type }) => ends.has(type))
    )
  })

/**
 * The server-sent events of a feed as those of this format, up to the end of the turn or the first question. Comments,
 * which keep a connection alive, stay. `isTold` leaves lines out.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromFrames = <E, R>(
  frames: Stream.Stream<string, E, R>,
  isTold: (line: unknown) => boolean
): Stream.Stream<string, E, R> =>
  Stream.suspend(() => {
    const fold = make()
    const chunksOf = (data: string): ReadonlyArray<Chunk> => {
      const line = parse(data)
      return isTold(line) ? Option.match(decodeLine(line), { onNone: () => [], onSome: fold }) : []
    }
    return frames.pipe(
      Stream.mapConcat((frames) =>
        Array.from(frames.matchAll(/^(?:data: (.*)|(:.*))$/gm)).flatMap(
          ([, data, comment = ""]): ReadonlyArray<Chunk | string> => data === undefined ? [comment] : chunksOf(data)
        )
      ),
      Stream.takeUntil((piece) => typeof piece !== "string" && ends.has(piece.type)),
      Stream.map((piece) => typeof piece === "string" ? `${piece}\n\n` : textOf(piece)),
      Stream.concat(Stream.make(done))
    )
  })

/**
 * Chunks as the bytes of an answer.
 *
 * @since 0.1.0
 * @category conversions
 */
export const encode = <E, R>(chunks: Stream.Stream<Chunk, E, R>): Stream.Stream<Uint8Array, E, R> =>
  chunks.pipe(
    Stream.map(textOf),
    Stream.concat(Stream.make(done)),
    Stream.encodeText
  )

const textOf = (chunk: Chunk): string => `data: ${json(JSON.stringify(chunk))}\n\n`

const done = "data: [DONE]\n\n"

const decodeLine = Schema.decodeUnknownOption(JsonLine)

const ends: ReadonlySet<string> = new Set(["finish", "error", "abort"])

const make = (): (line: JsonLine) => ReadonlyArray<Chunk> => {
  /** What does not begin with the turn goes on within a step. */
  let isStepOpen = true
  let isStepOver = false
  /** The text or the thought that is on its way, and what it is called in the stream. */
  let open: { readonly item: string; readonly id: string; readonly kind: "text" | "reasoning" } | undefined
  let streamed = new Set<string>()
  /** What a failed attempt has said cannot be taken back; what the next one says is another part. */
  let attempt = 0
  const calls = new Set<string>()

  const step = (): ReadonlyArray<Chunk> => {
    if (isStepOpen && !isStepOver) return []
    const begun: ReadonlyArray<Chunk> = [...isStepOpen ? [{ type: "finish-step" }] : [], { type: "start-step" }]
    isStepOpen = true
    isStepOver = false
    return begun
  }

  const close = (): ReadonlyArray<Chunk> => {
    const chunks = open === undefined ? [] : [{ type: `${open.kind}-end`, id: open.id }]
    open = undefined
    return chunks
  }

  const delta = (item: string, kind: "text" | "reasoning", text: string): ReadonlyArray<Chunk> => {
    const isSame = open?.item === item && open.kind === kind
    const before = isSame ? [] : [...step(), ...close()]
    if (open === undefined) {
      open = { item, kind, id: `${item}.${kind}${attempt === 0 ? "" : `.${attempt}`}` }
      before.push({ type: `${kind}-start`, id: open.id })
    }
    streamed.add(item)
    return [...before, { type: `${kind}-delta`, id: open.id, delta: text }]
  }

  const whole = (item: string, kind: "text" | "reasoning", text: string): ReadonlyArray<Chunk> =>
    text === "" || streamed.has(item) ? close() : [...delta(item, kind, text), ...close()]

  const call = ({ arguments: args, id, name }: Called): ReadonlyArray<Chunk> => {
    if (calls.has(id)) return []
    calls.add(id)
    const input = parse(args) ?? args
    // The calls of a response belong to its step.
    return [
      ...isStepOpen ? [] : step(),
      ...close(),
      { type: "tool-input-available", toolCallId: id, toolName: name, input, dynamic: true }
    ]
  }

  const finish = (finishReason: string, messageMetadata: object): ReadonlyArray<Chunk> => [
    ...close(),
    ...isStepOpen ? [{ type: "finish-step" }] : [],
    { type: "finish", finishReason, messageMetadata }
  ]

  const completed = (item: Extract<JsonLine, { type: "item.completed" }>["item"]): ReadonlyArray<Chunk> => {
    if (isEndedCall(item)) {
      const { changes, details, id, output, status } = item
      const end = status === "completed"
        ? { type: "tool-output-available", output: { output, changes, details } }
        : { type: "tool-output-error", errorText: typeof output === "string" ? output : JSON.stringify(output) }
      return [...call(item), { ...end, toolCallId: id, dynamic: true }]
    }
    const text = "text" in item ? String(item.text) : ""
    if (item.type === "agent_message") return whole(item.id, "text", text)
    return item.type === "reasoning" ? whole(item.id, "reasoning", text) : []
  }

  return (line) => {
    switch (line.type) {
      case "turn.started":
        isStepOpen = false
        return [{ type: "start", messageId: line.turn_id }]
      case "item.delta":
        return delta(line.item_id, line.kind ?? "text", line.delta)
      case "item.started":
        return call(line.item)
      case "item.updated":
        return calls.has(line.item.id)
          ? [{
            type: "tool-output-available",
            toolCallId: line.item.id,
            output: { output: line.item.text },
            dynamic: true,
            preliminary: true
          }]
          : []
      case "item.completed":
        return completed(line.item)
      case "usage":
        streamed = new Set()
        isStepOver = true
        return close()
      case "retry":
        streamed = new Set()
        attempt++
        return [...close(), { type: "data-retry", data: line, transient: true }]
      case "permission.requested": {
        const { id } = line.item
        const chunks = [
          ...call(line.item),
          { type: "data-permission", id, data: line },
          { type: "tool-approval-request", approvalId: id, toolCallId: id }
        ]
        return [...chunks, ...finish("tool-calls", {})]
      }
      case "turn.completed": {
        const { context, finish_reason, usage } = line
        return finish(finishReasons[finish_reason] ?? "other", { usage, context })
      }
      case "turn.limited":
        return finish("other", { usage: line.usage, limit: line.limit })
      case "turn.failed":
        return [...close(), { type: "error", errorText: line.error.message }]
      case "turn.interrupted":
        return [...close(), { type: "abort", reason: line.reason }]
      default:
        return []
    }
  }
}

type Called = Extract<JsonLine, { type: "permission.requested" }>["item"]

type Completed = Extract<JsonLine, { type: "item.completed" }>["item"]

const isEndedCall = (item: Completed): item is Extract<Completed, { readonly call_id: string }> =>
  item.type === "tool_call"

const finishReasons: { readonly [reason: string]: string } = {
  stop: "stop",
  length: "length",
  max_output_tokens: "length",
  content_filter: "content-filter"
}
