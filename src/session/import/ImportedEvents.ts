/**
 * The entries of a foreign session as the events of one of ours, with the keys and in the order in which the loop would
 * have written them: so it can be resumed like any other.
 *
 * @internal
 */
import { defined } from "../../internal/json.ts"
import { unknownOutcome } from "../../prompts/Conversation.ts"
import { answer as answerIn, type Item } from "../../responses/Item.ts"
import { isToolCall, type Output, type ToolCall } from "../../responses/ToolCall.ts"
import * as Usage from "../../responses/Usage.ts"
import * as Estimate from "../compaction/Estimate.ts"
import {
  Compacted,
  InputAdded,
  itemId,
  ModelResponded,
  type SessionEvent,
  SessionStarted,
  ToolEnded,
  ToolStarted,
  TurnCompleted,
  TurnInterrupted,
  TurnStarted,
  width
} from "../SessionEvent.ts"
import type { Entry, Tool } from "./ForeignSession.ts"
import type { Loss } from "./Loss.ts"

/**
 * An event and the key it is appended under.
 *
 * @since 0.1.0
 * @category models
 */
export interface Keyed {
  readonly key: string
  readonly event: SessionEvent
}

/**
 * What became of a session.
 *
 * @since 0.1.0
 * @category models
 */
export interface Summary {
  /** The id that the other program gave it. */
  readonly foreignId: string
  readonly folder: string | undefined
  readonly title: string | undefined
  readonly turns: number
  readonly calls: number
  readonly losses: ReadonlyMap<Loss, number>
}

/** A response whose outputs may still come. */
interface Open {
  readonly id: string | undefined
  readonly items: Array<Item>
  readonly outputs: Map<string, Array<{ readonly output: Output; readonly isFailure: boolean }>>
  model: string | undefined
  usage: Usage.Usage | undefined
}

/** The turn that is being read. Its model is known with its first response. */
interface Turn {
  readonly id: string
  readonly input: Array<Item>
  isStarted: boolean
  step: number
  asides: number
  /** How many there were since the last response. */
  compactions: number
  usage: Usage.Usage
  /** What the last response says, if it calls nothing. */
  answer: string
}

/**
 * Gives the events one by one, holds no more than a response at a time, and returns what became of it all.
 *
 * - Every call gets its output, or one that says that its outcome is not known.
 * - A turn is completed when its last response is an answer, and interrupted otherwise.
 * - What the other program has summed up is sent as its summary, from the same point on.
 *
 * @since 0.1.0
 * @category conversions
 */
