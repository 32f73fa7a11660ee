/**
 * What happened in a session. These events are the truth: the log keeps them in order, and everything else (what the
 * model is sent, what a person sees) is folded from them.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Item } from "../responses/Item.ts"
import { isToolCall, Output, ToolCall } from "../responses/ToolCall.ts"
import { Usage } from "../responses/Usage.ts"

/**
 * The call that a session works for: a tool has asked another agent for help.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Parent = Schema.Struct({ sessionId: Schema.String, callId: Schema.String })

/** @since 0.1.0 @category models */
export type Parent = typeof Parent.Type

/**
 * The session of another agent that a session was imported from.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ImportedFrom = Schema.Struct({
  tool: Schema.Literal("codex", "claude", "pi", "opencode"),
  sessionId: Schema.String
})

/** @since 0.1.0 @category models */
export type ImportedFrom = typeof ImportedFrom.Type

/**
 * The session whose past a fork shares, up to and with the event `seq`, which happened `at` that time.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ForkOf = Schema.Struct({
  sessionId: Schema.String,
  seq: Schema.Number,
  at: Schema.optional(Schema.String)
})

/** @since 0.1.0 @category models */
export type ForkOf = typeof ForkOf.Type

/**
 * The first event of every session. `workspace` is the folder it works in; `title` is what a person calls it; `parent` is
 * the call that it works for; `forkOf` and `importedFrom` are where it comes from; `model` is the one to ask where a turn
 * names none.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SessionStarted = Schema.TaggedStruct("SessionStarted", {
  sessionId: Schema.String,
  schemaVersion: Schema.Literal(1),
  workspace: Schema.optional(Schema.String),
  title: Schema.optional(Schema.String),
  model: Schema.optional(Schema.String),
  parent: Schema.optional(Parent),
  forkOf: Schema.optional(ForkOf),
  importedFrom: Schema.optional(ImportedFrom)
})

/** @since 0.1.0 @category models */
export type SessionStarted = typeof SessionStarted.Type

/**
 * A person has given the session another title. The model is not told.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SessionRenamed = Schema.TaggedStruct("SessionRenamed", { title: Schema.String })

/** The permissions a turn runs with. Absent in older logs, and where a program decides about calls itself. */
const inForce = {
  permission: Schema.optional(Schema.Literal("auto", "ask", "read-only")),
  policy: Schema.optional(Schema.String)
}

/**
 * What a turn may do: the mode in which calls are decided about, and where the rules come from, if there are any.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PermissionInForce = Schema.Struct(inForce)

/** @since 0.1.0 @category models */
export type PermissionInForce = typeof PermissionInForce.Type

/**
 * What a turn is asked with, beside its model and effort, so that the next turn of the session is asked with the same.
 *
 * - `profile` the name of the sign-in; absent for the one without a name
 * - `credential` its kind
 * - `account` who pays, as `Payer.of` tells it
 * - `baseUrl` where requests went, without what may be secret in it
 * - `search` whether the server could search the web
 * - `sandbox` what commands were to be kept in; `default` where nobody had asked for one, and the usual one was used
 *   where the system can have it. Absent in older logs, and where a program runs commands in a way of its own
 * - `mcpServers` the names of the MCP servers that were set up, sorted; absent in older logs
 *
 * @since 0.1.0
 * @category schemas
 */
export const Setup = Schema.Struct({
  profile: Schema.optional(Schema.String),
  credential: Schema.optional(Schema.Literal("subscription", "chatgpt", "api_key")),
  account: Schema.optional(Schema.String),
  baseUrl: Schema.optional(Schema.String),
  dialect: Schema.optional(Schema.Literal("responses", "chat-completions")),
  search: Schema.optional(Schema.Boolean),
  sandbox: Schema.optional(Schema.Literal("default", "off", "workspace-write", "read-only")),
  mcpServers: Schema.optional(Schema.Array(Schema.String))
})

/** @since 0.1.0 @category models */
export type Setup = typeof Setup.Type

