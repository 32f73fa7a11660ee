/**
 * Sessions of Pi: one entry a line, each naming the one that it follows. The last line is where the person is now; what
 * leads to it is the conversation, and the rest are branches that were left.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import { field } from "../../internal/json.ts"
import { branchLeft, commandRun, summary } from "../../prompts/ImportedSession.ts"
import type { Item } from "../../responses/Item.ts"
import * as Branches from "./Branches.ts"
import {
  call,
  callId,
  count,
  type Entry,
  type Fields,
  filled,
  type Format,
  image,
  inputText,
  type Lines,
  lost,
  message,
  outputOfParts,
  outputText,
  record,
  records,
  thought
} from "./ForeignSession.ts"

/** The version of the newest sessions that are known. */
const version = 3

/** @since 0.1.0 @category formats */
export const format: Format = {
  tool: "pi",
  name: "Pi",
  isOwn: (line) => isHeader(record(line)) || isMessage(record(line)),
  refusal: (line) => {
    const header = record(line)
    return isHeader(header) && count(header["version"]) > version
      ? `its format has version ${String(header["version"])}, and this effixir knows those up to ${version}`
      : undefined
  },
  read
}

/** The line that tells of the session may be the one that is damaged. */
const isMessage = ({ message, timestamp, type }: Fields): boolean =>
  type === "message" && Predicate.isString(timestamp) && Predicate.isString(record(message)["role"])

const isHeader = ({ cwd, id, type }: Fields): boolean =>
  type === "session" && Predicate.isString(id) && Predicate.isString(cwd)

function* read(lines: Lines): Generator<Entry> {
  const { begun, edits, firstKept, isOnBranch } = survey(lines)
  yield begun
  let at = -1
  for (const line of lines) {
    at++
    const entry = record(line)
    const { id, type } = entry
    if (line === undefined) yield lost("Damaged")
    else if (!Predicate.isString(type) || !known.has(type)) yield lost("Unknown")
    else if (!isOnBranch(at)) {
      if (type === "message") yield lost("Branch")
    } else {
      if (id !== undefined && firstKept.has(id)) yield { _tag: "Kept" }
      const edit = edits.get(id)
      if (edit === undefined) yield* entriesOf(type, entry)
      else {
        yield lost("Edited")
        if (edit.content !== undefined) yield* entriesOf(type, withContent(entry, edit.content))
      }
    }
  }
}

const known: ReadonlySet<string> = new Set([
  "session",
  "message",
  "compaction",
  "branch_summary",
  "custom_message",
  "custom",
  "context_edit",
  "label",
  "model_change",
  "session_info",
  "thinking_level_change",
  "usage"
])

/** What the model is sent instead of an earlier entry; without `content`, nothing. */
interface Edit {
  readonly at: number
  readonly target: unknown
  readonly content: unknown
}

/**
 * What has to be known before the conversation is read: which branch counts, what of it was edited later, and how the
 * person has called it.
 */
const survey = (lines: Lines) => {
  const branches = Branches.make()
  const firstKept = new Set<unknown>()
  const edits: Array<Edit> = []
  let header: Fields | undefined
  let title: string | undefined
  let at = -1
  for (const line of lines) {
    at++
    const entry = record(line)
    const { firstKeptEntryId, id, name, parentId, replacement, targetId, type } = entry
    if (header === undefined && isHeader(entry)) header = entry
    if (type === "session") continue
    if (type === "session_info") title = filled(name)
    if (type === "compaction") firstKept.add(firstKeptEntryId)
    if (type === "context_edit") edits.push({ at, target: targetId, content: record(replacement)["content"] })
    // Entries of the first version have no ids, and follow one another.
    if (Predicate.isString(type)) branches.add(at, filled(id), filled(parentId), id === undefined || parentId === null)
  }
  const begun: Entry = {
    _tag: "Begun",
    sessionId: filled(header?.["id"]) ?? "",
    folder: filled(header?.["cwd"]),
    title
  }
  const isOnBranch = branches.leadingTo(undefined)
  // Of several edits of one entry the last counts.
  const inForce = new Map(edits.filter(({ at }) => isOnBranch(at)).map((edit) => [edit.target, edit]))
  return { begun, edits: inForce, firstKept, isOnBranch }
}

