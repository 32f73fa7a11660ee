/**
 * Sessions of Codex: `rollout-*.jsonl`, one record a line. The conversation is in the records of type `response_item`,
 * as it went over the wire; the others tell how it was shown.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import { field } from "../../internal/json.ts"
import { imageGone } from "../../prompts/ImportedSession.ts"
import { isItem, type Item } from "../../responses/Item.ts"
import type { Output } from "../../responses/ToolCall.ts"
import * as Usage from "../../responses/Usage.ts"
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
  tool: "codex",
  name: "Codex",
  isOwn: (line) => metaOf(line) !== undefined || isRecord(record(line)),
  refusal: () => undefined,
  read
}

/** Older files begin with the bare fields of the session, and have bare items in their lines. */
const metaOf = (line: unknown) => {
  const { id, payload, timestamp, type } = record(line)
  if (type === "session_meta") return record(payload)
  return type === undefined && Predicate.isString(id) && Predicate.isString(timestamp) ? record(line) : undefined
}

/** The line that tells of the session may be the one that is damaged. */
const isRecord = ({ payload, timestamp, type }: Fields): boolean =>
  Predicate.isString(type) && conversing.has(type) && Predicate.isString(timestamp) &&
  Predicate.isReadonlyRecord(payload)

const conversing: ReadonlySet<string> = new Set(["response_item", "event_msg", "turn_context", "compacted"])

function* read(lines: Lines): Generator<Entry> {
  const { begun, isRolledBack, isSummary } = survey(lines)
  yield begun
  let model: string | undefined
  let at = -1
  for (const line of lines) {
    at++
    const { payload, type } = record(line)
    if (line === undefined) yield lost("Damaged")
    else if (metaOf(line) !== undefined) continue
    else if (type === "turn_context") model = filled(field(payload, "model")) ?? model
    else if (type === "token_usage_record") yield used(field(payload, "usage"))
    else if (type === "event_msg") {
      const usage = field(field(payload, "info"), "last_token_usage")
      if (field(payload, "type") === "token_count" && usage !== undefined) yield used(usage)
    } else if (type === "compacted") {
      yield { _tag: "Summarized", items: summaryOf(record(payload)) }
    } else if (Predicate.isString(type) && silent.has(type)) continue
    else {
      const item = type === "response_item" ? payload : line
      if (!isItem(item)) yield lost("Unknown")
      else if (isRolledBack(at)) {
        if (item.type === "message") yield lost("Branch")
      } else if (!isSummary(item)) yield* entriesOf(item, model)
    }
  }
}

/** Records of the program itself. */
const silent: ReadonlySet<string> = new Set(["world_state", "inter_agent_communication"])

/** What has to be known before the conversation is read: its title, and which of its records do not count. */
const survey = (lines: Lines) => {
  let meta: ReturnType<typeof metaOf>
  let title: string | undefined
  const shown = new Set<string>()
  /** The lines at which the turns begin that still count, and the stretches that do not. */
  const turns: Array<number> = []
  const rolledBack: Array<readonly [from: number, to: number]> = []
  let at = -1
  for (const line of lines) {
    at++
    meta ??= metaOf(line)
    const { payload, type } = record(line)
    if (type !== "event_msg") {
      if (isItem(payload) && type === "response_item" && userContent(payload).length > 0) turns.push(at)
      continue
    }
    const item = field(payload, "item")
    const kind = field(payload, "type")
    if (kind === "item_completed" && field(item, "type") === "AgentMessage") shown.add(String(field(item, "id")))
    if (title === undefined && kind === "item_completed" && field(item, "type") === "UserMessage") {
      title = records(field(item, "content")).flatMap(({ text }) => filled(text) ?? []).join(" ").trim()
    }
    if (kind === "thread_rolled_back") {
      const from = turns.splice(-Math.max(1, count(field(payload, "num_turns"))))[0]
      if (from !== undefined) rolledBack.push([from, at])
    }
  }
  const begun: Entry = {
    _tag: "Begun",
    sessionId: filled(meta?.["id"]) ?? "",
    folder: filled(meta?.["cwd"]),
    title: title === undefined || title === "" ? undefined : title
  }
  return {
    begun,
    isRolledBack: (at: number) => rolledBack.some(([from, to]) => at >= from && at < to),
    /** In a file that lists the answers that were shown, any other one is the summary of a compaction. */
    isSummary: (item: Item) =>
      shown.size > 0 && item.type === "message" && item["role"] === "assistant" && !shown.has(String(item["id"]))
  }
}