/**
 * A person, or a program, asked for something. `effort` is the reasoning effort, if one was set. The turn's permissions
 * and its setup are noted, so that the next turn gets no more, and nothing else, unless a caller asks for it. `key` is the
 * caller's own name for the turn, by which it finds the turn again.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TurnStarted = Schema.TaggedStruct("TurnStarted", {
  turnId: Schema.String,
  model: Schema.String,
  effort: Schema.optional(Schema.String),
  input: Schema.Array(Item),
  setup: Schema.optional(Setup),
  key: Schema.optional(Schema.String),
  ...inForce
})

/** @since 0.1.0 @category models */
export type TurnStarted = typeof TurnStarted.Type

/**
 * The turn was resumed; from here on these permissions apply, and the model, effort and setup that are named.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TurnResumed = Schema.TaggedStruct("TurnResumed", {
  turnId: Schema.String,
  model: Schema.optional(Schema.String),
  effort: Schema.optional(Schema.String),
  setup: Schema.optional(Setup),
  ...inForce
})

/** @since 0.1.0 @category models */
export type TurnResumed = typeof TurnResumed.Type

/**
 * An input came during the turn. `step` is the model call that gets it; a `steer` was to be heard as soon as possible,
 * a `followUp` when the turn would have ended. `background` is nobody's word: an agent in the background has ended.
 *
 * @since 0.1.0
 * @category schemas
 */
export const InputAdded = Schema.TaggedStruct("InputAdded", {
  turnId: Schema.String,
  step: Schema.Number,
  kind: Schema.Literal("steer", "followUp", "background"),
  input: Schema.Array(Item)
})

/** @since 0.1.0 @category models */
export type InputAdded = typeof InputAdded.Type

/**
 * One model call was answered. `step` counts the calls of a turn from 0; `account` is the account its encrypted
 * reasoning is bound to; `finishReason` is `stop`, or the server's name for what cut the answer short;
 * `isWithoutEncrypted` says that the server could no longer read what it had encrypted before this response, so that it
 * is not sent again; `isWithoutImages` says the same of the images that tools had given, `isWithoutAnyImages` of all
 * images; `removed` are the server's reasons for leaving out reasoning that it was sent, noted once in a session.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ModelResponded = Schema.TaggedStruct("ModelResponded", {
  turnId: Schema.String,
  step: Schema.Number,
  model: Schema.String,
  account: Schema.String,
  items: Schema.Array(Item),
  usage: Usage,
  finishReason: Schema.String,
  isWithoutEncrypted: Schema.optional(Schema.Boolean),
  isWithoutImages: Schema.optional(Schema.Boolean),
  isWithoutAnyImages: Schema.optional(Schema.Boolean),
  removed: Schema.optional(Schema.Array(Schema.String))
})

/** @since 0.1.0 @category models */
export type ModelResponded = typeof ModelResponded.Type

/**
 * The conversation up to the event number `upTo` is sent as `items` from here on; nothing is deleted from the log.
 *
 * - `turnId` the turn that it was done in; absent where somebody asked for it between turns
 * - `reason` the window was nearly full (`threshold`), the server had refused a conversation that was too long
 *   (`overflow`), or somebody asked for it
 * - `method` whether the server made an item of it that only itself can read, for the same `model` and `account`, or the
 *   model wrote a summary
 * - `effort` the reasoning effort from here on, if one was set
 * - `beforeTokens`, `afterTokens` the size of the conversation as it is sent, estimated
 *
 * @since 0.1.0
 * @category schemas
 */
export const Compacted = Schema.TaggedStruct("Compacted", {
  turnId: Schema.optional(Schema.String),
  reason: Schema.Literal("threshold", "overflow", "asked"),
  method: Schema.Literal("hosted", "local"),
  upTo: Schema.Number,
  items: Schema.Array(Item),
  model: Schema.String,
  account: Schema.String,
  effort: Schema.optional(Schema.String),
  usage: Usage,
  beforeTokens: Schema.Number,
  afterTokens: Schema.Number
})

/** @since 0.1.0 @category models */
export type Compacted = typeof Compacted.Type

