/**
 * The agents that a runner runs turns with.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Agent, type RunOptions } from "../agent/Agent.ts"
import type { Item } from "../responses/Item.ts"
import type { Stored } from "../session/SessionEvent.ts"
import type { Answer } from "../tools/permission/Approver.ts"
import type { Refused } from "./Refused.ts"

/**
 * The agent of a session.
 *
 * - `options` what its turns are run with
 * - `teach` adds to an input what belongs to it, such as a skill that it names
 *
 * @since 0.1.0
 * @category models
 */
export interface Serving {
  readonly agent: typeof Agent.Service
  readonly options: RunOptions
  readonly teach: (input: ReadonlyArray<Item>) => Effect.Effect<ReadonlyArray<Item>>
}

/**
 * @example
 * ```ts
 * import * as Layer from "effect/Layer"
 * import { Agent, Permission, ToolExecutor, Toolkit } from "effixir"
 * import { SessionAgents } from "effixir/cluster"
 *
 * // The same agent for every session. `SessionAgents.SessionAgents` may choose by session instead.
 * const Writers = SessionAgents.layer.pipe(
 *   Layer.provide(Agent.layer({ model: "gpt-6.2-sol", instructions: "Answer in a word." })),
 *   Layer.provide([ToolExecutor.layer(Toolkit.empty), Permission.layerAllowAll])
 * )
 * ```
 *
 * @since 0.1.0 @category services
 */
export class SessionAgents extends Context.Tag("effixir/cluster/SessionAgents")<SessionAgents, {
  /** The agent for the next turn of a session, as long as the Scope is open. */
  readonly agent: (served: {
    readonly session: string
    readonly events: ReadonlyArray<Stored>
    readonly model: string | undefined
  }) => Effect.Effect<Serving, Refused, Scope.Scope>
  /** Gives the answer to the question about a call; false if nobody has asked. */
  readonly answer: (session: string, item: string, answer: Answer) => Effect.Effect<boolean>
}>() {}

/**
 * One agent for all sessions: for a host that has its own. Whether calls may run is decided on the runner.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<SessionAgents, never, Agent> = Layer.effect(
  SessionAgents,
  Effect.map(Agent, (agent) => ({
    agent: () => Effect.succeed({ agent, options: {}, teach: Effect.succeed }),
    answer: () => Effect.succeed(false)
  }))
)
