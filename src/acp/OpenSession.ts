/**
 * A session that a client has open, while it has it open.
 *
 * @internal
 */
import type * as Acp from "@agentclientprotocol/sdk"
import * as Effect from "effect/Effect"
import type * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { PermissionRequested } from "../agent/AgentEvent.ts"
import * as Sdk from "../vendor/acp.ts"
import type { Conversation } from "./Conversations.ts"
import type * as Updates from "./Updates.ts"

/** @since 0.1.0 @category models */
export interface OpenSession {
  readonly conversation: Conversation
  readonly scope: Scope.CloseableScope
  /** Questions that the client has been shown the call of. */
  readonly questions: Queue.Queue<PermissionRequested>
  /** Stops the turn that runs. */
  cancel: Effect.Effect<unknown> | undefined
  /** What the client is told of the turn that runs. */
  updates: Updates.Updates | undefined
}

/**
 * The session that is being opened; nothing before it is.
 *
 * @since 0.1.0
 * @category models
 */
export type Opened = () => OpenSession | undefined

/**
 * Tells the client what has happened, one update after another.
 *
 * @since 0.1.0
 * @category combining
 */
export const tell = (agent: Acp.AgentContext, sessionId: string, updates: ReadonlyArray<Acp.SessionUpdate>) =>
  Effect.forEach(
    updates,
    (update) => Effect.promise(() => agent.notify(Sdk.methods.client.session.update, { sessionId, update })),
    { discard: true }
  )
