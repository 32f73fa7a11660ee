/**
 * Sessions of opencode: what is known of the session comes first, then its messages, each `{ info, parts }`, as
 * `opencode export` writes them and its database holds them.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import { field } from "../../internal/json.ts"
import { callFailed, imageGone, summary } from "../../prompts/ImportedSession.ts"
import type { Item } from "../../responses/Item.ts"
import type { Output } from "../../responses/ToolCall.ts"
import {
  call,
  callId,
  count,
  type Entry,
  type Fields,
  filled,
  type Format,
  imageAt,
  inputText,
  type Lines,
  lost,
  message,
  outputText,
  record,
  records,
  thought
} from "./ForeignSession.ts"

/** @since 0.1.0 @category formats */
export const format: Format = {
  tool: "opencode",
  name: "opencode",
  isOwn: (line) => isSession(record(line)),
  refusal: () => undefined,
  read
}

const isSession = ({ directory, id }: Fields): boolean =>
  Predicate.isString(id) && id.startsWith("ses_") && Predicate.isString(directory)

function* read(lines: Lines): Generator<Entry> {
  let session: Fields | undefined
  for (const line of lines) {
    const entry = record(line)
    if (line === undefined) yield lost("Damaged")
    else if (session === undefined && isSession(entry)) {
      session = entry
      yield { _tag: "Begun", sessionId: String(entry["id"]), folder: filled(entry["directory"]), title: titleOf(entry) }
    } else if (!Predicate.isRecord(entry["info"])) yield lost("Unknown")
    else if (isReverted(session, entry["info"])) yield lost("Branch")
    else yield* ofMessage(entry["info"], records(entry["parts"]))
  }
}

/** A title that nobody has given says only when it began. */
const titleOf = ({ title }: Fields): string | undefined =>
  /^(?:New|Child) session - \d{4}-/.test(String(title)) ? undefined : filled(title)

/** A person has gone back to before this message. Ids grow with time. */
const isReverted = (session: Fields | undefined, { id }: Fields): boolean => {
  const from = field(session?.["revert"], "messageID")
  return Predicate.isString(from) && Predicate.isString(id) && id >= from
}

function* ofMessage(info: Fields, parts: ReadonlyArray<Fields>): Generator<Entry> {
  if (info["role"] === "user") yield* ofUser(parts)
  else if (info["role"] !== "assistant") yield lost("Unknown")
  else if (info["summary"] === true) {
    const words = parts.flatMap(({ text, type }) => type === "text" ? filled(text) ?? [] : [])
    if (words.length > 0) {
      yield { _tag: "Summarized", items: [message("user", [inputText(summary(words.join("\n\n")))])] }
    }
  } else yield* ofAssistant(info, parts)
}

function* ofUser(parts: ReadonlyArray<Fields>): Generator<Entry> {
  const content: Array<Item> = []
  for (const part of parts) {
    if (part["type"] === "text" && part["ignored"] !== true) {
      const text = filled(part["text"])
      if (text !== undefined) content.push(inputText(part["synthetic"] === true ? text : unquoted(text)))
    } else if (part["type"] === "file") {
      const picture = pictureOf(part)
      if (picture !== undefined) content.push(picture)
      else if (String(part["mime"]).startsWith("image/")) {
        content.push(inputText(imageGone))
        yield lost("Image")
      } else yield lost("Attachment")
    }
  }
  if (content.length > 0) yield { _tag: "Said", items: [message("user", content)] }
}

/** `opencode run` puts its prompt between quotes. */
const unquoted = (text: string): string => /^"([^"]*)"$/s.exec(text)?.[1] ?? text

const pictureOf = ({ mime, url }: Fields): Item | undefined =>
  Predicate.isString(url) && /^data:image\/(?:png|jpeg|gif|webp);base64,./.test(url) &&
    String(mime).startsWith("image/")
    ? imageAt(url)
    : undefined

function* ofAssistant(info: Fields, parts: ReadonlyArray<Fields>): Generator<Entry> {
  const items: Array<Item> = []
  const returned: Array<Entry> = []
  for (const part of parts) {
    switch (part["type"]) {
      case "text": {
        const text = filled(part["text"])
        const phase = filled(field(field(part["metadata"], "openai"), "phase"))
        if (text === undefined) break
        items.push({ ...message("assistant", [outputText(text)]), ...(phase === undefined ? {} : { phase }) })
        break
      }
      case "reasoning": {
        const text = filled(part["text"])
        if (text !== undefined) items.push(thought(text))
        yield lost(text === undefined ? "Encrypted" : "Thought")
        break
      }
      case "tool": {
        const state = record(part["state"])
        items.push(call(part["callID"], String(part["tool"]), state["input"]))
        const output = outputOf(state)
        if (output !== undefined) {
          returned.push({
            _tag: "Returned",
            callId: callId(part["callID"]),
            output,
            isFailure: state["status"] === "error"
          })
        }
        break
      }
    }
  }
  if (items.length === 0) return
  const tokens = record(info["tokens"])
  const cache = record(tokens["cache"])
  const reasoning = count(tokens["reasoning"])
  yield {
    _tag: "Answered",
    items,
    model: filled(info["modelID"]),
    response: String(info["id"]),
    usage: {
      inputTokens: count(tokens["input"]) + count(cache["read"]) + count(cache["write"]),
      cachedInputTokens: count(cache["read"]),
      outputTokens: count(tokens["output"]) + reasoning,
      reasoningOutputTokens: reasoning
    }
  }
  yield* returned
}

/** A call that is still running, or that was stopped, has none. */
const outputOf = ({ attachments, error, output, status }: Fields): Output | undefined => {
  if (status === "error") return filled(error) ?? callFailed
  if (status !== "completed") return undefined
  const pictures = records(attachments).flatMap((part) => pictureOf(part) ?? [])
  const text = Predicate.isString(output) ? output : ""
  return pictures.length === 0 ? text : [inputText(text), ...pictures]
}
