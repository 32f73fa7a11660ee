/**
 * The output items of a response while it is streamed, in the order of their `output_index`: which of them an event is
 * about, and which there are at the end.
 *
 * The index alone does not identify an item: some servers give two items the same one, or none. Ids are left out by
 * some, and new in every event by others. So the ids of calls count first, then those of items, then index and type.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import * as Json from "../internal/json.ts"
import * as Arguments from "./Arguments.ts"
import * as Draft from "./Draft.ts"
import { isItem, type Item, text as textOf } from "./Item.ts"

type Drafts = ReadonlyArray<Draft.Draft>

/** The fields by which an event refers to an item. */
interface Place {
  readonly item_id?: string | null | undefined
  readonly output_index?: number | undefined
  readonly [field: string]: unknown
}

interface ItemEvent {
  readonly output_index?: number | undefined
  readonly item: Item
}

/**
 * Adds an item that is announced.
 *
 * @since 0.1.0
 * @category combining
 */
export const begin = (drafts: Drafts, { item, output_index }: ItemEvent): Drafts => {
  const known = drafts.find((draft) =>
    hasSameId(draft.item, item) && (output_index === undefined || draft.index === output_index) ||
    isUnannounced(draft) && draft.item.type === item.type && draft.index === output_index
  )
  return known === undefined
    ? insert(drafts, output_index, { item, isDone: false, pieces: [] })
    : known.isDone
    ? drafts
    : replace(drafts, known, { ...known, item })
}

/**
 * Adds a delta of a text, or the full text.
 *
 * @param isFull whether it is all of it
 *
 * @since 0.1.0
 * @category combining
 */
export const addText = (drafts: Drafts, place: Place, piece: Draft.Piece, isFull: boolean): Drafts => {
  const type = Draft.typeOf[piece.kind]
  const fitting = drafts.filter(({ item }) => item.type === type)
  const known = unfinishedFor(fitting, place)
  if (known !== undefined) return replace(drafts, known, Draft.addText(known, piece, isFull))
  // The full text may come after its item is finished, and adds nothing then.
  if (isFull && fitting.some((draft) => draft.isDone && Draft.hasText(draft, piece))) return drafts
  const item = {
    ...unannounced[type],
    type,
    ...Json.defined({ id: place.item_id ?? undefined, name: Json.text(place["name"]) })
  }
  return insert(drafts, place.output_index, { item, isDone: false, pieces: [piece] })
}

/**
 * Finishes an item.
 *
 * @since 0.1.0
 * @category combining
 */
export const finish = (drafts: Drafts, { item, output_index }: ItemEvent): Drafts => {
  const known = drafts.find((draft) => draft.isDone && isRepeated(draft, item, output_index)) ??
    open(drafts, item, output_index)
  if (known === undefined) return insert(drafts, output_index, { item, isDone: true, pieces: [] })
  const index = output_index ?? known.index
  // An item that comes again with another index only adds content that was missing.
  if (known.isDone && index !== known.index && (isEmptyItem(item) || !isEmptyItem(Draft.whole(known)))) return drafts
  const done = { ...known, index, item: Draft.merge(known.item, item), isDone: true }
  return index === known.index ? replace(drafts, known, done) : insert(without(drafts, known), index, done)
}

/**
 * All items of a response that has ended: those that were finished, those that only the final output has, and those of
 * which there are only deltas.
 *
 * @param output the output in the last event
 * @param isCut whether the response was cut short; a call that may be incomplete is left out then
 *
 * @since 0.1.0
 * @category combining
 */
export const end = (drafts: Drafts, output: unknown, isCut: boolean): Drafts => {
  const finals = (Array.isArray(output) ? output : []).filter(isItem)
  const known = matches(drafts, finals)
  let all = drafts
  for (const [index, final] of finals.entries()) {
    const draft = known.get(final)
    if (draft !== undefined) {
      all = replace(all, draft, { ...draft, item: withFinal(draft, final), isDone: true })
      continue
    }
    const next = finals.slice(index).map((later) => known.get(later)).find((later) => later !== undefined)
    const added = { item: final, isDone: true, pieces: [] }
    all = next === undefined
      ? insert(all, index, added)
      : all.toSpliced(all.indexOf(next), 0, { ...added, index: next.index })
  }
  return all.flatMap((draft) => {
    if (draft.isDone) return [draft]
    const item = { ...Draft.whole(draft), status: isCut ? "incomplete" : "completed" }
    return Draft.hasContent(draft) && !(isCut && mayBeCut(item)) ? [{ ...draft, item, isDone: true }] : []
  })
}