/** A text that stands for an answer or an output is a part of one. */
const withContent = (entry: Fields, content: unknown): Fields => {
  const said = record(entry["message"])
  if (entry["message"] === undefined) return { ...entry, content }
  const isText = Predicate.isString(content) && said["role"] === "assistant"
  return { ...entry, message: { ...said, content: isText ? [{ type: "text", text: content }] : content } }
}

function* entriesOf(type: string, entry: Fields): Generator<Entry> {
  if (type === "message") yield* ofMessage(record(entry["message"]))
  if (type === "custom_message") yield* aside(entry["content"])
  if (type === "branch_summary" && filled(entry["summary"]) !== undefined) {
    yield* aside(branchLeft(String(entry["summary"])))
  }
  if (type === "compaction") {
    yield { _tag: "Summarized", items: [message("user", [inputText(summary(String(entry["summary"] ?? "")))])] }
  }
}

function* ofMessage(said: Fields): Generator<Entry> {
  switch (said["role"]) {
    case "user": {
      const { content, losses } = contentOf(said["content"])
      yield* losses
      if (content.length > 0) yield { _tag: "Said", items: [message("user", content)] }
      break
    }
    case "assistant":
      yield* ofAssistant(said)
      break
    case "toolResult": {
      const { content, losses } = contentOf(said["content"])
      yield* losses
      yield {
        _tag: "Returned",
        callId: callId(ownPart(said["toolCallId"])),
        output: Predicate.isString(said["content"]) ? said["content"] : outputOfParts(content),
        isFailure: said["isError"] === true
      }
      break
    }
    case "bashExecution":
      if (said["excludeFromContext"] !== true) {
        yield* aside(commandRun({
          command: String(said["command"]),
          output: filled(said["output"]) ?? "",
          exitCode: count(said["exitCode"]),
          isStopped: said["cancelled"] === true
        }))
      }
      break
    case "custom":
    case "hookMessage":
      yield* aside(said["content"])
      break
    case "system":
      break
    default:
      yield lost("Unknown")
  }
}

function* ofAssistant(said: Fields): Generator<Entry> {
  const items: Array<Item> = []
  for (const part of records(said["content"])) {
    if (part["type"] === "text") {
      const phase = filled(field(signature(part["textSignature"]), "phase"))
      items.push({
        ...message("assistant", [outputText(String(part["text"] ?? ""))]),
        ...(phase === undefined ? {} : { phase })
      })
    } else if (part["type"] === "thinking") {
      const words = filled(part["thinking"])
      if (words !== undefined) items.push(thought(words))
      yield lost(words === undefined ? "Encrypted" : "Thought")
    } else if (part["type"] === "toolCall") {
      items.push(call(ownPart(part["id"]), String(part["name"]), part["arguments"]))
    } else yield lost("Unknown")
  }
  if (items.length === 0) return
  const usage = record(said["usage"])
  const cached = count(usage["cacheRead"])
  yield {
    _tag: "Answered",
    items,
    model: filled(said["model"]),
    response: filled(said["responseId"]) ?? `${String(said["timestamp"])}`,
    usage: {
      inputTokens: count(usage["input"]) + cached + count(usage["cacheWrite"]),
      cachedInputTokens: cached,
      outputTokens: count(usage["output"]),
      reasoningOutputTokens: count(usage["reasoning"])
    }
  }
}

function* aside(content: unknown): Generator<Entry> {
  const { content: parts, losses } = contentOf(content)
  yield* losses
  if (parts.length > 0) yield { _tag: "Said", items: [message("user", parts)], isAside: true }
}

const contentOf = (content: unknown): { readonly content: ReadonlyArray<Item>; readonly losses: Array<Entry> } => {
  if (Predicate.isString(content)) return { content: content === "" ? [] : [inputText(content)], losses: [] }
  const losses: Array<Entry> = []
  const parts = records(content).flatMap((part) => {
    if (part["type"] === "text") return part["text"] === "" ? [] : [inputText(String(part["text"]))]
    const picture = part["type"] === "image" ? image(part["mimeType"], part["data"]) : undefined
    if (picture === undefined) losses.push(lost(part["type"] === "image" ? "Image" : "Unknown"))
    return picture === undefined ? [] : [picture]
  })
  return { content: parts, losses }
}

/** Pi keeps the id of the item behind that of the call. */
const ownPart = (id: unknown): string => String(id).split("|")[0] ?? ""

/** Older ones are the bare id. */
const signature = (text: unknown): unknown => {
  try {
    return Predicate.isString(text) ? JSON.parse(text) : undefined
  } catch {
    return undefined
  }
}