const used = (usage: unknown): Entry => ({
  _tag: "Used",
  usage: {
    ...Usage.zero,
    inputTokens: count(field(usage, "input_tokens")),
    cachedInputTokens: count(field(usage, "cached_input_tokens")),
    outputTokens: count(field(usage, "output_tokens")),
    reasoningOutputTokens: count(field(usage, "reasoning_output_tokens"))
  }
})

function* entriesOf(item: Item, model: string | undefined): Generator<Entry> {
  const answered = (...items: ReadonlyArray<Item>): Entry => ({ _tag: "Answered", items, model })
  switch (item.type) {
    case "message": {
      if (item["role"] === "user") {
        const content = userContent(item)
        if (content.length > 0) yield { _tag: "Said", items: [message("user", content)] }
      } else if (item["role"] === "assistant") yield answered(assistantMessage(item))
      break
    }
    case "reasoning": {
      const words = [...records(item["summary"]), ...records(item["content"])].flatMap(({ text }) => filled(text) ?? [])
      if (words.length === 0) yield lost("Encrypted")
      else {
        yield answered(thought(words.join("\n\n")))
        yield lost("Thought")
      }
      break
    }
    case "function_call":
      yield answered(call(item["call_id"], nameOf(item), item["arguments"]))
      break
    case "custom_tool_call":
      yield answered({
        type: "custom_tool_call",
        call_id: callId(item["call_id"]),
        name: nameOf(item),
        input: String(item["input"] ?? "")
      })
      break
    case "local_shell_call":
      yield answered(call(item["call_id"] ?? item["id"], "local_shell", item["action"]))
      break
    case "function_call_output":
    case "custom_tool_call_output":
      yield { _tag: "Returned", callId: callId(item["call_id"]), output: outputOf(item["output"]), isFailure: false }
      break
    case "ghost_snapshot":
    case "additional_tools":
      break
    default:
      yield lost(item.type.endsWith("_call") || item.type.endsWith("_output") ? "ServerStep" : "Unknown")
  }
}

const nameOf = ({ name, namespace }: Item): string =>
  Predicate.isString(namespace) && namespace !== "" && namespace !== "functions"
    ? `${namespace}__${String(name)}`
    : String(name)

/** Without the ids, and without what is meant for Codex itself: no other client may send that. */
const assistantMessage = (item: Item): Item => ({
  ...message("assistant", records(item["content"]).map((part) => outputText(String(part["text"] ?? "")))),
  ...(Predicate.isString(item["phase"]) ? { phase: item["phase"] } : {})
})

/** What the person said, without what Codex says in the role of the user. */
const userContent = (item: Item): ReadonlyArray<Item> => {
  if (item.type !== "message" || item["role"] !== "user") return []
  const kinds = field(item["internal_chat_message_metadata_passthrough"], "content_item_kinds")
  const parts = records(item["content"])
  const own = Array.isArray(kinds)
    ? parts.filter((_, index) => String(kinds[index]).startsWith("user."))
    : parts.filter(({ text }) => !Predicate.isString(text) || !ofCodex.test(text))
  return own.flatMap(inputPart)
}

/** How texts of Codex itself begin, which older files do not mark. */
const ofCodex =
  /^\s*(?:<(?:environment_context|user_instructions|turn_aborted|permissions instructions|INSTRUCTIONS)\b|# AGENTS\.md instructions)/

const inputPart = ({ image_url: url, text, type }: Fields): ReadonlyArray<Item> => {
  if (type === "input_image" && Predicate.isString(url)) return [imageAt(url) ?? inputText(imageGone)]
  return Predicate.isString(text) && text !== "" ? [inputText(text)] : []
}

/** Older files have an object with the text in it. */
const outputOf = (output: unknown): Output => {
  if (Predicate.isString(output)) return output
  if (Array.isArray(output)) return records(output).flatMap(inputPart)
  return filled(field(output, "content")) ?? JSON.stringify(output ?? "")
}

/** The summary stands for all that came before it, with what the person had said. It is the last message. */
const summaryOf = ({ message: summary, replacement_history: history }: Fields) => {
  const said = records(history).filter(isItem).filter(({ role }) => role === "user")
  const kept = said.flatMap((item, at) => {
    const content = at === said.length - 1 ? records(item["content"]).flatMap(inputPart) : userContent(item)
    return content.length > 0 ? [message("user", content)] : []
  })
  return kept.length > 0 || !Predicate.isString(summary) ? kept : [message("user", [inputText(summary)])]
}
