/**
 * The lines that programs get of a run, as `JsonLine` has them: `--json` prints them, and the server streams them.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 * import { Agent } from "effixir"
 * import { EventLines } from "effixir/agent"
 *
 * const main = Effect.gen(function*() {
 *   const agent = yield* Agent.Agent
 *   yield* agent.run("s1", "Say hello").pipe(
 *     EventLines.write({ deltas: true }),
 *     Stream.runForEach((line) => Effect.sync(() => process.stdout.write(line)))
 *   )
 *   // The same event by event, with a field of one's own.
 *   yield* agent.run("s1", "And again").pipe(
 *     Stream.mapConcat((event) => EventLines.linesOf(event, false)),
 *     Stream.map((line) => EventLines.toText({ ...line, host: "build-7" })),
 *     Stream.runDrain
 *   )
 * })
 *
 * EventLines.limitName("toolCalls") // "tool_calls"
 * ```
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import { isPlan } from "../auth/Host.ts"
import { defined } from "../internal/json.ts"
import { json } from "../internal/visible.ts"
import { isMessage, isReasoning, type Item, text } from "../responses/Item.ts"
import { argument, type Output } from "../responses/ToolCall.ts"
import { isSearch, queryOf } from "../responses/WebSearch.ts"
import { type Limit, shownItems, type ToolEnded, type ToolStarted } from "../session/SessionEvent.ts"
import * as SessionJson from "../session/SessionJson.ts"
import type { Subject } from "../tools/permission/Approver.ts"
import type { Child } from "../tools/Tool.ts"
import * as FileChange from "../tools/workspace/FileChange.ts"
import { type AgentEvent, type PermissionRequested, toPublic } from "./AgentEvent.ts"
import * as ExitCode from "./ExitCode.ts"

/** @since 0.1.0 @category models */
export interface Line {
  readonly type: string
  readonly seq: number
  readonly ts: string
  readonly [field: string]: unknown
}

/**
 * The lines of one event, with the pieces of texts only if they are asked for. A response takes several numbers, one for
 * each of its lines. Nothing encrypted and no account is in them.
 *
 * @since 0.1.0
 * @category conversions
 */
export const linesOf = (whole: AgentEvent, deltas: boolean): ReadonlyArray<Line> => {
  const event = toPublic(whole)
  const line = (type: string, fields: { readonly [field: string]: unknown }, offset = 0): Line => ({
    type,
    seq: event.seq + offset,
    ts: DateTime.formatIso(event.at),
    ...fields
  })
  switch (event._tag) {
    case "SessionStarted":
      return [line("thread.started", { thread_id: event.sessionId, schema_version: event.schemaVersion })]
    case "TurnStarted":
      return [line("turn.started", { turn_id: event.turnId, input: inputText(event.input) })]
    case "SessionRenamed":
    case "TurnResumed":
      return []
    case "InputAdded":
      return [line("input.added", {
        turn_id: event.turnId,
        kind: event.kind === "followUp" ? "follow_up" : event.kind,
        text: event.input.map(text).join("\n\n")
      })]
    case "TextDelta":
    case "ReasoningDelta":
      return deltas
        ? [line("item.delta", { item_id: event.itemId, kind: deltaKinds[event._tag], delta: event.delta })]
        : []
    case "Retrying": {
      const { attempt, delay, maxAttempts, message, reason } = event
      return [line("retry", { attempt, max: maxAttempts, delay_ms: delay, reason, message })]
    }
    case "ModelResponded": {
      const items = shownItems(event)
      return [
        ...items.map(({ item, itemId }, index) => line("item.completed", { item: itemJson(itemId, item) }, index)),
        line(
          "usage",
          {
            ...SessionJson.usage(event.usage),
            ...planJson(event.account),
            ...defined({ reasoning_removed: event.removed })
          },
          items.length
        )
      ]
    }
    case "Compacting":
      return [line("compaction.started", { reason: event.reason, method: event.method })]
    case "CompactionFailed":
      return [line("compaction.failed", { message: event.message })]
    case "Compacted": {
      const { account, afterTokens, beforeTokens, method, usage } = event
      return [
        line("compaction.completed", {
          method,
          before_tokens: beforeTokens,
          after_tokens: afterTokens,
          usage: { ...SessionJson.usage(usage), ...planJson(account) }
        })
      ]
    }
    case "PermissionRequested": {
      const { call, question, reason, rule, scopes, subject, tool = call.name } = event
      return [
        line("permission.requested", {
          item: callJson(event),
          question,
          rule,
          ...defined({ reason }),
          tool,
          ...subjectJson(subject),
          ...childJson(event.child),
          always: scopes.map(({ allows, kind }) => ({ scope: kind, allows }))
        })
      ]
    }
    case "ChildAnswered": {
      const { child, decision, itemId, rule, words } = event
      return [
        line("permission.decided", {
          item_id: itemId,
          decision,
          rule,
          by: "person",
          ...defined({ words }),
          ...childJson(child)
        })
      ]
    }
    case "PermissionDecided": {
      const { by, decision, itemId, reason, rule, scope, words } = event
      return [
        line("permission.decided", { item_id: itemId, decision, rule, by, ...defined({ reason, scope, words }) })
      ]
    }
    case "ToolStarted":
      return [line("item.started", { item: { ...callJson(event), status: "in_progress" } })]
    case "WebSearched":
      return []
    case "ToolProgress":
      // The call has ended: what its agent does is in the session of the agent, and below the call that waits for it.
      if (event.child?.state !== undefined) return []
      return [
        line("item.updated", {
          item: { id: event.itemId, type: "tool_call", status: "in_progress", text: event.text },
          ...childJson(event.child)
        })
      ]
    case "ToolEnded": {
      const { details, output, status } = event
      const changes = FileChange.inDetails(details).map(changeJson)
      const { changes: _, ...others } = details ?? {}
      const more = changes.length === 0
        ? defined({ details })
        : { changes, ...Object.keys(others).length > 0 ? { details: others } : {} }
      return [line("item.completed", { item: { ...callJson(event), output: outputJson(output), status, ...more } })]
    }
    case "TurnCompleted":
      return [
        line("turn.completed", {
          usage: SessionJson.usage(event.usage),
          finish_reason: event.finishReason,
          ...defined({ context: event.context })
        })
      ]
    case "TurnFailed": {
      const { details, kind, message, retryable } = event
      return [line("turn.failed", { error: { kind, message, retryable, details }, exit_code: ExitCode.ofKind(kind) })]
    }
    case "TurnInterrupted":
      return [line("turn.interrupted", { reason: event.reason, exit_code: ExitCode.ofReason(event.reason) })]
    case "TurnLimited": {
      const { limit, usage } = event
      return [
        line("turn.limited", {
          limit: limitName(limit),
          usage: SessionJson.usage(usage),
          exit_code: ExitCode.ofLimit(limit)
        })
      ]
    }
  }
}

