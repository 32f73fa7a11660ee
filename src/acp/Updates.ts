/**
 * What an editor is told of a turn: a fold over its events.
 *
 * @internal
 */
import type * as Acp from "@agentclientprotocol/sdk"
import type { AgentEvent, PermissionRequested } from "../agent/AgentEvent.ts"
import { fromStored } from "../agent/AgentEvent.ts"
import { field, parse, text } from "../internal/json.ts"
import { resolve } from "../internal/paths.ts"
import * as Visible from "../internal/visible.ts"
import { isMessage, isReasoning, type Item, reasoningText, text as textOf } from "../responses/Item.ts"
import { argument, outputText, type ToolCall } from "../responses/ToolCall.ts"
import { shownItems, type Stored, type ToolEnded } from "../session/SessionEvent.ts"
import { mainArgument } from "../tools/mainArgument.ts"
import type { Subject } from "../tools/permission/Approver.ts"
import * as FileChange from "../tools/workspace/FileChange.ts"

type Update = Acp.SessionUpdate

/** What the editor understands beside the calls and texts of a turn. */
export interface Understood {
  readonly notices: boolean
  readonly compaction: boolean
}

/** @since 0.1.0 @category models */
export interface Updates {
  /** What an event tells. */
  readonly of: (event: AgentEvent) => ReadonlyArray<Update>
  /** The command of a call runs in this terminal of the client, which shows what it prints. */
  readonly attach: (command: string, terminalId: string) => ReadonlyArray<Update>
  /** Ends the calls that are told as running: the turn is over. */
  readonly end: () => ReadonlyArray<Update>
}

