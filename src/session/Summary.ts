/**
 * What a list shows of a session: a fold over the lines of its log.
 *
 * @since 0.1.0
 */
import { defined, field, number, parse, text } from "../internal/json.ts"
import { isItem, isMessage, text as textOf } from "../responses/Item.ts"
import * as Usage from "../responses/Usage.ts"
import * as LineHead from "./LineHead.ts"
import type { ForkOf, Parent } from "./SessionEvent.ts"

/**
 * - `title` what a person has called it, else the first line of its first prompt
 * - `model` which was asked last
 * - `status` how its last turn ended; `open` if it has no end: it runs, or its process died
 * - `createdAt`, `updatedAt` in milliseconds since the epoch; a new title is no update
 * - `turns` of the whole conversation; `usage` of the session itself, without the past that a fork shares
 * - `parent` the call that it works for, as in {@link SessionStarted}
 * - `damaged` how many lines of its log are no events
 *
 * @since 0.1.0
 * @category models
 */
export interface Summary {
  readonly id: string
  readonly title: string | null
  readonly workspace: string | null
  readonly model: string | null
  readonly status: Status
  readonly createdAt: number
  readonly updatedAt: number
  readonly turns: number
  readonly usage: Usage.Usage
  readonly forkOf: ForkOf | null
  readonly parent: Parent | null
  readonly damaged: number
}

/**
 * The sessions that work for calls of this one, oldest first.
 *
 * @since 0.1.0
 * @category accessors
 */
export const childrenOf = ({ id }: Summary, all: ReadonlyArray<Summary>): ReadonlyArray<Summary> =>
  all.filter(({ parent }) => parent?.sessionId === id).toSorted((a, b) => a.createdAt - b.createdAt)

/**
 * The same, with those that work for calls of these.
 *
 * @since 0.1.0
 * @category accessors
 */
export const descendantsOf = (self: Summary, all: ReadonlyArray<Summary>): ReadonlyArray<Summary> =>
  childrenOf(self, all).flatMap((child) => [child, ...descendantsOf(child, all)])

/** @since 0.1.0 @category models */
export type Status = "completed" | "interrupted" | "limited" | "failed" | "open"