/**
 * Whether a call may run: by which rule, and whether a person has said so. `scope` is how far that person's "always"
 * reaches, and `grants` what it has allowed for the rest of the session; `agreed` is the digest of the changes that the
 * person was shown, which are the only ones to be made. `reason` is what the model is told of a call that was denied,
 * `words` what the person has said to it, and `advice` what it may do instead. `arguments` are those that a hook has put in
 * the place of the model's, and `context` what hooks have to say to the model. Calls that the mode allows by itself are
 * not logged.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PermissionDecided = Schema.TaggedStruct("PermissionDecided", {
  turnId: Schema.String,
  itemId: Schema.String,
  decision: Schema.Literal("allowed", "denied"),
  rule: Schema.String,
  by: Schema.Literal("rule", "person"),
  scope: Schema.optional(Schema.Literal("command", "files", "folder", "tool")),
  grants: Schema.optional(Schema.Array(Schema.String)),
  agreed: Schema.optional(Schema.String),
  reason: Schema.optional(Schema.String),
  words: Schema.optional(Schema.String),
  advice: Schema.optional(Schema.String),
  arguments: Schema.optional(Schema.String),
  context: Schema.optional(Schema.Array(Schema.String))
})

/** @since 0.1.0 @category models */
export type PermissionDecided = typeof PermissionDecided.Type

/**
 * What a call is about to do to a file, at a path relative to the workspace: the version that is there, left out where it
 * is not known, and the one that will be. A version is the SHA-256 of the content in hexadecimal digits, `-> TARGET` for a
 * symbolic link, or `absent`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FileIntent = Schema.Struct({
  path: Schema.String,
  before: Schema.optionalWith(Schema.String, { exact: true }),
  after: Schema.String
})

/** @since 0.1.0 @category models */
export type FileIntent = typeof FileIntent.Type

/**
 * A tool is about to run. Without a {@link ToolEnded} of the same `itemId` its effects are unknown.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ToolStarted = Schema.TaggedStruct("ToolStarted", {
  turnId: Schema.String,
  itemId: Schema.String,
  call: ToolCall,
  /** Whether it is refused because its response makes more calls than one may. */
  isExcess: Schema.optionalWith(Schema.Boolean, { exact: true }),
  /** What it is about to do to files: whether it has, can then be told after a crash. */
  intent: Schema.optionalWith(Schema.Array(FileIntent), { exact: true })
})

/** @since 0.1.0 @category models */
export type ToolStarted = typeof ToolStarted.Type

/**
 * The output that the model gets for a call. `details` (an exit code, a plan) is for user interfaces, and never sent.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ToolEnded = Schema.TaggedStruct("ToolEnded", {
  turnId: Schema.String,
  itemId: Schema.String,
  call: ToolCall,
  status: Schema.Literal("completed", "failed", "interrupted"),
  output: Output,
  details: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
})

/** @since 0.1.0 @category models */
export type ToolEnded = typeof ToolEnded.Type

/**
 * How much of the model's context window the conversation fills, in tokens; the window is `null` where nobody knows it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Context = Schema.Struct({ tokens: Schema.Number, window: Schema.NullOr(Schema.Number) })

/** @since 0.1.0 @category models */
export type Context = typeof Context.Type

/**
 * The turn has its answer.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TurnCompleted = Schema.TaggedStruct("TurnCompleted", {
  turnId: Schema.String,
  answer: Schema.String,
  usage: Usage,
  finishReason: Schema.String,
  context: Schema.optional(Context)
})

/**
 * The turn ended without an answer. `kind` is the error's name, or its reason's where it has one.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TurnFailed = Schema.TaggedStruct("TurnFailed", {
  turnId: Schema.String,
  kind: Schema.String,
  message: Schema.String,
  retryable: Schema.Boolean,
  details: Schema.Record({ key: Schema.String, value: Schema.Unknown })
})

/** @since 0.1.0 @category models */
export type TurnFailed = typeof TurnFailed.Type

/**
 * The turn was stopped: by its caller (`cancelled`, or the host's own reason), or by the death of its process
 * (`crashed`, written by the next process that opens the session).
 *
 * @since 0.1.0
 * @category schemas
 */
export const TurnInterrupted = Schema.TaggedStruct("TurnInterrupted", {
  turnId: Schema.String,
  reason: Schema.String
})

