/**
 * Makes the events of a Responses stream from the pieces of a model's output, whatever their source.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import { defined, field, parse, text as textOf } from "../../internal/json.ts"
import * as Arguments from "../Arguments.ts"
import { chatField, type Item } from "../Item.ts"
import type { StreamEvent } from "../StreamEvent.ts"

/**
 * What a text is: reasoning that a person may read, the answer, or a refusal.
 *
 * @since 0.1.0
 * @category models
 */
export type Kind = "thought" | "answer" | "refusal"

/** @since 0.1.0 @category models */
export interface ChatOutput {
  /** Comes first. */
  readonly begin: (response: { readonly id: string | undefined; readonly model: string | undefined }) => void
  /** Texts of one choice follow each other: the first piece of another kind ends the one before. */
  readonly say: (kind: Kind, piece: string, choice: number) => void
  /**
   * The pieces of several calls may alternate, so calls end with the response. Returns a function that takes the pieces
   * of the arguments.
   *
   * @param more what the server says of the call beside that, known when the response ends
   */
  readonly call: (name: string, id: string | undefined, choice: number, more?: () => object) => (piece: string) => void
  /** The server's record of its thoughts, which it wants back: it belongs to the item that ends next. */
  readonly details: (pieces: ReadonlyArray<unknown>) => void
  /** @param incomplete why the response stops before its end */
  readonly end: (incomplete: string | undefined, usage: object | undefined) => void
}

/**
 * @param isCustom whether the tool of this name takes free text, which comes here as the `input` of an object
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (tell: (event: StreamEvent) => void, isCustom: (name: string) => boolean): ChatOutput => {
  let identity: { readonly id?: string; readonly model?: string } = {}
  /** The items by their index; an unfinished item is as it was added. */
  const items: Array<Item> = []
  const calls: Array<(status: string) => void> = []
  /** The text that each choice is in. */
  const texts = new Map<number, Text>()
  let details: ReadonlyArray<unknown> = []

  const response = (status: string, fields: object) => ({ object: "response", ...identity, status, ...fields })

  // Without a network and a random number, so that the same bytes give the same ids.
  const newId = (prefix: string) => `${prefix}_${identity.id === undefined ? "" : `${identity.id}_`}${items.length}`
  const added = (id: string, fields: Item): Place => {
    const output_index = items.length
    const item = { id, ...fields }
    items.push(item)
    tell({ type: "response.output_item.added", output_index, item })
    return { item_id: id, output_index }
  }
  const done = ({ item_id, output_index }: Place, fields: Item, more: object = {}): void => {
    const all = details.length === 0 ? more : { ...more, reasoning_details: details }
    const item = { id: item_id, ...fields, ...(Object.keys(all).length === 0 ? {} : { [chatField]: all }) }
    details = []
    items[output_index] = item
    tell({ type: "response.output_item.done", output_index, item })
  }

  const begun = (kind: Kind): Text => {
    if (kind === "thought") {
      const place = added(newId("rs"), { type: "reasoning", summary: [] })
      return { ...begunPart(kind, place, 0), parts: [], place }
    }
    const place = added(newId("msg"), { type: "message", status: "in_progress", role: "assistant", content: [] })
    return { ...begunPart(kind, place, 0), parts: [], place }
  }
  const begunPart = (kind: Kind, place: Place, index: number) => {
    const at = { ...place, [kind === "thought" ? "summary_index" : "content_index"]: index }
    tell({ type: types[kind].partAdded, ...at, part: partOf(kind, "") })
    return { kind, at, said: "" }
  }
  const endedPart = ({ at, kind, parts, said }: Text): ReadonlyArray<Item> => {
    const part = partOf(kind, said)
    tell(
      kind === "refusal"
        ? { type: "response.refusal.done", ...at, refusal: said }
        : { type: types[kind].done, ...at, text: said }
    )
    tell({ type: types[kind].partDone, ...at, part })
    return [...parts, part]
  }
  const endText = (choice: number, status: string): void => {
    const text = texts.get(choice)
    if (text === undefined) return
    const { kind, place } = text
    const parts = endedPart(text)
    texts.delete(choice)
    done(
      place,
      kind === "thought"
        ? { type: "reasoning", summary: parts }
        : { type: "message", status, role: "assistant", content: parts }
    )
  }

  /** The text is known when the JSON around it has ended. */
  const customCall = (call: Item, more: () => object) => {
    const place = added(newId("ctc"), { ...call, status: "in_progress", input: "" })
    let said = ""
    let last = ""
    calls.push((status) => {
      const input = textOf(field(parse(Arguments.repair(said, last)), "input")) ?? said
      tell({ type: "response.custom_tool_call_input.delta", ...place, delta: input })
      tell({ type: "response.custom_tool_call_input.done", ...place, input })
      done(place, { ...call, status, input }, more())
    })
    return (piece: string) => {
      said += piece
      last = piece
    }
  }

  return {
    begin: ({ id, model }) => {
      identity = defined({ id, model })
      tell({ type: "response.created", response: response("in_progress", { output: [] }) })
      tell({ type: "response.in_progress", response: response("in_progress", { output: [] }) })
    },
    say: (kind, piece, choice) => {
      const before = texts.get(choice)
      if (before !== undefined && (before.kind === "thought") !== (kind === "thought")) endText(choice, "completed")
      let text = texts.get(choice) ?? begun(kind)
      if (text.kind !== kind) {
        const { place } = text
        const parts = endedPart(text)
        text = { ...begunPart(kind, place, parts.length), parts, place }
      }
      texts.set(choice, text)
      text.said += piece
      tell({ type: types[kind].delta, ...text.at, delta: piece })
    },
    call: (name, id, choice, more = () => ({})) => {
      endText(choice, "completed")
      // Servers that check it take 40 characters at most.
      const call_id = id ?? `call_${identity.id === undefined ? "" : `${identity.id.slice(-24)}_`}${items.length}`
      if (isCustom(name)) return customCall({ type: "custom_tool_call", call_id, name }, more)
      const call = { type: "function_call", call_id, name }
      const place = added(newId("fc"), { ...call, status: "in_progress", arguments: "" })
      let said = ""
      let last = ""
      calls.push((status) => {
        const json = Arguments.repair(said, last)
        tell({ type: "response.function_call_arguments.done", ...place, arguments: json })
        done(place, { ...call, status, arguments: json }, more())
      })
      return (piece) => {
        said += piece
        last = piece
        tell({ type: "response.function_call_arguments.delta", ...place, delta: piece })
      }
    },
    details: (pieces) => {
      details = withDetails(details, pieces)
    },
    end: (incomplete, usage) => {
      const status = incomplete === undefined ? "completed" : "incomplete"
      for (const choice of texts.keys()) endText(choice, status)
      for (const [index, end] of calls.entries()) end(index === calls.length - 1 ? status : "completed")
      const rest = { output: items, ...defined({ usage }) }
      tell(
        incomplete === undefined
          ? { type: "response.completed", response: response(status, rest) }
          : {
            type: "response.incomplete",
            response: response(status, { ...rest, incomplete_details: { reason: incomplete } })
          }
      )
    }
  }
}

