/**
 * What the model is sent of a session: a pure fold over its events.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import { isReasoning, type Item, withoutId } from "../responses/Item.ts"
import { answer, isAnswer, isToolCall, type Output, withoutImages } from "../responses/ToolCall.ts"
import { endsTurn, itemId, type ModelResponded, type SessionEvent, type TurnStarted } from "./SessionEvent.ts"

/**
 * The parts of a conversation in order. `outputs` holds what the calls of a response gave, by item id.
 *
 * @since 0.1.0
 * @category models
 */
export type History = ReadonlyArray<Part>

/** @since 0.1.0 @category models */
export type Part =
  | { readonly _tag: "Input"; readonly items: ReadonlyArray<Item> }
  | { readonly _tag: "Response"; readonly response: ModelResponded; readonly outputs: ReadonlyMap<string, Output> }

/** @since 0.1.0 @category constructors */
export const empty: History = []

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
      return [...self, { _tag: "Input", items: event.input }]
    case "ModelResponded":
      return [...self, { _tag: "Response", response: event, outputs: new Map() }]
    case "ToolEnded": {
      const last = self.at(-1)
      return last?._tag === "Response"
        ? [...self.slice(0, -1), { ...last, outputs: new Map(last.outputs).set(event.itemId, event.output) }]
        : self
    }
    default:
      return self
  }
}

/**
 * Whom a conversation is sent to.
 *
 * @since 0.1.0
 * @category models
 */
export interface Recipient {
  readonly model: string
  readonly account: string
  /** Whether the model is known to read text alone. */
  readonly isTextOnly?: boolean
}

/**
 * The `input` of the next request.
 *
 * - Items go without their ids: the server checks pairs of ids that it does not keep (`store: false`).
 * - Reasoning goes back only to the model and the account that it came from, before the item that it belongs to, and not
 *   once the server has said that it cannot read it any more.
 * - Every call has its output, in the order of the calls; one that never ended says so.
 * - A model that reads text alone gets a placeholder where a tool gave an image.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toInput = (self: History, recipient: Recipient): ReadonlyArray<Item> => {
  const unreadable = self.findLastIndex((part) => part._tag === "Response" && part.response.isWithoutEncrypted === true)
  return self.flatMap((part, index) =>
    part._tag === "Input"
      ? part.items.map(withoutId)
      : replay(part.response, part.outputs, recipient, index >= unreadable)
  )
}

/**
 * The last turn, if nothing has ended it yet, and where it starts.
 *
 * @since 0.1.0
 * @category accessors
 */
export const openTurn = (
  events: ReadonlyArray<SessionEvent>
): Option.Option<{ readonly at: number; readonly started: TurnStarted }> => {
  const at = events.findLastIndex((event) => event._tag === "TurnStarted")
  const started = events[at]
  return started?._tag === "TurnStarted" && !events.slice(at).some(endsTurn)
    ? Option.some({ at, started })
    : Option.none()
}

const replay = (
  response: ModelResponded,
  outputs: ReadonlyMap<string, Output>,
  recipient: Recipient,
  isReadable: boolean
): ReadonlyArray<Item> => {
  const isSame = isReadable && response.model === recipient.model && response.account === recipient.account
  const items = response.items.filter((item, index) =>
    !isAnswer(item) &&
    (item.type !== "reasoning" || isSame && isReasoning(item) && belongsToSomething(response.items, index))
  )
  const readable = recipient.isTextOnly === true ? withoutImages : asIs
  const answers = response.items.flatMap((item, index) =>
    isToolCall(item)
      ? [answer(item, readable(outputs.get(itemId(response.turnId, response.step, index)) ?? unknownOutcome))]
      : []
  )
  return [...items.map((item) => isReasoning(item) ? withoutContent(item) : withoutId(item)), ...answers]
}

const asIs = (output: Output): Output => output

/** Reasoning at the end of a broken response has lost what it led to, and the server refuses it. */
const belongsToSomething = (items: ReadonlyArray<Item>, index: number): boolean =>
  items.slice(index + 1).some((item) => item.type !== "reasoning")

/**
 * What the model is told of a call whose end nobody saw.
 *
 * @since 0.1.0
 * @category conversions
 */
export const unknownOutcome = "[The call was interrupted before it ended. What it did until then is not known.]"

const without = (item: Item, ...fields: ReadonlyArray<string>): Item => ({
  ...Object.fromEntries(Object.entries(item).filter(([field]) => !fields.includes(field))),
  type: item.type
})

/** The server wants the summary back, and the plain thoughts left out. */
const withoutContent = (item: Item): Item => without(item, "id", "content")
