/**
 * What a run emits: plain, tagged values. Everything visible is a fold over them.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import type { Item } from "../responses/Item.ts"
import type { ToolCall } from "../responses/ToolCall.ts"
import {
  type Compacted,
  endsTurn,
  type PermissionDecided,
  type SessionEvent,
  type Setup,
  type Stored,
  type TurnEnd
} from "../session/SessionEvent.ts"
import type { Subject } from "../tools/permission/Approver.ts"
import type { Scope } from "../tools/permission/Grants.ts"
import type { Child } from "../tools/Tool.ts"

/**
 * A piece of text as it streams in. It is never logged: the finished item follows.
 *
 * @since 0.1.0
 * @category models
 */
export interface Delta {
  readonly _tag: "TextDelta" | "ReasoningDelta"
  readonly turnId: string
  readonly itemId: string
  readonly delta: string
}

/**
 * What a running tool last reported of its progress, or what a `child` agent that works for it has begun to do. It is not
 * logged.
 *
 * @since 0.1.0
 * @category models
 */
export interface ToolProgress {
  readonly _tag: "ToolProgress"
  readonly turnId: string
  readonly itemId: string
  readonly text: string
  readonly child?: Child | undefined
}

/**
 * A model call has failed and is retried. The deltas that it has emitted are void.
 *
 * @since 0.1.0
 * @category models
 */
export interface Retrying {
  readonly _tag: "Retrying"
  readonly turnId: string
  /** The number of the next attempt. */
  readonly attempt: number
  readonly maxAttempts: number
  /** In milliseconds. */
  readonly delay: number
  /** The name of the failure, and the failure in a sentence. */
  readonly reason: string
  readonly message: string
  /** Whether the server is waited for because it is loading its model, which is no failure. */
  readonly isLoading: boolean
}

/**
 * The approver is asked whether a call may run. It is never logged: the decision follows, unless there is no approver. Of a
 * `child` agent, `call` is the one that it works for and `tool` what it would call itself, and the decision is in the
 * child's own log.
 *
 * @since 0.1.0
 * @category models
 */
export interface PermissionRequested {
  readonly _tag: "PermissionRequested"
  readonly turnId: string
  readonly itemId: string
  readonly call: ToolCall
  readonly rule: string
  readonly question: string
  readonly subject: Subject
  readonly reason: string | undefined
  readonly scopes: ReadonlyArray<Scope>
  readonly tool?: string | undefined
  readonly child?: Child | undefined
}

/**
 * The approver has answered the question of a child agent. The decision is logged in the child's session.
 *
 * @since 0.1.0
 * @category models
 */
export interface ChildAnswered {
  readonly _tag: "ChildAnswered"
  readonly turnId: string
  readonly itemId: string
  readonly rule: string
  readonly decision: PermissionDecided["decision"]
  readonly words: string | undefined
  readonly child: Child
}

/**
 * The server has searched the web for the model. It is never logged: the response that holds the item follows.
 *
 * @since 0.1.0
 * @category models
 */
export interface WebSearched {
  readonly _tag: "WebSearched"
  readonly turnId: string
  readonly itemId: string
  readonly item: Item
}

/**
 * The conversation is being compacted. It is never logged: `Compacted` follows, or {@link CompactionFailed}, or the same
 * again with the other method.
 *
 * @since 0.1.0
 * @category models
 */
export interface Compacting {
  readonly _tag: "Compacting"
  readonly turnId: string | undefined
  readonly reason: Compacted["reason"]
  readonly method: Compacted["method"]
}

/**
 * The conversation could not be compacted, and the turn goes on with it as it is.
 *
 * @since 0.1.0
 * @category models
 */
export interface CompactionFailed {
  readonly _tag: "CompactionFailed"
  readonly turnId: string
  readonly message: string
}

/**
 * Events that are emitted and not logged.
 *
 * @since 0.1.0
 * @category models
 */
export type Ephemeral =
  | Delta
  | ToolProgress
  | PermissionRequested
  | ChildAnswered
  | Retrying
  | WebSearched
  | Compacting
  | CompactionFailed

/**
 * An event with its number in the session. Events of the log were stored under that number before they were emitted. Its
 * schema is `EventSchema.AgentEvent`.
 *
 * @since 0.1.0
 * @category models
 */
export type AgentEvent = (SessionEvent | Ephemeral) & { readonly seq: number; readonly at: DateTime.Utc }

/**
 * Whether an event is in the log, under its number.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isLogged = (event: AgentEvent): boolean => !ephemeral.has(event._tag)

const ephemeral: ReadonlySet<string> = new Set<Ephemeral["_tag"]>([
  "TextDelta",
  "ReasoningDelta",
  "ToolProgress",
  "PermissionRequested",
  "ChildAnswered",
  "Retrying",
  "WebSearched",
  "Compacting",
  "CompactionFailed"
])

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { AgentEvent, SessionStore } from "effixir"
 *
 * // A session that was, as the events of its runs.
 * const events = (session: string) =>
 *   Effect.gen(function*() {
 *     const store = yield* SessionStore.SessionStore
 *     return (yield* store.read(session)).map(AgentEvent.fromStored)
 *   })
 * ```
 *
 * @since 0.1.0 @category constructors
 */