interface Place {
  readonly item_id: string
  readonly output_index: number
}

/** An item that is being written: its finished parts, and the one that grows. */
interface Text {
  readonly kind: Kind
  readonly place: Place
  readonly at: Place
  readonly parts: ReadonlyArray<Item>
  said: string
}

/** The text of a detail comes piece by piece; what else stands in a later piece counts. */
const withDetails = (known: ReadonlyArray<unknown>, pieces: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
  const [first, ...others] = pieces
  const last = known.at(-1)
  const isMore = Predicate.isReadonlyRecord(last) && Predicate.isReadonlyRecord(first) &&
    last["type"] === first["type"] && last["index"] === first["index"] &&
    textFields.some((name) => Predicate.isString(last[name]) && Predicate.isString(first[name])) &&
    (last["id"] == null || first["id"] == null || last["id"] === first["id"])
  if (!isMore) return [...known, ...pieces]
  const whole: Record<string, unknown> = { ...last }
  for (const [name, value] of Object.entries(first)) {
    const before = whole[name]
    if (textFields.includes(name) && Predicate.isString(before) && Predicate.isString(value)) {
      whole[name] = before + value
    } else if (value != null || before === undefined) whole[name] = value
  }
  return [...known.slice(0, -1), whole, ...others]
}

const textFields = ["text", "summary"]

const partOf = (kind: Kind, text: string): Item => {
  switch (kind) {
    case "thought":
      return { type: "summary_text", text }
    case "answer":
      return { type: "output_text", annotations: [], text }
    case "refusal":
      return { type: "refusal", refusal: text }
  }
}

const types = {
  thought: {
    partAdded: "response.reasoning_summary_part.added",
    delta: "response.reasoning_summary_text.delta",
    done: "response.reasoning_summary_text.done",
    partDone: "response.reasoning_summary_part.done"
  },
  answer: {
    partAdded: "response.content_part.added",
    delta: "response.output_text.delta",
    done: "response.output_text.done",
    partDone: "response.content_part.done"
  },
  refusal: {
    partAdded: "response.content_part.added",
    delta: "response.refusal.delta",
    done: "response.refusal.done",
    partDone: "response.content_part.done"
  }
} as const
