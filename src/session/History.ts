/**
 * What the model is sent of a session: a pure fold over its events.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { History, SessionStore } from "effixir"
 *
 * // What a model is sent of a session.
 * const input = (session: string, recipient: History.Recipient) =>
 *   Effect.gen(function*() {
 *     const store = yield* SessionStore.SessionStore
 *     const stored = yield* store.read(session)
 *     const history = History.forRecipient(stored, recipient)
 *     return History.isReadableBy(history, recipient) ? History.toInput(history, recipient) : []
 *   })
 * ```
 *
 * @since 0.1.0
 */
import * as List from "effect/List"
import * as Option from "effect/Option"
import { isDeep } from "../internal/json.ts"
import { imageNotTaken, imageRefused, notRun, unknownOutcome } from "../prompts/Conversation.ts"
import {
  chatField,
  isEncryptedReasoning,
  isReasoning,
  type Item,
  reasoningText,
  without,
  withoutId,
  withoutImages
} from "../responses/Item.ts"
import { effortUpdate, isEncrypted } from "../responses/Request.ts"
import { isToolCall, isToolCallOutput, type Output, toOutput } from "../responses/ToolCall.ts"
import * as Usage from "../responses/Usage.ts"
import {
  type Compacted,
  itemId,
  type ModelResponded,
  type SessionEvent,
  type Stored,
  type ToolEnded
} from "./SessionEvent.ts"

/**
 * The parts of a conversation as an immutable list, the latest first: adding a part costs the same however long the
 * conversation is. `seq` is the number of the event that a part comes from, 0 where it has none.
 *
 * @since 0.1.0
 * @category models
 */
export type History = List.List<Part>

/** @since 0.1.0 @category models */
export type Part = InputPart | ResponsePart | CompactedPart

/** @since 0.1.0 @category models */
export interface InputPart {
  readonly _tag: "Input"
  readonly seq: number
  readonly items: ReadonlyArray<Item>
  readonly effort?: string | undefined
}

/**
 * `outputs` holds the outputs of its calls, by item id.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResponsePart {
  readonly _tag: "Response"
  readonly seq: number
  readonly response: ModelResponded
  readonly outputs: ReadonlyMap<string, Outcome>
}

/**
 * What the model is told of a call.
 *
 * @since 0.1.0
 * @category models
 */
export interface Outcome {
  readonly output: Output
  readonly hasEnded: boolean
}

/**
 * What stands for all parts before it. `at` is the number of the event itself, after which nothing was there yet.
 *
 * @since 0.1.0
 * @category models
 */
export interface CompactedPart {
  readonly _tag: "Compacted"
  readonly seq: number
  readonly at: number
  readonly event: Compacted
}

/**
 * An event with its number in the log, if it has one. The events that a run emits are such events.
 *
 * @since 0.1.0
 * @category models
 */
export type Numbered = SessionEvent & { readonly seq?: number }

/** @since 0.1.0 @category constructors */
export const empty: History = List.empty()

/** @since 0.1.0 @category constructors */
export const of = (part: Part): History => List.of(part)

/** @since 0.1.0 @category constructors */
export const fromEvents = (events: Iterable<Numbered>): History => {
  const { add, toHistory } = building()
  for (const event of events) add(event, event.seq)
  return toHistory()
}

/** @since 0.1.0 @category constructors */
export const fromStored = (events: Iterable<Stored>): History => {
  const { add, toHistory } = building()
  for (const { event, seq } of events) add(event, seq)
  return toHistory()
}

/**
 * The conversation that one recipient is sent: what only another server, or none any more, can read of a compaction
 * does not stand for anything, and all is sent that it was made of. `isReadable` says whether the server still reads
 * what it has encrypted.
 *
 * @since 0.1.0
 * @category constructors
 */
export const forRecipient = (events: ReadonlyArray<Stored>, recipient: Recipient, isReadable = true): History => {
  const lost = isReadable
    ? events.findLastIndex(({ event }) => event._tag === "ModelResponded" && event.isWithoutEncrypted === true)
    : events.length
  const { add, toHistory } = building()
  let isInFull = false
  for (const [at, { event, seq }] of events.entries()) {
    if (event._tag === "Compacted") {
      isInFull = event.items.some(isEncrypted) && (at < lost || !isFrom(event, recipient))
      if (!isInFull) add(event, seq)
    } else if (isInFull && event._tag === "ModelResponded" && !isFrom(event, recipient)) {
      // What it had used says nothing of the conversation in full.
      add({ ...event, usage: Usage.zero }, seq)
    } else add(event, seq)
  }
  return toHistory()
}

