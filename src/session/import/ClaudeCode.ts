/**
 * Sessions of Claude Code: a line for each block of a message, naming the one that it follows. What leads to the last
 * one is the conversation.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import { field } from "../../internal/json.ts"
import { imageGone } from "../../prompts/ImportedSession.ts"
import type { Item } from "../../responses/Item.ts"
import type * as Usage from "../../responses/Usage.ts"
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
  imageAt,
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
import type { Loss } from "./Loss.ts"

/** @since 0.1.0 @category formats */
export const format: Format = {
  tool: "claude",
  name: "Claude Code",
  isOwn: (line) => {
    const { sessionId, type } = record(line)
    return Predicate.isString(sessionId) && Predicate.isString(type)
  },
  refusal: () => undefined,
  read
}

function* read(lines: Lines): Generator<Entry> {
  const { begun, isKept, isOnBranch } = survey(lines)
  yield begun
  let at = -1
  for (const line of lines) {
    at++
    const entry = record(line)
    const { isSidechain, type, uuid } = entry
    if (line === undefined) yield lost("Damaged")
    else if (!Predicate.isString(type)) yield lost("Unknown")
    else if (!isTalk(entry)) continue
    else if (isSidechain === true) yield lost("Child")
    else if (!isOnBranch(at)) yield lost("Branch")
    else {
      if (isKept(uuid)) yield { _tag: "Kept" }
      yield* entriesOf(entry)
    }
  }
}

/** Whether a line holds what was said; the others are the program's own. */
const isTalk = ({ attachment, isMeta, message, type }: Fields): boolean =>
  isMeta !== true && (type === "attachment"
    ? field(attachment, "type") === "file"
    : (type === "user" || type === "assistant") && Predicate.isRecord(message) && !isOfProgram(message))

/** The output of the program's own commands, and messages that it has written in the place of the model. */
const isOfProgram = ({ content, model }: Fields): boolean =>
  model === "<synthetic>" ||
  Predicate.isString(content) && /^\s*<(?:command-name|command-message|local-command-)/.test(content)

/** What has to be known before the conversation is read: its title, and which lines belong to it. */
const survey = (lines: Lines) => {
  const branches = Branches.make()
  /** Parallel calls follow one another in the file, so that only one of their outputs leads to the last line. */
  const outputs: Array<readonly [at: number, of: string]> = []
  const numbers = new Map<string, number>()
  const kept = new Set<unknown>()
  const titles: { [from: string]: string | undefined } = {}
  let sessionId: string | undefined
  let folder: string | undefined
  let leaf: string | undefined
  let at = -1
  for (const line of lines) {
    at++
    const entry = record(line)
    const { compactMetadata, isSidechain, leafUuid, logicalParentUuid, parentUuid, type, uuid } = entry
    sessionId ??= filled(entry["sessionId"])
    folder ??= filled(entry["cwd"])
    for (const from of ["customTitle", "aiTitle", "summary"]) titles[from] = filled(entry[from]) ?? titles[from]
    if (type === "last-prompt") leaf = filled(leafUuid)
    if (!Predicate.isString(uuid) || isSidechain === true) continue
    const parent = filled(parentUuid) ?? filled(logicalParentUuid)
    branches.add(at, uuid, parent, parent === undefined)
    numbers.set(uuid, at)
    // The program writes down where the person is when it ends; what comes after that was said later.
    if (isTalk(entry)) leaf = undefined
    const [preserved] = list(field(field(compactMetadata, "preservedMessages"), "uuids"))
    if (preserved !== undefined) kept.add(preserved)
    if (
      parent !== undefined && records(field(entry["message"], "content")).some(({ type }) => type === "tool_result")
    ) {
      outputs.push([at, filled(entry["sourceToolAssistantUUID"]) ?? parent])
    }
  }
  const isOnWay = branches.leadingTo(leaf)
  const beside = new Set(outputs.flatMap(([at, of]) => isOnWay(numbers.get(of) ?? -1) ? [at] : []))
  const begun: Entry = {
    _tag: "Begun",
    sessionId: sessionId ?? "",
    folder,
    title: titles["customTitle"] ?? titles["aiTitle"] ?? titles["summary"]
  }
  return {
    begun,
    isKept: (uuid: unknown) => kept.has(uuid),
    isOnBranch: (at: number) => isOnWay(at) || beside.has(at)
  }
}