/**
 * @param folder the folder of the session, which relative paths start from
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (folder: string, understood: Understood): Updates => {
  /** What has been streamed, so that it is not told again when it is complete. */
  let streamed = new Set<string>()
  const running = new Set<string>()
  /** Commands that were begun, by their calls, and the terminals that they run in; either may be heard of first. */
  const commands = new Map<string, { readonly command: string; terminalId: string | undefined }>()
  const unclaimed: Array<{ readonly command: string; readonly terminalId: string }> = []
  let attempts = 0

  const claim = (itemId: string, call: ToolCall): Outcome => {
    const command = text(field(parse(argument(call)), "command"))
    if (command === undefined) return {}
    const at = unclaimed.findIndex((one) => one.command === command)
    const [found] = at === -1 ? [] : unclaimed.splice(at, 1)
    commands.set(itemId, { command, terminalId: found?.terminalId })
    return shownIn(itemId)
  }

  const shownIn = (itemId: string): Outcome => {
    const { terminalId } = commands.get(itemId) ?? {}
    return terminalId === undefined ? {} : { content: [{ type: "terminal", terminalId }] }
  }

  /** What a failed attempt has said cannot be taken back; what the next one says is another message. */
  const messageId = (itemId: string) => attempts === 0 ? itemId : `${itemId}.${attempts}`

  const chunk = (
    sessionUpdate: "agent_message_chunk" | "agent_thought_chunk" | "user_message_chunk",
    itemId: string,
    text: string
  ): ReadonlyArray<Update> =>
    text === "" ? [] : [{ sessionUpdate, messageId: messageId(itemId), content: { type: "text", text } }]

  /** An item that was not streamed. */
  const itemUpdates = (itemId: string, item: Item): ReadonlyArray<Update> =>
    streamed.has(itemId)
      ? []
      : isReasoning(item)
      ? chunk("agent_thought_chunk", itemId, reasoningText(item))
      : isMessage(item)
      ? chunk("agent_message_chunk", itemId, textOf(item))
      : []

  /** A call in the state that it has now; the first time it is told whole. */
  const call = (
    itemId: string,
    of: ToolCall,
    status: Acp.ToolCallStatus,
    more: Outcome = {}
  ): Update => {
    const isNew = !running.has(itemId)
    running.add(itemId)
    return isNew
      ? { sessionUpdate: "tool_call", ...described(folder, of), toolCallId: itemId, status, ...more }
      : { sessionUpdate: "tool_call_update", toolCallId: itemId, status, ...more }
  }

  const of = (event: AgentEvent): ReadonlyArray<Update> => {
    switch (event._tag) {
      case "TextDelta":
        streamed.add(event.itemId)
        return chunk("agent_message_chunk", event.itemId, event.delta)
      case "ReasoningDelta":
        streamed.add(event.itemId)
        return chunk("agent_thought_chunk", event.itemId, event.delta)
      case "ModelResponded": {
        const updates = shownItems(event).flatMap(({ item, itemId }) => itemUpdates(itemId, item))
        streamed = new Set()
        return updates
      }
      case "Retrying":
        attempts++
        streamed = new Set()
        return understood.notices
          ? [{ sessionUpdate: "notice", severity: event.isLoading ? "info" : "warning", title: event.message }]
          : []
      case "PermissionRequested":
        // The call goes on, as does that of a child's caller, and the question says the rest.
        if (event.child !== undefined || running.has(event.itemId)) return []
        return [call(event.itemId, event.call, "pending", { content: subjectContent(folder, event.subject) })]
      case "ToolStarted":
        return [call(event.itemId, event.call, "in_progress", claim(event.itemId, event.call))]
      case "ToolProgress":
        return running.has(event.itemId) && commands.get(event.itemId)?.terminalId === undefined
          ? [{
            sessionUpdate: "tool_call_update",
            toolCallId: event.itemId,
            content: [fenced(Visible.output(event.text))]
          }]
          : []
      case "ToolEnded": {
        const status = event.status === "completed" ? "completed" : "failed"
        const update = call(event.itemId, event.call, status, {
          ...outcome(folder, event),
          ...shownIn(event.itemId)
        })
        running.delete(event.itemId)
        commands.delete(event.itemId)
        return [update, ...plan(event)]
      }
      case "WebSearched":
        return [{
          sessionUpdate: "tool_call",
          toolCallId: event.itemId,
          title: `web search: ${Visible.line(text(field(field(event.item, "action"), "query")) ?? "")}`,
          kind: "fetch",
          status: "completed"
        }]
      case "Compacting":
        return compaction(event.turnId, "in_progress")
      case "Compacted":
        return compaction(event.turnId, "completed")
      case "CompactionFailed":
        return compaction(event.turnId, "failed", event.message)
      case "SessionRenamed":
        return [{ sessionUpdate: "session_info_update", title: event.title }]
      case "TurnCompleted": {
        const { context, usage } = event
        if (context === undefined || context.window === null) return []
        const cost = usage.costUsd === undefined ? {} : { cost: { amount: usage.costUsd, currency: "USD" } }
        return [{ sessionUpdate: "usage_update", used: context.tokens, size: context.window, ...cost }]
      }
      default:
        return []
    }
  }

  const compaction = (
    turnId: string | undefined,
    status: "completed" | "failed" | "in_progress",
    error?: string
  ): ReadonlyArray<Update> =>
    understood.compaction
      ? [{
        sessionUpdate: "compaction_update",
        compactionId: turnId ?? "asked",
        status,
        ...error === undefined ? {} : { error }
      }]
      : []

  return {
    of,
    attach: (command, terminalId) => {
      const [itemId, known] =
        Array.from(commands).find(([, one]) => one.command === command && one.terminalId === undefined) ?? []
      if (itemId === undefined || known === undefined) {
        unclaimed.push({ command, terminalId })
        return []
      }
      known.terminalId = terminalId
      return [{ sessionUpdate: "tool_call_update", toolCallId: itemId, ...shownIn(itemId) }]
    },
    end: () => {
      const updates = Array.from(running, (toolCallId): Update => ({
        sessionUpdate: "tool_call_update",
        toolCallId,
        status: "failed"
      }))
      running.clear()
      return updates
    }
  }
}

/**
 * A session from its beginning, for an editor that shows it again.
 *
 * @since 0.1.0
 * @category conversions
 */
export const replay = (
  folder: string,
  log: ReadonlyArray<Stored>,
  understood: Understood
): ReadonlyArray<Update> => {
  const updates = make(folder, understood)
  return [
    ...log.flatMap(({ at, event, key, seq }) => {
      const said = event._tag === "TurnStarted" || event._tag === "InputAdded"
        ? event.input.flatMap((item, index) => userChunks(`${event.turnId}.input.${seq}.${index}`, item))
        : []
      return [...said, ...updates.of(fromStored({ at, event, key, seq }))]
    }),
    ...updates.end()
  ]
}

/** What the user has said, not what a program told the model beside it. */
const userChunks = (messageId: string, item: Item): ReadonlyArray<Update> =>
  isMessage(item) && item.role === "user" && textOf(item) !== ""
    ? [{ sessionUpdate: "user_message_chunk", messageId, content: { type: "text", text: textOf(item) } }]
    : []

/**
 * What is asked about, for the question to the person.
 *
 * @since 0.1.0
 * @category conversions
 */
export const asked = (
  folder: string,
  { call, child, itemId, question, subject }: PermissionRequested
): Acp.ToolCallUpdate => ({
  ...described(folder, call),
  ...child === undefined ? {} : { title: Visible.line(`the agent ${child.agent} wants to ${question}`) },
  toolCallId: itemId,
  status: "pending",
  content: subjectContent(folder, subject)
})