/**
 * Whether a recipient can read what stands for the compacted part of a conversation. Where it cannot, {@link forRecipient}
 * makes of the whole log what it is to be sent.
 *
 * @since 0.1.0
 * @category accessors
 */
export const isReadableBy = (self: History, recipient: Recipient, isReadable = true): boolean => {
  const first = Option.getOrUndefined(List.last(self))
  return first?._tag !== "Compacted" || !first.event.items.some(isEncrypted) ||
    isReadable && isFrom(first.event, recipient) &&
      !List.some(self, (part) => part._tag === "Response" && part.response.isWithoutEncrypted === true)
}

/** @since 0.1.0 @category conversions */
export const numbered = ({ event, seq }: Stored): Numbered => ({ ...event, seq })

/**
 * Adds what the model is sent of an event, if it is sent anything.
 *
 * @example
 * ```ts
 * import { History } from "effixir"
 * import type { SessionEvent } from "effixir"
 *
 * const efforts = (stored: ReadonlyArray<SessionEvent.Stored>) => {
 *   const history = stored.map(History.numbered).reduce(History.add, History.fromEvents([]))
 *   return { hasRemoved: History.hasRemoved(history), now: History.effortOf(history), last: History.latestEffort(history) }
 * }
 *
 * const again = (stored: ReadonlyArray<SessionEvent.Stored>) => History.fromStored(stored)
 * const one = (part: History.Part) => History.of(part)
 * const open = (parts: ReadonlyArray<History.Part>) =>
 *   parts.filter((part) => part._tag === "Response" && History.hasOpenCalls(part))
 * ```
 *
 * @since 0.1.0 @category folding
 */
export const add = (self: History, event: Numbered): History => {
  if (event._tag === "ToolStarted" || event._tag === "ToolEnded") return withOutputs(self, [event])
  const part = partOf(event, event.seq)
  if (part?._tag !== "Compacted") return part === undefined ? self : List.cons(part, self)
  const kept: Array<Part> = []
  for (let rest = self; List.isCons(rest) && rest.head.seq > part.seq; rest = rest.tail) kept.push(rest.head)
  return kept.reduceRight((history, part) => List.cons(part, history), List.of<Part>(part))
}

/**
 * Adds the outputs of calls to the response that made them; to add one after another would copy them each time.
 *
 * @example
 * ```ts
 * import { History } from "effixir"
 * import type { SessionEvent } from "effixir"
 *
 * const answered = (history: History.History, ended: ReadonlyArray<SessionEvent.ToolEnded>) =>
 *   History.addEnded(history, ended)
 * ```
 *
 * @since 0.1.0
 * @category folding
 */
export const addEnded = (self: History, ended: ReadonlyArray<ToolEnded>): History => withOutputs(self, ended)

type ToolEvent = Extract<SessionEvent, { readonly _tag: "ToolStarted" | "ToolEnded" }>

/** An output belongs to the last response, which may have been resumed since. */
const withOutputs = (self: History, events: ReadonlyArray<ToolEvent>): History => {
  if (List.isNil(self) || self.head._tag === "Compacted") return self
  const { head, tail } = self
  if (head._tag === "Input") {
    const before = withOutputs(tail, events)
    return before === tail ? self : List.cons<Part>(head, before)
  }
  const outputs = new Map(head.outputs)
  for (const event of events) outputs.set(event.itemId, outcomeOf(event))
  return List.cons<Part>({ ...head, outputs }, tail)
}

const outcomeOf = (event: ToolEvent): Outcome => ({
  output: event._tag === "ToolStarted" || isDeep(event.output) ? unknownOutcome : event.output,
  hasEnded: event._tag === "ToolEnded"
})

/** The part that an event begins. What was compacted comes before all parts with a greater number. */
const partOf = (event: SessionEvent, number: number | undefined): Part | undefined => {
  const seq = number ?? 0
  switch (event._tag) {
    case "TurnStarted":
      return { _tag: "Input", seq, items: event.input.filter(isShallow), effort: event.effort }
    case "TurnResumed":
      return event.effort === undefined ? undefined : { _tag: "Input", seq, items: [], effort: event.effort }
    case "InputAdded":
      return { _tag: "Input", seq, items: event.input.filter(isShallow) }
    case "ModelResponded":
      return { _tag: "Response", seq, response: readable(event), outputs: none }
    case "Compacted":
      return {
        _tag: "Compacted",
        seq: event.upTo,
        at: number ?? event.upTo,
        event: { ...event, items: event.items.filter(isShallow) }
      }
    default:
      return undefined
  }
}