const list = (u: unknown): ReadonlyArray<unknown> => Array.isArray(u) ? u : []

function* entriesOf(entry: Fields): Generator<Entry> {
  const said = record(entry["message"])
  if (entry["type"] === "attachment") yield* ofAttachment(field(entry["attachment"], "content"))
  else if (entry["type"] === "assistant") yield* ofAssistant(said)
  else if (entry["isCompactSummary"] === true) {
    yield { _tag: "Summarized", items: [message("user", contentOf(said["content"]).content)] }
  } else yield* ofUser(said["content"])
}

function* ofUser(content: unknown): Generator<Entry> {
  const results = records(content).filter(({ type }) => type === "tool_result")
  for (const result of results) {
    const { content, losses } = contentOf(result["content"])
    yield* losses.map(lost)
    yield {
      _tag: "Returned",
      callId: callId(result["tool_use_id"]),
      output: Predicate.isString(result["content"]) ? result["content"] : outputOfParts(content),
      isFailure: result["is_error"] === true
    }
  }
  const { content: parts, losses } = contentOf(
    Array.isArray(content) ? records(content).filter(({ type }) => type !== "tool_result") : content
  )
  yield* losses.map(lost)
  // What follows is told by the end of the turn.
  const words = parts.filter(({ text }) =>
    !Predicate.isString(text) || !text.startsWith("[Request interrupted by user")
  )
  if (words.length > 0) yield { _tag: "Said", items: [message("user", words)], isAside: results.length > 0 }
}

function* ofAssistant(said: Fields): Generator<Entry> {
  const items: Array<Item> = []
  for (const part of records(said["content"])) {
    switch (part["type"]) {
      case "text":
        if (filled(part["text"]) !== undefined) items.push(message("assistant", [outputText(String(part["text"]))]))
        break
      case "thinking": {
        const words = filled(part["thinking"])
        if (words !== undefined) items.push(thought(words))
        yield lost(words === undefined ? "Encrypted" : "Thought")
        break
      }
      case "redacted_thinking":
        yield lost("Encrypted")
        break
      case "tool_use":
        items.push(call(part["id"], String(part["name"]), part["input"]))
        break
      default:
        yield lost(/server|web_|mcp_|code_|container/.test(String(part["type"])) ? "ServerStep" : "Unknown")
    }
  }
  if (items.length === 0) return
  yield {
    _tag: "Answered",
    items,
    model: filled(said["model"]),
    response: filled(said["id"]),
    usage: usageOf(record(said["usage"]))
  }
}

/** A file that the person has named in the prompt. The model can read it again, but for a picture. */
function* ofAttachment(content: unknown): Generator<Entry> {
  const file = field(content, "file")
  const picture = field(content, "type") === "image" ? image(field(file, "type"), field(file, "base64")) : undefined
  if (picture === undefined) yield lost("Attachment")
  else yield { _tag: "Said", items: [message("user", [picture])], isAside: true }
}

const usageOf = (usage: Fields): Usage.Usage => {
  const cached = count(usage["cache_read_input_tokens"])
  return {
    inputTokens: count(usage["input_tokens"]) + cached + count(usage["cache_creation_input_tokens"]),
    cachedInputTokens: cached,
    outputTokens: count(usage["output_tokens"]),
    reasoningOutputTokens: 0
  }
}

const contentOf = (
  content: unknown
): { readonly content: ReadonlyArray<Item>; readonly losses: ReadonlyArray<Loss> } => {
  if (Predicate.isString(content)) return { content: content.trim() === "" ? [] : [inputText(content)], losses: [] }
  const losses: Array<Loss> = []
  const parts = records(content).flatMap((part) => {
    if (part["type"] === "text") return filled(part["text"]) === undefined ? [] : [inputText(String(part["text"]))]
    if (part["type"] === "image") {
      const source = record(part["source"])
      const picture = source["type"] === "url" && Predicate.isString(source["url"])
        ? imageAt(source["url"])
        : image(source["media_type"], source["data"])
      if (picture === undefined) losses.push("Image")
      return [picture ?? inputText(imageGone)]
    }
    losses.push(part["type"] === "document" ? "Attachment" : "Unknown")
    return []
  })
  return { content: parts, losses }
}
