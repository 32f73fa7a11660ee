/**
 * What the model is sent of a session: a pure fold over its events.
 *
 * @since 0.1.0
 */
import * as HashMap from "effect/HashMap"
import * as List from "effect/List"
import * as Option from "effect/Option"
import { defined, isDeep } from "../internal/json.ts"
import { imageNotTaken, notRun, unknownOutcome } from "../prompts/Conversation.ts"
import {
  chatField,
  isEncryptedReasoning,
  isReasoning,
  type Item,
  thoughts,
  without,
  withoutId,
  withoutImages
} from "../responses/Item.ts"
import { effortUpdate } from "../responses/Request.ts"
import { answer, isAnswer, isToolCall, type Output } from "../responses/ToolCall.ts"
import {
  endsTurn,
  itemId,
  type ModelResponded,
  type PermissionInForce,
  type SessionEvent,
  type Setup,
  type TurnEnd,
  type TurnStarted
} from "./SessionEvent.ts"

/**
 * The parts of a conversation as an immutable list, the latest first: adding a part costs the same however long the
 * conversation is. `outputs` holds the outputs of a response's calls, by item id.
 *
 * @since 0.1.0
 * @category models
 */
export type History = List.List<Part>

/** @since 0.1.0 @category models */
export type Part =
  | { readonly _tag: "Input"; readonly items: ReadonlyArray<Item>; readonly effort?: string | undefined }
  | { readonly _tag: "Response"; readonly response: ModelResponded; readonly outputs: Outputs }

type Outputs = HashMap.HashMap<string, Output>

/** @since 0.1.0 @category constructors */
export const empty: History = List.empty()

/** @since 0.1.0 @category constructors */
export const fromEvents = (events: Iterable<SessionEvent>): History => {
  let history = empty
  for (const event of events) history = add(history, event)
  return history
}

/** @since 0.1.0 @category folding */
export const add = (self: History, event: SessionEvent): History => {
  switch (event._tag) {
    case "TurnStarted":
      return List.cons(
        { _tag: "Input", items: event.input.filter((item) => !isDeep(item)), effort: event.effort },
        self
      )
    case "TurnResumed":
      return event.effort === undefined ? self : List.cons({ _tag: "Input", items: [], effort: event.effort }, self)
    case "InputAdded":
      return List.cons({ _tag: "Input", items: event.input.filter((item) => !isDeep(item)) }, self)
    case "ModelResponded":
      return List.cons({ _tag: "Response", response: readable(event), outputs: HashMap.empty() }, self)
    case "ToolStarted":
      return withOutput(self, event.itemId, unknownOutcome)
    case "ToolEnded":
      return withOutput(self, event.itemId, event.output)
    default:
      return self
  }
}