/**
 * Why a turn was ended before its answer: so many model calls (`steps`), calls of tools or tokens, so much money or time,
 * or the same call again and again (`repeats`).
 *
 * @since 0.1.0
 * @category schemas
 */
export const Limit = Schema.Literal("steps", "toolCalls", "tokens", "cost", "time", "repeats")

/** @since 0.1.0 @category models */
export type Limit = typeof Limit.Type

/**
 * The turn has reached a limit that it was given. It can be resumed, with a new budget.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TurnLimited = Schema.TaggedStruct("TurnLimited", {
  turnId: Schema.String,
  limit: Limit,
  usage: Usage
})

/** @since 0.1.0 @category models */
export type TurnLimited = typeof TurnLimited.Type

/** @since 0.1.0 @category schemas */
export const SessionEvent = Schema.Union(
  SessionStarted,
  SessionRenamed,
  TurnStarted,
  TurnResumed,
  InputAdded,
  ModelResponded,
  Compacted,
  PermissionDecided,
  ToolStarted,
  ToolEnded,
  TurnCompleted,
  TurnFailed,
  TurnInterrupted,
  TurnLimited
)

/** @since 0.1.0 @category models */
export type SessionEvent = typeof SessionEvent.Type

/**
 * An event as the log holds it.
 *
 * - `seq` its number in the session; numbers grow, with gaps
 * - `key` names the step that it is the result of; no two events of a session share one
 *
 * @since 0.1.0
 * @category schemas
 */
export const Stored = Schema.Struct({
  seq: Schema.Number,
  at: Schema.DateTimeUtc,
  key: Schema.String,
  event: SessionEvent
})

/** @since 0.1.0 @category models */
export type Stored = typeof Stored.Type

/**
 * How many numbers an event takes: a response is shown item by item and then its usage, each under a number of its
 * own. Calls are shown by their own events.
 *
 * @example
 * ```ts
 * import { SessionEvent } from "effixir"
 *
 * // How many numbers of the log an event takes, and what the items of a response are called.
 * const numbers = (event: SessionEvent.SessionEvent) => ({
 *   width: SessionEvent.width(event),
 *   items: event._tag === "ModelResponded" ? SessionEvent.shownItems(event).map(({ itemId }) => itemId) : [],
 *   isEnd: SessionEvent.endsTurn(event)
 * })
 *
 * SessionEvent.itemId("turn_1", 2, 0) // the first item of the second step
 * ```
 *
 * @since 0.1.0
 * @category numbering
 */
export const width = (event: SessionEvent): number => event._tag === "ModelResponded" ? shownItems(event).length + 1 : 1

/**
 * The items of a response that are shown as they are, with their ids.
 *
 * @since 0.1.0
 * @category numbering
 */
export const shownItems = (
  event: ModelResponded
): ReadonlyArray<{ readonly itemId: string; readonly item: Item }> =>
  event.items.flatMap((item, index) =>
    isToolCall(item) ? [] : [{ itemId: itemId(event.turnId, event.step, index), item }]
  )

/**
 * The id under which an item of a response is shown.
 *
 * @since 0.1.0
 * @category numbering
 */
export const itemId = (turnId: string, step: number, index: number): string => `${turnId}.${step}.${index}`

/**
 * The key of a {@link ToolStarted} is the key of its {@link ToolEnded} with this suffix.
 *
 * @since 0.1.0
 * @category numbering
 */
export const startedSuffix = "/started"

/**
 * The one event that ends a turn. A turn that did not complete can be resumed, and then gets another end event.
 *
 * @since 0.1.0
 * @category models
 */
export type TurnEnd = typeof TurnCompleted.Type | TurnFailed | typeof TurnInterrupted.Type | TurnLimited

/** @since 0.1.0 @category guards */
export const endsTurn = (event: { readonly _tag: string }): event is TurnEnd => ends.has(event._tag)

const ends: ReadonlySet<string> = new Set<TurnEnd["_tag"]>([
  "TurnCompleted",
  "TurnFailed",
  "TurnInterrupted",
  "TurnLimited"
])