/**
 * A line as `--json` prints it: JSON with its line end, in which invisible characters are shown by their number.
 *
 * @since 0.1.0
 * @category encoding
 */
export const toText = (line: Line): string => `${json(JSON.stringify(line))}\n`

/**
 * A run as the lines that `--json` prints, with the pieces of texts only if they are asked for (`deltas`).
 *
 * @since 0.1.0
 * @category encoding
 */
export const write =
  (options?: { readonly deltas?: boolean }) =>
  <E, R>(events: Stream.Stream<AgentEvent, E, R>): Stream.Stream<string, E, R> =>
    Stream.map(Stream.mapConcat(events, (event) => linesOf(event, options?.deltas ?? false)), toText)

/**
 * The name of a limit for programs.
 *
 * @since 0.1.0
 * @category conversions
 */
export const limitName = (limit: Limit): string => limit === "toolCalls" ? "tool_calls" : limit

/** What a person has said, or another program for one; not what the model is told beside it. */
const inputText = (input: ReadonlyArray<Item>): string =>
  input.filter((item) => isMessage(item) && item.role === "user").map(text).filter((one) => one !== "").join("\n\n")

const deltaKinds = { TextDelta: "text", ReasoningDelta: "reasoning" } as const

const itemJson = (id: string, item: Item) => {
  if (isMessage(item)) {
    return { id, type: "agent_message", text: text(item), ...(item.phase == null ? {} : { phase: item.phase }) }
  }
  if (isSearch(item)) {
    const { action = null, status = null } = item
    return { id, type: "web_search", query: queryOf(item), action, status }
  }
  return isReasoning(item) ? { id, type: "reasoning", text: text(item) } : { ...item, id }
}

/** The child agent that a line is about, and the item of its own session. */
const childJson = (child: Child | undefined) =>
  child === undefined
    ? {}
    : { child: defined({ agent: child.agent, session_id: child.sessionId, item_id: child.itemId }) }

const subjectJson = (subject: Subject) => {
  switch (subject._tag) {
    case "Command":
      return {
        command: subject.command,
        ...defined({ workdir: subject.workdir }),
        ...(subject.stays === true ? { background: true } : {}),
        ...defined({ writable: subject.writable })
      }
    case "Changes":
      return { changes: FileChange.bound(subject.changes).map(changeJson) }
    case "Call":
      return {}
  }
}

/** `omitted` counts the lines of the diff that are left out. */
const changeJson = ({ added, diff, from, kind, note, omitted, path, real, removed }: FileChange.FileChange) => ({
  path,
  real_path: real,
  kind,
  diff,
  added,
  removed,
  ...defined({ from, omitted, note })
})

const callJson = ({ call, itemId }: ToolStarted | ToolEnded | PermissionRequested) => ({
  id: itemId,
  type: "tool_call",
  call_id: call.call_id,
  name: call.name,
  arguments: argument(call)
})

/** The bytes of an image go to the model and the log only; a program gets its type and its size. */
const outputJson = (output: Output): Output => Predicate.isString(output) ? output : output.map(partJson)

const partJson = (part: Item): Item => ({
  ...Object.fromEntries(
    Object.entries(part).flatMap(([field, value]) => {
      const data = Predicate.isString(value) ? /^data:([^;,]{1,100});base64,/.exec(value) : null
      if (data === null || !Predicate.isString(value)) return [[field, value]]
      const [prefix, type] = data
      return [["mime_type", type], ["bytes", base64Size(value, prefix.length)]]
    })
  ),
  type: part.type
})

const base64Size = (text: string, from: number): number => {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0
  return Math.floor((text.length - from) * 3 / 4) - padding
}

/** What a plan pays for has no price. */
const planJson = (account: string) => isPlan(account) ? { included_in_plan: true } : {}