export const fromStored = ({ at, event, seq }: Stored): AgentEvent => ({ ...event, seq, at })

/**
 * The event for whoever is not the host itself: without what only a server can read (`encrypted_content`), and without the
 * account, of which the kind stays. The lines of `EventLines` are made from this form.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 * import { Agent, AgentEvent } from "effixir"
 *
 * // What may leave the program, of what is in the log.
 * const shared = (session: string) =>
 *   Stream.unwrap(Effect.map(Agent.Agent, (agent) => agent.run(session, "Say hello"))).pipe(
 *     Stream.filter(AgentEvent.isLogged),
 *     Stream.map(AgentEvent.toPublic)
 *   )
 * ```
 *
 * @since 0.1.0
 * @category conversions
 */
export const toPublic = (event: AgentEvent): AgentEvent => {
  switch (event._tag) {
    case "TurnStarted":
      return { ...event, ...publicSetup(event), input: event.input.map(publicItem) }
    case "TurnResumed":
      return { ...event, ...publicSetup(event) }
    case "InputAdded":
      return { ...event, input: event.input.map(publicItem) }
    case "ModelResponded":
    case "Compacted":
      return { ...event, account: publicAccount(event.account), items: event.items.map(publicItem) }
    case "WebSearched":
      return { ...event, item: publicItem(event.item) }
    default:
      return event
  }
}

const publicSetup = ({ setup }: { readonly setup?: Setup | undefined }): { readonly setup?: Setup } =>
  setup?.account === undefined ? {} : { setup: { ...setup, account: publicAccount(setup.account) } }

/** `chatgpt:…` says by its beginning that a plan pays. */
const publicAccount = (account: string): string => account.replace(/:.*$/s, ":")

/** Also in items of types that are not known yet, and in their parts. */
const publicItem = (item: Item): Item => hasEncrypted(item) ? { ...withoutEncrypted(item), type: item.type } : item

const hasEncrypted = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.some(hasEncrypted)
    : Predicate.isRecord(value) &&
      Object.entries(value).some(([name, field]) => name === "encrypted_content" || hasEncrypted(field))

const withoutEncrypted = (value: { readonly [field: string]: unknown }): { readonly [field: string]: unknown } =>
  Object.fromEntries(
    Object.entries(value).filter(([name]) => name !== "encrypted_content").map((
      [name, field]
    ) => [name, publicField(field)])
  )

const publicField = (field: unknown): unknown =>
  Array.isArray(field) ? field.map(publicField) : Predicate.isRecord(field) ? withoutEncrypted(field) : field

/**
 * Only the answer of a run, as it is written.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 * import { Agent, AgentEvent } from "effixir"
 *
 * const print = (session: string) =>
 *   Effect.flatMap(Agent.Agent, (agent) =>
 *     agent.run(session, "Say hello").pipe(
 *       AgentEvent.text,
 *       Stream.runForEach((piece) => Effect.sync(() => process.stdout.write(piece)))
 *     ))
 * ```
 *
 * @since 0.1.0
 * @category folding
 */
export const text = <E, R>(events: Stream.Stream<AgentEvent, E, R>): Stream.Stream<string, E, R> =>
  Stream.flatMap(events, (event) => event._tag === "TextDelta" ? Stream.make(event.delta) : Stream.empty)

/**
 * The final answer of a run; empty if there was none.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Agent, AgentEvent } from "effixir"
 *
 * const ask = (session: string, question: string) =>
 *   Effect.flatMap(Agent.Agent, (agent) => AgentEvent.answer(agent.run(session, question)))
 * ```
 *
 * @since 0.1.0
 * @category folding
 */
export const answer = <E, R>(events: Stream.Stream<AgentEvent, E, R>): Effect.Effect<string, E, R> =>
  Stream.runFold(events, "", (last, event) => event._tag === "TurnCompleted" ? event.answer : last)

/**
 * How a run ended: with an answer, at a limit, or not at all if there was nothing to do. A run that fails fails here.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 * import { Agent, AgentEvent } from "effixir"
 *
 * const isDone = (session: string) =>
 *   Effect.gen(function*() {
 *     const agent = yield* Agent.Agent
 *     const end = yield* AgentEvent.end(agent.run(session, "Tidy up", { limits: { steps: 5 } }))
 *     return Option.exists(end, ({ _tag }) => _tag === "TurnCompleted")
 *   })
 * ```
 *
 * @since 0.1.0
 * @category folding
 */
export const end = <E, R>(events: Stream.Stream<AgentEvent, E, R>): Effect.Effect<Option.Option<TurnEnd>, E, R> =>
  Stream.runFold(events, Option.none<TurnEnd>(), (last, event) => endsTurn(event) ? Option.some(event) : last)