/** Characters that a person would not see are shown by their numbers, so that a call cannot look like another one. */
const described = (folder: string, call: ToolCall): Pick<Acp.ToolCall, "kind" | "locations" | "rawInput" | "title"> => {
  const input = argument(call)
  const args = parse(input)
  const path = text(field(args, "path"))
  const kind = kinds[call.name] ?? "other"
  const what = Visible.line(mainArgument(call))
  return {
    title: kind === "execute" ? what : `${Visible.line(call.name)} ${what}`.trim(),
    kind,
    rawInput: args ?? { input },
    ...path === undefined ? {} : { locations: [location(folder, path, number(field(args, "offset")))] }
  }
}

const kinds: { readonly [tool: string]: Acp.ToolKind } = {
  read: "read",
  ls: "search",
  find: "search",
  grep: "search",
  write: "edit",
  edit: "edit",
  apply_patch: "edit",
  bash: "execute",
  update_plan: "think"
}

const location = (folder: string, path: string, line?: number): Acp.ToolCallLocation => ({
  path: resolve(folder, path),
  ...line === undefined ? {} : { line }
})

const number = (value: unknown): number | undefined => typeof value === "number" && value > 0 ? value : undefined

/** What a call is told with as it goes on. */
type Outcome = Pick<Acp.ToolCall, "content" | "locations" | "rawOutput">

/** A file shows its change, anything else its output. */
const outcome = (folder: string, { details, output }: ToolEnded): Outcome => {
  const changes = FileChange.inDetails(details)
  const said = outputText(output)
  return {
    rawOutput: details === undefined ? { output: said } : { output: said, ...details },
    content: changes.length > 0 ? changes.flatMap(diffs(folder)) : said === "" ? [] : [fenced(Visible.output(said))],
    ...changes.length === 0
      ? {}
      : { locations: changes.map(({ diff, real }) => location(folder, real, number(firstLine(diff)))) }
  }
}

const subjectContent = (folder: string, subject: Subject): Array<Acp.ToolCallContent> => {
  switch (subject._tag) {
    case "Command": {
      const place = subject.workdir === undefined ? "" : `\n(in ${Visible.line(subject.workdir)})`
      const stays = subject.stays === true ? "\n(in the background, where it stays)" : ""
      const again = subject.writable === undefined
        ? ""
        : `\n(again from its start, and it may then write ${subject.writable.map(Visible.line).join(" and ")})`
      return [fenced(`${Visible.prose(subject.command)}${place}${stays}${again}`)]
    }
    case "Changes":
      return subject.changes.flatMap(diffs(folder))
    case "Call":
      return [fenced(Visible.prose(subject.arguments))]
  }
}

/** The parts of a file that change, before and after. */
const diffs = (folder: string) => ({ diff, kind, note, real }: FileChange.FileChange): Array<Acp.ToolCallContent> => {
  const path = resolve(folder, real)
  const hunks = diff === "" ? [] : diff.split(/^@@ .*\n/m).slice(1)
  if (hunks.length === 0) return [words(`${kind} ${Visible.line(real)}${note === undefined ? "" : `: ${note}`}`)]
  return hunks.map((hunk) => {
    const lines = hunk.replace(/\n$/, "").split("\n").filter((line) => !line.startsWith("\\"))
    const side = (other: string) =>
      lines.filter((line) => !line.startsWith(other)).map((line) => `${line.slice(1)}\n`).join("")
    return { type: "diff", path, oldText: kind === "create" ? null : side("+"), newText: side("-") }
  })
}

const firstLine = (diff: string): number => Number(/^@@ -\S+ \+(\d+)/.exec(diff)?.[1])

/** The steps of the plan, where the call was about it. */
const plan = ({ details }: ToolEnded): ReadonlyArray<Update> => {
  const steps = details?.["plan"]
  return Array.isArray(steps)
    ? [{
      sessionUpdate: "plan",
      entries: steps.map((step) => ({
        content: text(field(step, "step")) ?? "",
        priority: "medium",
        status: statuses.find((status) => status === field(step, "status")) ?? "pending"
      }))
    }]
    : []
}

const statuses: ReadonlyArray<Acp.PlanEntryStatus> = ["pending", "in_progress", "completed"]

const words = (text: string): Acp.ToolCallContent => ({ type: "content", content: { type: "text", text } })

/** As it is, and not as Markdown. */
const fenced = (output: string): Acp.ToolCallContent => {
  const longest = Math.max(2, ...Array.from(output.matchAll(/`+/g), ([run]) => run.length))
  const fence = "`".repeat(longest + 1)
  return words(`${fence}\n${output.replace(/\n$/, "")}\n${fence}`)
}
