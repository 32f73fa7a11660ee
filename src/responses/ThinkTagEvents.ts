/**
 * Makes reasoning of what stands between think tags in front of a text, in the events of a Responses stream.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import * as Json from "../internal/json.ts"
import { isItem, type Item } from "./Item.ts"
import type { StreamEvent } from "./StreamEvent.ts"
import * as ThinkTags from "./ThinkTags.ts"

/**
 * The announcement of a message waits for the first of its text: thoughts come before it.
 *
 * @since 0.1.0
 * @category decoding
 */
export const splitting = (tell: (event: StreamEvent) => void): (event: StreamEvent) => void => {
  const texts = new Map<unknown, { readonly splitter: ThinkTags.Splitter; readonly at: object; hasThought: boolean }>()
  let held: Array<StreamEvent> = []

  const release = () => {
    if (held.length === 0) return
    const events = held
    held = []
    events.forEach(tell)
  }
  const textAt = (event: { readonly output_index?: number | undefined }) => {
    const key = event.output_index
    const known = texts.get(key)
    if (known !== undefined) return known
    const at = { ...Json.defined({ output_index: key }), item_id: `rs_think_${key ?? 0}`, content_index: 0 }
    const added = { splitter: ThinkTags.make(), at, hasThought: false }
    texts.set(key, added)
    return added
  }
  /** Nearly all pieces come when the answer has begun, and are handed on as they are. */
  let answering: unknown = noText
  const tellText = (event: Text) => {
    if (event.output_index !== answering || held.length > 0) {
      const { splitter } = textAt(event)
      if (!splitter.isInAnswer()) return tellParts(event, splitter.push(event.delta))
      answering = event.output_index
      release()
    }
    tell(event)
  }
  const tellParts = (event: Text, parts: ReadonlyArray<ThinkTags.Part>) => {
    const text = textAt(event)
    for (const [kind, delta] of parts) {
      if (kind === "thought") {
        text.hasThought = true
        tell({ type: "response.reasoning_text.delta", ...text.at, delta })
      } else {
        release()
        tell({ ...event, delta })
      }
    }
  }

  const tellOther = (event: Exclude<StreamEvent, Text>) => {
    switch (event.type) {
      case "response.output_item.added":
        release()
        if (event.item.type === "message") held.push(event)
        else tell(event)
        return
      case "response.content_part.added":
        if (held.length > 0) held.push(event)
        else tell(event)
        return
      case "response.output_text.done": {
        const { item_id, output_index } = event
        const piece = { type: "response.output_text.delta" as const, delta: "", output_index, item_id }
        tellParts(piece, textAt(event).splitter.rest())
        release()
        return tell(ThinkTags.mayThink(event.text) ? { ...event, text: split(event.text).answer } : event)
      }
      case "response.content_part.done":
        release()
        return tell(ThinkTags.mayThink(textOf(event.part)) ? { ...event, part: withoutThoughts(event.part) } : event)
      case "response.output_item.done": {
        if (!ThinkTags.mayThink(textOf(event.item))) {
          release()
          return tell(event)
        }
        const thought = thoughtOf(event.item)
        if (thought !== "" && !textAt(event).hasThought) {
          const { at } = textAt(event)
          tell({ type: "response.reasoning_text.delta", ...at, delta: thought })
        }
        release()
        return tell({ ...event, item: withoutThoughts(event.item) })
      }
      case "response.completed":
      case "response.incomplete": {
        release()
        const output = Json.field(event.response, "output")
        return tell(
          Array.isArray(output)
            ? { ...event, response: { ...Object(event.response), output: output.map(withoutThoughts) } }
            : event
        )
      }
      case "response.created":
      case "response.in_progress":
      case "unknown":
        return tell(event)
      default:
        release()
        tell(event)
    }
  }

  return (event) => event.type === "response.output_text.delta" ? tellText(event) : tellOther(event)
}

const noText = Symbol()

type Text = Extract<StreamEvent, { readonly type: "response.output_text.delta" }>

const split = (text: string): { readonly thought: string; readonly answer: string } => {
  if (!ThinkTags.mayThink(text)) return { thought: "", answer: text }
  const splitter = ThinkTags.make()
  const whole = { thought: "", answer: "" }
  for (const [kind, said] of [...splitter.push(text), ...splitter.rest()]) whole[kind] += said
  return whole
}

/** The first text of a message, or the text of a part. */
const textOf = (item: unknown): string => {
  const content = Json.field(item, "content")
  const first: unknown = Array.isArray(content) ? content[0] : item
  return Json.text(Json.field(first, "text")) ?? ""
}

const thoughtOf = (item: Item): string => item.type === "message" ? split(textOf(item)).thought : ""

const withoutThoughts = <A>(item: A): A => {
  if (!isItem(item)) return item
  const { answer, thought } = split(textOf(item))
  if (thought === "" || item.type !== "message" && item.type !== "output_text") return item
  const { content } = item as Item
  if (!Array.isArray(content)) return { ...item, text: answer }
  return {
    ...item,
    content: content.map((part, at) => at === 0 && Predicate.isRecord(part) ? { ...part, text: answer } : part)
  }
}