/**
 * Summarizes a session. `lines` is its own log, and `past` what a fork shares with others. Lines that are damaged are
 * passed over, and those that say nothing here are not even parsed: a log may be long.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { SessionStore } from "effixir"
 * import { Summary } from "effixir/session"
 *
 * // A session that was copied here, and what its first event says of where it comes from.
 * const ofFile = (id: string, log: string) => Summary.fromLines(id, log.trimEnd().split("\n"))
 * const comesFrom = (event: { readonly forkOf?: unknown }) => Summary.forkOf(event.forkOf)
 *
 * // How many sessions work for calls of each, and for calls of those.
 * const tree = Effect.gen(function*() {
 *   const store = yield* SessionStore.SessionStore
 *   const all = yield* store.list
 *   return all.map((one) => ({
 *     title: one.title ?? Summary.toTitle(`Session ${one.id}`),
 *     children: Summary.childrenOf(one, all).length,
 *     descendants: Summary.descendantsOf(one, all).length
 *   }))
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromLines = (id: string, lines: Iterable<string>, past: Iterable<string> = []): Summary => {
  const summary = { ...empty(id) }
  const keys = new Set<string>()
  for (const line of past) add(summary, keys, line, false)
  // The time of a fork is its own.
  summary.createdAt = 0
  summary.updatedAt = 0
  for (const line of lines) add(summary, keys, line, true)
  return summary
}

type Draft = { -readonly [field in keyof Summary]: Summary[field] }

const empty = (id: string): Draft => ({
  id,
  title: null,
  workspace: null,
  model: null,
  status: "open",
  createdAt: 0,
  updatedAt: 0,
  turns: 0,
  usage: Usage.zero,
  forkOf: null,
  parent: null,
  damaged: 0
})

const add = (summary: Draft, keys: Set<string>, line: string, isOwn: boolean): void => {
  const head = LineHead.of(line)
  const at = Date.parse(head?.at ?? "")
  if (head === undefined || Number.isNaN(at) || keys.has(head.key)) {
    if (isOwn) summary.damaged++
    return
  }
  keys.add(head.key)
  if (summary.createdAt === 0) summary.createdAt = at
  if (head.tag !== "SessionRenamed") summary.updatedAt = at
  const ended = statuses.get(head.tag)
  if (ended !== undefined) summary.status = ended
  if (!telling.has(head.tag)) return
  const event = field(parse(line), "event")
  if (event === undefined) {
    if (isOwn) summary.damaged++
    return
  }
  switch (head.tag) {
    case "SessionStarted":
      summary.workspace = text(field(event, "workspace")) ?? summary.workspace
      summary.title = text(field(event, "title")) ?? summary.title
      summary.model = text(field(event, "model")) ?? summary.model
      summary.parent = parentOf(field(event, "parent")) ?? null
      summary.forkOf = forkOf(field(event, "forkOf")) ?? null
      return
    case "SessionRenamed":
      summary.title = text(field(event, "title")) ?? summary.title
      return
    case "TurnStarted":
      summary.turns++
      summary.status = "open"
      summary.model = text(field(event, "model")) ?? summary.model
      summary.title ??= titleOf(field(event, "input")) ?? null
      return
    case "TurnResumed":
      summary.status = "open"
      return
    case "ModelResponded":
      summary.status = "open"
      summary.model = text(field(event, "model")) ?? summary.model
      if (isOwn) summary.usage = Usage.add(summary.usage, usageOf(field(event, "usage")))
      return
    // What is sent instead has been paid for like a call.
    case "Compacted":
      if (isOwn) summary.usage = Usage.add(summary.usage, usageOf(field(event, "usage")))
  }
}

const statuses: ReadonlyMap<string, Status> = new Map([
  ["TurnCompleted", "completed"],
  ["TurnInterrupted", "interrupted"],
  ["TurnLimited", "limited"],
  ["TurnFailed", "failed"]
])

const telling: ReadonlySet<string> = new Set([
  "SessionStarted",
  "SessionRenamed",
  "TurnStarted",
  "TurnResumed",
  "ModelResponded",
  "Compacted"
])

/**
 * Where a fork comes from, as its first event says it.
 *
 * @since 0.1.0
 * @category accessors
 */
export const forkOf = (value: unknown): ForkOf | undefined => {
  const [sessionId, seq, at] = [text(field(value, "sessionId")), number(field(value, "seq")), text(field(value, "at"))]
  return sessionId === undefined || seq === undefined ? undefined : { sessionId, seq, ...defined({ at }) }
}

const parentOf = (value: unknown): Parent | undefined => {
  const [sessionId, callId] = [text(field(value, "sessionId")), text(field(value, "callId"))]
  return sessionId === undefined || callId === undefined ? undefined : { sessionId, callId }
}

const usageOf = (value: unknown): Usage.Usage => ({
  inputTokens: number(field(value, "inputTokens")) ?? 0,
  cachedInputTokens: number(field(value, "cachedInputTokens")) ?? 0,
  outputTokens: number(field(value, "outputTokens")) ?? 0,
  reasoningOutputTokens: number(field(value, "reasoningOutputTokens")) ?? 0,
  ...defined({ costUsd: number(field(value, "costUsd")) })
})

/** The first line of what a person has said: what the model is told before that is no prompt. */
const titleOf = (input: unknown): string | undefined => {
  const prompt = (Array.isArray(input) ? input : [])
    .filter((item) => isItem(item) && isMessage(item) && item.role === "user")
    .map(textOf)
    .find((prompt) => prompt.trim() !== "")
  return prompt === undefined ? undefined : toTitle(prompt)
}

/**
 * A title of a text: its first line that says something, cut to a line of a list.
 *
 * @since 0.1.0
 * @category constructors
 */
export const toTitle = (text: string): string => {
  const line = text.slice(0, 10_000).trim().split(/[\r\n\u2028\u2029]/, 1)[0]?.replaceAll(/\s+/g, " ").trim() ?? ""
  const characters = [...line]
  return characters.length > longest ? `${characters.slice(0, longest - 1).join("").trimEnd()}…` : line
}

const longest = 100