export function* fromEntries(
  entries: Iterable<Entry>,
  options: { readonly sessionId: string; readonly tool: Tool }
): Generator<Keyed, Summary> {
  const losses = new Map<Loss, number>()
  const lose = (loss: Loss, count = 1) => losses.set(loss, (losses.get(loss) ?? 0) + count)
  let begun: Extract<Entry, { readonly _tag: "Begun" }> | undefined
  let turns = 0
  let calls = 0
  let model: string = options.tool
  let turn: Turn | undefined
  let open: Open | undefined
  /** What the model was told between two turns goes with the next. */
  let asides: ReadonlyArray<Item> = []
  /** The number that the log gives to the next event: it counts from 1, and each event takes as many as it is wide. */
  let seq = 1
  let tokens = 0
  /** Where that begins which the next summary leaves in place; `pending` until the next event is known. */
  let kept: number | "pending" | undefined
  const keep = () => {
    if (kept === "pending") kept = seq - 1
  }
  const numbered = (keyed: Keyed): Keyed => {
    seq += width(keyed.event)
    tokens += sizeOf(keyed.event)
    return keyed
  }

  const begin = (input: ReadonlyArray<Item>): Turn => {
    const next: Turn = {
      id: `turn-${++turns}`,
      input: [...asides, ...input],
      isStarted: false,
      step: 0,
      asides: 0,
      compactions: 0,
      usage: Usage.zero,
      answer: ""
    }
    asides = []
    return next
  }

  function* start(turn: Turn): Generator<Keyed> {
    if (turn.isStarted) return
    turn.isStarted = true
    yield numbered({ key: turn.id, event: TurnStarted.make({ turnId: turn.id, model, input: turn.input }) })
  }

  /** Ends the response that is open, with its calls. */
  function* close(): Generator<Keyed> {
    if (turn === undefined || open === undefined) return
    const { items, outputs } = open
    model = open.model ?? model
    yield* start(turn)
    const { id: turnId, step } = turn
    const usage = open.usage ?? Usage.zero
    yield numbered({
      key: `${turnId}/model/${step}`,
      event: ModelResponded.make({
        turnId,
        step,
        model,
        account: accountOf(options.tool),
        items,
        usage,
        finishReason: "stop"
      })
    })
    const seen = new Map<string, number>()
    const called: Array<{ readonly key: string; readonly itemId: string; readonly call: ToolCall }> = []
    for (const [index, item] of items.entries()) {
      if (!isToolCall(item)) continue
      const count = (seen.get(item.call_id) ?? 0) + 1
      seen.set(item.call_id, count)
      const key = `${turnId}/tool/${step}/${item.call_id}${count === 1 ? "" : `#${count}`}`
      called.push({ key, itemId: itemId(turnId, step, index), call: item })
    }
    for (const { key, ...call } of called) {
      yield numbered({ key: `${key}/started`, event: ToolStarted.make({ turnId, ...call }) })
    }
    for (const { key, ...call } of called) {
      const returned = outputs.get(call.call.call_id)?.shift()
      if (returned === undefined) lose("NoOutput")
      const status = returned === undefined ? "interrupted" : returned.isFailure ? "failed" : "completed"
      yield numbered({
        key,
        event: ToolEnded.make({ turnId, ...call, status, output: returned?.output ?? unknownOutcome })
      })
    }
    for (const left of outputs.values()) if (left.length > 0) lose("Output", left.length)
    calls += called.length
    turn.step++
    turn.compactions = 0
    turn.usage = Usage.add(turn.usage, usage)
    turn.answer = called.length === 0 ? answerIn(items) : ""
    open = undefined
  }

  function* end(reason: string): Generator<Keyed> {
    yield* close()
    if (turn === undefined) return
    yield* start(turn)
    const { answer, id: turnId, usage } = turn
    yield numbered({
      key: `${turnId}/end`,
      event: answer === ""
        ? TurnInterrupted.make({ turnId, reason })
        : TurnCompleted.make({ turnId, answer, usage, finishReason: "stop" })
    })
    turn = undefined
  }

  for (const entry of entries) {
    switch (entry._tag) {
      case "Begun":
        begun = entry
        yield numbered({
          key: "session",
          event: SessionStarted.make({
            sessionId: options.sessionId,
            schemaVersion: 1,
            ...defined({ workspace: entry.folder, title: entry.title }),
            importedFrom: { tool: options.tool, sessionId: entry.sessionId }
          })
        })
        break
      case "Said":
        if (entry.isAside !== true) {
          yield* end("cancelled")
          keep()
          turn = begin(entry.items)
        } else if (turn === undefined || turn.answer !== "" && open === undefined) {
          asides = [...asides, ...entry.items]
        } else if (!turn.isStarted && open === undefined) turn.input.push(...entry.items)
        else {
          yield* close()
          keep()
          yield numbered({
            key: `${turn.id}/input/${turn.asides}`,
            event: InputAdded.make({ turnId: turn.id, step: turn.step, kind: "steer", input: entry.items })
          })
          turn.asides++
        }
        break
      case "Answered":
        if (
          open !== undefined && (open.id === undefined ? open.outputs.size > 0 : open.id !== entry.response)
        ) yield* close()
        turn ??= begin([])
        if (kept === "pending" && open === undefined) {
          model = entry.model ?? model
          yield* start(turn)
        }
        keep()
        open ??= { id: entry.response, items: [], outputs: new Map(), model: undefined, usage: undefined }
        open.items.push(...entry.items)
        open.model ??= entry.model
        open.usage = entry.usage ?? open.usage
        break
      case "Used":
        if (open !== undefined) open.usage ??= entry.usage
        break
      case "Returned":
        if (open === undefined) lose("Output")
        else {
          const before = open.outputs.get(entry.callId) ?? []
          open.outputs.set(entry.callId, [...before, entry])
        }
        break
      case "Kept":
        kept = "pending"
        break
      case "Summarized": {
        yield* close()
        if (turn !== undefined && turn.answer !== "") yield* end("imported")
        if (turn !== undefined) yield* start(turn)
        keep()
        const before = tokens
        tokens = Estimate.ofItems(entry.items)
        yield numbered({
          // As the loop would find it when this turn goes on.
          key: turn === undefined ? `compacted/${seq}` : `${turn.id}/compacted/${turn.step}/${turn.compactions++}`,
          event: Compacted.make({
            ...defined({ turnId: turn?.id }),
            reason: "threshold",
            method: "local",
            upTo: typeof kept === "number" ? kept : seq - 1,
            items: entry.items,
            model,
            account: accountOf(options.tool),
            usage: Usage.zero,
            beforeTokens: before,
            afterTokens: tokens
          })
        })
        kept = undefined
        break
      }
      case "Lost":
        lose(entry.loss)
        break
    }
  }
  yield* end("imported")
  return {
    foreignId: begun?.sessionId ?? "",
    folder: begun?.folder,
    title: begun?.title,
    turns,
    calls,
    losses
  }
}

/** Nobody's account: what only its own account could read is not sent back. */
const accountOf = (tool: Tool): string => `imported:${tool}`

/** About how many tokens an event adds to the conversation. */
const sizeOf = (event: SessionEvent): number => {
  switch (event._tag) {
    case "TurnStarted":
    case "InputAdded":
      return Estimate.ofItems(event.input)
    case "ModelResponded":
      return Estimate.ofItems(event.items)
    case "ToolEnded":
      return Estimate.ofValue(event.output)
    default:
      return 0
  }
}