/** Arguments that are a JSON object are complete; of any other text nobody can tell. */
const mayBeCut = (item: Item): boolean =>
  Draft.isCall(item) && !(item.type === "function_call" && Predicate.isRecord(argumentOf(item)))

/**
 * The finished items. A call without a `call_id` could not be answered, so it gets one, which is the same whenever the same
 * response is read, and no longer than the 40 characters that every server takes. A call that was sent twice counts once.
 *
 * @param responseId the id of the response
 *
 * @since 0.1.0
 * @category accessors
 */
export const items = (drafts: Drafts, responseId: string | undefined): ReadonlyArray<Item> => {
  const items: Array<Item> = []
  const ids = new Set<unknown>()
  for (const draft of drafts) {
    if (!draft.isDone) continue
    const item = Draft.whole(draft)
    if (!Draft.isCall(item)) {
      items.push(item)
      continue
    }
    const id = callIdOf(item)
    if (id !== undefined && items.some((other) => isSameCall(other, item))) continue
    const own = id ?? newId(responseId, draft.index, ids)
    ids.add(own)
    items.push(id === undefined ? { ...item, call_id: own } : item)
  }
  return items
}

const newId = (responseId: string | undefined, index: number, taken: ReadonlySet<unknown>): string => {
  const id = `call_${responseId === undefined ? "" : `${responseId.slice(-24)}_`}${index}`
  let free = id
  for (let n = 2; taken.has(free); n++) free = `${id}_${n}`
  return free
}

/** The item for deltas without an announcement. The name of a call comes later, if at all. */
const unannounced: { readonly [type: string]: object } = {
  message: { role: "assistant", content: [] },
  reasoning: { summary: [] }
}

const isUnannounced = ({ isDone, item, pieces }: Draft.Draft): boolean =>
  !isDone && pieces.length > 0 && callIdOf(item) === undefined && item["status"] === undefined

const idOf = (item: Item): string | undefined => Json.text(item["id"]) || undefined

const callIdOf = (item: Item): string | undefined =>
  Draft.isCall(item) ? Json.text(item["call_id"]) || undefined : undefined

/** Whether two items have the same `call_id` or, where one lacks it, the same id. */
const hasSameId = (a: Item, b: Item): boolean => {
  if (a.type !== b.type) return false
  const [callA, callB] = [callIdOf(a), callIdOf(b)]
  return callA !== undefined && callB !== undefined ? callA === callB : idOf(a) !== undefined && idOf(a) === idOf(b)
}

const isSameCall = (a: Item, b: Item): boolean =>
  a.type === b.type && callIdOf(a) === callIdOf(b) && a["name"] === b["name"] && hasSameContent(a, b)

/** Whether two items of one type say the same. */
const hasSameContent = (a: Item, b: Item): boolean => {
  if (a.type !== b.type) return false
  switch (a.type) {
    case "message": {
      const text = textOf(Draft.inForm(a))
      return text !== "" && text === textOf(Draft.inForm(b))
    }
    case "function_call":
      return a["name"] === b["name"] && Json.same(argumentOf(a), argumentOf(b))
    case "custom_tool_call":
      return a["name"] === b["name"] && a["input"] === b["input"]
    default:
      return Json.same({ ...a, id: undefined, status: undefined }, { ...b, id: undefined, status: undefined })
  }
}

const argumentOf = (call: Item): unknown => {
  const json = Arguments.textOf(call["arguments"])
  return Json.parse(json) ?? json
}

