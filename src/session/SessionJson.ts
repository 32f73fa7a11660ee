/**
 * A session as programs get it: from the command line and from the server.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { SessionStore, Usage } from "effixir"
 * import { ContextSize, SessionJson } from "effixir/session"
 *
 * // The answers of a small server of your own.
 * const list = Effect.gen(function*() {
 *   const store = yield* SessionStore.SessionStore
 *   const all = yield* store.list
 *   return {
 *     sessions: all.map(SessionJson.session),
 *     usage: SessionJson.usage(all.reduce((sum, { usage }) => Usage.add(sum, usage), Usage.zero)),
 *     forks: all.flatMap(({ forkOf }) => forkOf === null ? [] : [SessionJson.parent(forkOf)])
 *   }
 * })
 *
 * const one = (id: string) =>
 *   Effect.gen(function*() {
 *     const store = yield* SessionStore.SessionStore
 *     const all = yield* store.list
 *     const events = yield* store.read(id)
 *     const context = yield* ContextSize.ofLog(events, () => Effect.succeed(272_000))
 *     const summary = all.find((session) => session.id === id)
 *     return summary === undefined ? undefined : SessionJson.details(summary, events, context, all)
 *   })
 * ```
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import * as Tokens from "../responses/Usage.ts"
import { Context, type Stored } from "./SessionEvent.ts"
import { childrenOf, type Summary } from "./Summary.ts"

const Count = Schema.Number

/**
 * Tokens as programs get them.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Usage = Schema.Struct({
  input_tokens: Count,
  cached_input_tokens: Count,
  /** How much of the input the server had in its cache, from 0 to 1. */
  cached_share: Schema.Number,
  output_tokens: Count,
  reasoning_output_tokens: Count,
  /** In US dollars, where a price is known. */
  cost_usd: Schema.optionalWith(Schema.Number, { exact: true })
})

/**
 * One session of a list. `parent` is the session that a fork comes from.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Session = Schema.Struct({
  id: Schema.String,
  title: Schema.NullOr(Schema.String),
  workspace: Schema.NullOr(Schema.String),
  model: Schema.NullOr(Schema.String),
  status: Schema.Literal("completed", "interrupted", "limited", "failed", "open"),
  created_at: Schema.String,
  updated_at: Schema.String,
  turns: Count,
  usage: Usage,
  parent: Schema.NullOr(Schema.Struct({ session_id: Schema.String, seq: Count }))
})

/**
 * A session that works for a call of another one.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Child = Schema.Struct({
  id: Schema.String,
  call_id: Schema.String,
  title: Schema.NullOr(Schema.String),
  status: Session.fields.status
})

/**
 * One session by itself: also how full the window of its model is, how many times it was compacted, which sessions work
 * for calls of it, oldest first, and for which call it works itself.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SessionDetails = Schema.Struct({
  ...Session.fields,
  context: Context,
  compactions: Count,
  children: Schema.Array(Child),
  child_of: Schema.NullOr(Schema.Struct({ session_id: Schema.String, call_id: Schema.String }))
})

/** @since 0.1.0 @category conversions */
export const usage = (usage: Tokens.Usage): typeof Usage.Type => ({
  input_tokens: usage.inputTokens,
  cached_input_tokens: usage.cachedInputTokens,
  cached_share: Math.round(Tokens.cachedShare(usage) * 1000) / 1000,
  output_tokens: usage.outputTokens,
  reasoning_output_tokens: usage.reasoningOutputTokens,
  // Sums of fractions have a tail.
  ...(usage.costUsd === undefined ? {} : { cost_usd: Math.round(usage.costUsd * 1e9) / 1e9 })
})

/** @since 0.1.0 @category conversions */
export const session = (summary: Summary): typeof Session.Type => ({
  id: summary.id,
  title: summary.title,
  workspace: summary.workspace,
  model: summary.model,
  status: summary.status,
  created_at: DateTime.formatIso(DateTime.unsafeMake(summary.createdAt)),
  updated_at: DateTime.formatIso(DateTime.unsafeMake(summary.updatedAt)),
  turns: summary.turns,
  usage: usage(summary.usage),
  parent: summary.forkOf === null ? null : parent(summary.forkOf)
})

/**
 * @param events all that its log holds
 * @param all the sessions there are
 *
 * @since 0.1.0
 * @category conversions
 */
export const details = (
  summary: Summary,
  events: ReadonlyArray<Stored>,
  context: Context,
  all: ReadonlyArray<Summary>
): typeof SessionDetails.Type => ({
  ...session(summary),
  context,
  compactions: events.filter(({ event }) => event._tag === "Compacted").length,
  children: childrenOf(summary, all).map(({ id, parent, status, title }) => ({
    id,
    call_id: parent?.callId ?? "",
    title,
    status
  })),
  child_of: summary.parent === null
    ? null
    : { session_id: summary.parent.sessionId, call_id: summary.parent.callId }
})

/**
 * Where a fork comes from.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parent = ({ seq, sessionId }: { readonly sessionId: string; readonly seq: number }) => ({
  session_id: sessionId,
  seq
})