const isShallow = (item: Item): boolean => !isDeep(item)

const none: ResponsePart["outputs"] = new Map()

/** Makes of many events what {@link add} makes of them one by one, without a copy for each output. */
const building = () => {
  let parts: Array<Part> = []
  /** The response that outputs belong to, with those of it that are known. */
  let last: { readonly part: ResponsePart; readonly outputs: Map<string, Outcome> } | undefined

  return {
    add: (event: SessionEvent, seq?: number): void => {
      if (event._tag === "ToolStarted" || event._tag === "ToolEnded") {
        last?.outputs.set(event.itemId, outcomeOf(event))
        return
      }
      const part = partOf(event, seq)
      if (part === undefined) return
      if (part._tag === "Compacted") {
        const kept = parts.slice(parts.findLastIndex(({ seq }) => seq <= part.seq) + 1)
        if (last !== undefined && !kept.includes(last.part)) last = undefined
        parts = [part, ...kept]
      } else if (part._tag === "Response") {
        const outputs = new Map<string, Outcome>()
        last = { part: { ...part, outputs }, outputs }
        parts.push(last.part)
      } else parts.push(part)
    },
    toHistory: (): History => parts.reduce<History>((history, part) => List.cons(part, history), empty)
  }
}

/** Items nested too deeply to be sent must not break the session; the others keep their places. */
const readable = (response: ModelResponded): ModelResponded =>
  response.items.some(isDeep)
    ? { ...response, items: response.items.map((item) => isDeep(item) ? unreadable : item) }
    : response

const unreadable: Item = { type: "effixir.unreadable" }

/**
 * The model and account that a conversation is sent to.
 *
 * @since 0.1.0
 * @category models
 */
export interface Recipient {
  readonly model: string
  readonly account: string
}

/**
 * The `input` of the next request.
 *
 * - Items go without their ids: the server checks pairs of ids that it does not keep (`store: false`).
 * - Reasoning goes back only to the model and the account that it came from, before the item that it belongs to, and no
 *   longer once the server has said that it cannot read it. It goes encrypted where it is, and else as the text it is.
 * - What one server alone understands (its own tools, the further fields of its calls) goes back to no other.
 * - An image that a tool gave becomes words once the server has refused it.
 * - A change of reasoning effort stays where it was made, so that nothing before it changes.
 * - Every call has its output, in the order of the calls; a call that never ended or never began gets an output that
 *   says so. A call that cannot be read is left out.
 * - What was compacted is sent as what stands for it, which the recipient must be able to read ({@link isReadableBy}).
 *   `isReadable` says whether the server still reads what it has encrypted.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toInput = (
  self: History,
  recipient: Recipient,
  { isReadable = true }: { readonly isReadable?: boolean } = {}
): ReadonlyArray<Item> => {
  const parts = List.toArray(self).toReversed()
  const unreadable = isReadable
    ? parts.findLastIndex((part) => part._tag === "Response" && part.response.isWithoutEncrypted === true)
    : parts.length
  const last = (is: (response: ModelResponded) => boolean) =>
    parts.findLastIndex((part) => part._tag === "Response" && is(part.response) && isFrom(part.response, recipient))
  const unseen = last(({ isWithoutAnyImages, isWithoutImages }) =>
    isWithoutImages === true || isWithoutAnyImages === true
  )
  const unshown = last(({ isWithoutAnyImages }) => isWithoutAnyImages === true)
  let effort = effortOf(self)
  return parts.flatMap((part, index) => {
    const items = replay(part, {
      ...recipient,
      isReadable: index >= unreadable,
      takesOutputImages: index >= unseen,
      takesImages: index >= unshown
    })
    if (part._tag !== "Input" || part.effort === undefined || part.effort === effort) return items
    effort = part.effort
    return [effortUpdate(effort), ...items]
  })
}

/**
 * The reasoning effort when the session began, or when it was last compacted; {@link toInput} adds what has changed
 * since.
 *
 * @since 0.1.0
 * @category accessors
 */
export const effortOf = (self: History): string | undefined => {
  const first = Option.getOrUndefined(List.last(self))
  switch (first?._tag) {
    case "Input":
      return first.effort
    case "Compacted":
      return first.event.effort
    default:
      return undefined
  }
}

/**
 * The reasoning effort that is in force now.
 *
 * @since 0.1.0
 * @category accessors
 */