/** The item that a delta belongs to, of those without finished content. */
const unfinishedFor = (fitting: Drafts, { item_id, output_index }: Place): Draft.Draft | undefined => {
  const unfinished = fitting.filter((draft) => !draft.isDone || Draft.isEmptyItem(draft))
  const isNamed = ({ item }: Draft.Draft) => item_id != null && item_id !== "" && item["id"] === item_id
  const isHere = ({ index }: Draft.Draft) => output_index === undefined || index === output_index
  return unfinished.findLast((draft) => isNamed(draft) && isHere(draft)) ?? unfinished.findLast(isNamed) ??
    unfinished.findLast(isHere)
}

/** The unfinished item that this one finishes. */
const open = (drafts: Drafts, item: Item, index: number | undefined): Draft.Draft | undefined => {
  const fitting = drafts.filter((draft) => !draft.isDone && draft.item.type === item.type)
  return fitting.find((draft) => hasSameId(draft.item, item)) ??
    fitting.find((draft) => (index === undefined || draft.index === index) && !hasOtherCallId(draft.item, item))
}

/** Whether the ids of two calls say that they are two. */
const hasOtherCallId = (a: Item, b: Item): boolean => {
  const [callA, callB] = [callIdOf(a), callIdOf(b)]
  return callA !== undefined && callB !== undefined && callA !== callB
}

const isEmptyItem = (item: Item): boolean => Draft.isEmptyItem({ item })

const isRepeated = (draft: Draft.Draft, item: Item, index: number | undefined): boolean => {
  if (hasOtherCallId(draft.item, item)) return false
  const isHere = index === undefined || index === draft.index
  if (hasSameId(draft.item, item)) {
    if (isHere && draft.item["name"] === item["name"]) return true
    const whole = Draft.whole(draft)
    return isEmptyItem(whole) || isEmptyItem(item) || hasSameContent(whole, item)
  }
  return isHere && idOf(draft.item) === undefined && idOf(item) === undefined && callIdOf(item) === undefined &&
    !Draft.isCall(item) && hasSameContent(draft.item, item)
}

/** The streamed item for each item of the final output, which some servers number in another way. */
const matches = (drafts: Drafts, finals: ReadonlyArray<Item>): ReadonlyMap<Item, Draft.Draft> => {
  const known = new Map<Item, Draft.Draft>()
  const free = new Set(drafts)
  const ways: ReadonlyArray<(draft: Draft.Draft, final: Item, index: number) => boolean> = [
    (draft, final, index) => hasSameId(draft.item, final) && draft.index === index,
    (draft, final) => hasSameId(draft.item, final),
    (draft, final) => draft.isDone && hasSameContent(Draft.whole(draft), final),
    (draft, final, index) =>
      draft.index === index && draft.item.type === final.type && !hasOtherCallId(draft.item, final)
  ]
  for (const is of ways) {
    for (const [index, final] of finals.entries()) {
      if (known.has(final)) continue
      const draft = Array.from(free).find((draft) => is(draft, final, index))
      if (draft === undefined) continue
      known.set(final, draft)
      free.delete(draft)
    }
  }
  return known
}

/** Some hosts send `encrypted_content` in the final output alone. */
const withFinal = ({ isDone, item: done }: Draft.Draft, final: Item): Item => {
  const isFuller = done["encrypted_content"] == null && final["encrypted_content"] != null
  return isDone && !isFuller ? Draft.merge(final, done) : Draft.merge(done, final)
}

const replace = (drafts: Drafts, known: Draft.Draft, by: Draft.Draft): Drafts =>
  drafts.map((draft) => draft === known ? by : draft)

const without = (drafts: Drafts, known: Draft.Draft): Drafts => drafts.filter((draft) => draft !== known)

/** Behind all that have its index or a lower one; without an index, behind all. */
const insert = (drafts: Drafts, index: number | undefined, draft: Omit<Draft.Draft, "index">): Drafts => {
  const own = index ?? (drafts.at(-1)?.index ?? -1) + 1
  const after = drafts.findIndex((other) => other.index > own)
  return drafts.toSpliced(after === -1 ? drafts.length : after, 0, { ...draft, index: own })
}