const withOutput = (self: History, itemId: string, output: Output): History => {
  if (List.isNil(self) || self.head._tag === "Input") return self
  const { head, tail } = self
  const known = isDeep(output) ? unknownOutcome : output
  return List.cons({ ...head, outputs: HashMap.set(head.outputs, itemId, known) }, tail)
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
 *
 * @since 0.1.0
 * @category conversions
 */
export const toInput = (self: History, recipient: Recipient): ReadonlyArray<Item> => {
  const parts = List.toArray(self).toReversed()
  const unreadable = parts.findLastIndex((part) =>
    part._tag === "Response" && part.response.isWithoutEncrypted === true
  )
  const unseen = parts.findLastIndex((part) =>
    part._tag === "Response" && part.response.isWithoutImages === true && isFrom(part.response, recipient)
  )
  let effort = effortOf(self)
  return parts.flatMap((part, index) => {
    const items = replay(part, { ...recipient, isReadable: index >= unreadable, isSeen: index >= unseen })
    if (part._tag === "Response" || part.effort === undefined || part.effort === effort) return items
    effort = part.effort
    return [effortUpdate(effort), ...items]
  })
}

/**
 * The reasoning effort when the session began; {@link toInput} adds what has changed since.
 *
 * @since 0.1.0
 * @category accessors
 */
export const effortOf = (self: History): string | undefined =>
  Option.getOrUndefined(
    Option.flatMapNullable(List.last(self), (first) => first._tag === "Input" ? first.effort : undefined)
  )

/**
 * Whether an earlier event already reported that the server has left out reasoning.
 *
 * @since 0.1.0
 * @category accessors
 */
export const hasRemoved = (self: History): boolean =>
  List.some(self, (part) => part._tag === "Response" && part.response.removed !== undefined)

/**
 * The last turn of a session: where it starts, how it last ended unless it was cut off, and how many times it has ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface LastTurn {
  readonly at: number
  readonly started: TurnStarted
  readonly end: TurnEnd | undefined
  readonly ends: number
}

/** @since 0.1.0 @category accessors */
export const lastTurn = (events: ReadonlyArray<SessionEvent>): Option.Option<LastTurn> => {
  const at = events.findLastIndex((event) => event._tag === "TurnStarted")
  const started = events[at]
  if (started?._tag !== "TurnStarted") return Option.none()
  const own = events.slice(at).filter((event) => "turnId" in event && event.turnId === started.turnId)
  const last = own.at(-1)
  return Option.some({
    at,
    started,
    end: last !== undefined && endsTurn(last) ? last : undefined,
    ends: own.filter(endsTurn).length
  })
}

/**
 * The last turn, if it has events after its last end, or no end at all.
 *
 * @since 0.1.0
 * @category accessors
 */
export const openTurn = (events: ReadonlyArray<SessionEvent>): Option.Option<LastTurn> =>
  Option.filter(lastTurn(events), ({ end }) => end === undefined)

/**
 * The last turn, unless it has completed: it can be resumed.
 *
 * @since 0.1.0
 * @category accessors
 */
export const unfinishedTurn = (events: ReadonlyArray<SessionEvent>): Option.Option<LastTurn> =>
  Option.filter(lastTurn(events), ({ end }) => end?._tag !== "TurnCompleted")

/**
 * The permissions of the session's last turn, as far as its log holds them.
 *
 * @since 0.1.0
 * @category accessors
 */
export const lastPermission = (events: ReadonlyArray<SessionEvent>): PermissionInForce => {
  const last = events.findLast((event) =>
    (event._tag === "TurnStarted" || event._tag === "TurnResumed") && event.permission !== undefined
  )
  return last?._tag === "TurnStarted" || last?._tag === "TurnResumed"
    ? defined({ permission: last.permission, policy: last.policy })
    : {}
}

/**
 * What a session was last asked with. A log that is older than `Setup` tells only the account of its last response; what
 * another program has asked, before the session was imported, is no choice of the person here.
 *
 * @since 0.1.0
 * @category models
 */
export interface LastUsed {
  readonly model: string | undefined
  readonly effort: string | undefined
  readonly setup: Setup | undefined
  readonly account: string | undefined
}

/** @since 0.1.0 @category accessors */
export const lastUsed = (events: ReadonlyArray<SessionEvent>): LastUsed => {
  let model: string | undefined
  let effort: string | undefined
  let setup: Setup | undefined
  let account: string | undefined
  let isImported = false
  for (const event of events) {
    if (event._tag === "SessionStarted") isImported = event.importedFrom !== undefined
    if (event._tag === "TurnStarted" && event.setup !== undefined) isImported = false
    if (isImported) continue
    if (event._tag === "TurnStarted" || event._tag === "TurnResumed") {
      model = event.model ?? model
      effort = event._tag === "TurnStarted" ? event.effort : event.effort ?? effort
      setup = event.setup ?? setup
    } else if (event._tag === "ModelResponded") account = event.account
  }
  return { model, effort, setup, account }
}

const isFrom = (response: ModelResponded, { account, model }: Recipient): boolean =>
  response.model === model && response.account === account

/** What decides how a part is sent. */
interface Replay extends Recipient {
  /** Whether the server reads what it had encrypted by then. */
  readonly isReadable: boolean
  /** Whether it takes the images of these outputs. */
  readonly isSeen: boolean
}

/**
 * The items that a part is sent as. A conversation is sent with every request, and its parts do not change: each is
 * worked out once, and again only for another recipient, or for one that no longer takes all of it.
 */
const replay = (part: Part, how: Replay): ReadonlyArray<Item> => {
  const known = replayed.get(part)
  if (known !== undefined && isAlike(known.how, how)) return known.items
  const items = part._tag === "Input" ? part.items.map(withoutId) : replayResponse(part.response, part.outputs, how)
  replayed.set(part, { how, items })
  return items
}

const replayed = new WeakMap<Part, { readonly how: Replay; readonly items: ReadonlyArray<Item> }>()

const isAlike = (a: Replay, b: Replay): boolean =>
  a.model === b.model && a.account === b.account && a.isReadable === b.isReadable && a.isSeen === b.isSeen

const replayResponse = (
  response: ModelResponded,
  outputs: Outputs,
  { isReadable, isSeen, ...recipient }: Replay
): ReadonlyArray<Item> => {
  const isSame = isFrom(response, recipient)
  const sound = response.items.filter((item) => item !== unreadable && !isAnswer(item) && !isBrokenCall(item))
  // Reasoning at the end of a broken response lacks the item that it led to, and the server refuses it.
  const last = sound.findLastIndex((item) => item.type !== "reasoning")
  const items = sound.filter((item, index) =>
    item.type === "reasoning"
      ? isSame && index < last && (isEncryptedReasoning(item) ? isReadable && isReasoning(item) : isThought(item))
      : response.account === recipient.account || item.type === "message" || isToolCall(item)
  )
  const answers = response.items.flatMap((item, index) =>
    isToolCall(item)
      ? [
        answer(
          item,
          Option.getOrElse(HashMap.get(outputs, itemId(response.turnId, response.step, index)), () => notRun)
        )
      ]
      : []
  )
  return [
    ...items.map((item) => isSame ? sentBack(item) : without(withoutId(item), chatField)),
    ...isSeen ? answers : answers.map((item) => withoutImages(item, imageNotTaken))
  ]
}

/** Reasoning without a summary goes back if it has the thoughts themselves. */
const isThought = (item: Item): boolean => isReasoning(item) || thoughts(item) !== ""

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