export const latestEffort = (self: History): string | undefined => {
  const latest = List.findFirst(self, (part) => part._tag === "Input" && part.effort !== undefined)
  return Option.isSome(latest) && latest.value._tag === "Input" ? latest.value.effort : effortOf(self)
}

/**
 * Whether a call of this response may still be run, or is running.
 *
 * @since 0.1.0
 * @category accessors
 */
export const hasOpenCalls = ({ outputs, response }: ResponsePart): boolean =>
  response.items.some((item, index) =>
    isToolCall(item) &&
    outputs.get(itemId(response.turnId, response.step, index))?.hasEnded !== true
  )

/**
 * Whether an earlier event already reported that the server has left out reasoning.
 *
 * @since 0.1.0
 * @category accessors
 */
export const hasRemoved = (self: History): boolean =>
  List.some(self, (part) => part._tag === "Response" && part.response.removed !== undefined)

const isFrom = (made: Recipient, { account, model }: Recipient): boolean =>
  made.model === model && made.account === account

/** What decides how a part is sent. */
interface Replay extends Recipient {
  /** Whether the server reads what it had encrypted by then. */
  readonly isReadable: boolean
  /** Whether the server takes the images of these tool outputs, and other images. */
  readonly takesOutputImages: boolean
  readonly takesImages: boolean
}

/**
 * The items that a part is sent as. A conversation is sent with every request, and its parts do not change: each is
 * worked out once, and again only for another recipient, or for one that no longer takes all of it.
 */
const replay = (part: Part, how: Replay): ReadonlyArray<Item> => {
  const known = replayed.get(part)
  if (known !== undefined && isAlike(known.how, how)) return known.items
  const items = part._tag === "Response" ? replayResponse(part, how) : replaySaid(part, how)
  replayed.set(part, { how, items })
  return items
}

const replayed = new WeakMap<Part, { readonly how: Replay; readonly items: ReadonlyArray<Item> }>()

const isAlike = (a: Replay, b: Replay): boolean =>
  a.model === b.model && a.account === b.account && a.isReadable === b.isReadable &&
  a.takesOutputImages === b.takesOutputImages &&
  a.takesImages === b.takesImages

const replaySaid = (part: InputPart | CompactedPart, { isReadable, takesImages, ...recipient }: Replay) => {
  const all = part._tag === "Input" ? part.items : part.event.items
  const canRead = part._tag === "Input" || isReadable && isFrom(part.event, recipient)
  const items = (canRead ? all : all.filter((item) => !isEncrypted(item))).map(withoutId)
  return takesImages ? items : items.map((item) => withoutImages(item, imageRefused))
}

const replayResponse = (
  { outputs, response }: ResponsePart,
  { account, isReadable, takesOutputImages, model }: Replay
): ReadonlyArray<Item> => {
  const isSame = isFrom(response, { account, model })
  const sound = response.items.filter((item) => item !== unreadable && !isToolCallOutput(item) && !isBrokenCall(item))
  // Reasoning at the end of a broken response lacks the item that it led to, and the server refuses it.
  const last = sound.findLastIndex((item) => item.type !== "reasoning")
  const items = sound.filter((item, index) =>
    item.type === "reasoning"
      ? isSame && index < last && (isEncryptedReasoning(item) ? isReadable && isReasoning(item) : isThought(item))
      : response.account === account || item.type === "message" || isToolCall(item)
  )
  const answers = response.items.flatMap((item, index) =>
    isToolCall(item)
      ? [
        toOutput(
          item,
          outputs.get(itemId(response.turnId, response.step, index))?.output ?? notRun
        )
      ]
      : []
  )
  return [
    ...items.map((item) => isSame ? sentBack(item) : without(withoutId(item), chatField)),
    ...takesOutputImages ? answers : answers.map((item) => withoutImages(item, imageNotTaken))
  ]
}

/** Reasoning without a summary goes back if it has the thoughts themselves. */
const isThought = (item: Item): boolean => isReasoning(item) || reasoningText(item) !== ""

const sentBack = (item: Item): Item => {
  if (item.type !== "reasoning") return withoutId(item)
  if (isEncryptedReasoning(item)) return withoutContent(item)
  // The field is required where its value is not.
  return Array.isArray(item["summary"]) ? withoutId(item) : { ...withoutId(item), summary: [] }
}

/** A call without a name or arguments cannot be answered, and the server refuses a request in which one is not. */
const isBrokenCall = (item: Item): boolean =>
  (item.type === "function_call" || item.type === "custom_tool_call") && !isToolCall(item)

/** The server requires the summary, and refuses the plain-text reasoning. */
const withoutContent = (item: Item): Item => without(item, "id", "content")
