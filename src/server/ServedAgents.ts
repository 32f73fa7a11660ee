/**
 * The agents that a server runs turns with.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Agent, type RunOptions } from "../agent/Agent.ts"
import type { Limits } from "../agent/Limits.ts"
import { defined } from "../internal/json.ts"
import type { Item } from "../responses/Item.ts"
import { lastUsed } from "../session/LastTurn.ts"
import type { Stored } from "../session/SessionEvent.ts"
import type { ApiError } from "./ApiError.ts"

/**
 * A session that is to be worked in: where, and what its log holds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Served {
  readonly session: string
  readonly events: ReadonlyArray<Stored>
  /** The model that this turn is to ask, if its client names one. */
  readonly model: string | undefined
  /** What this turn may use, if its client says so. */
  readonly limits?: Limits | undefined
}

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

/** @since 0.1.0 @category services */
export class ServedAgents extends Context.Tag("effixir/server/ServedAgents")<ServedAgents, {
  /** The folder of a new session, as it is to be noted; the usual one where none is named. */
  readonly workspace: (named: string | undefined) => Effect.Effect<string | undefined, ApiError>
  /** The agent for the next turn of a session, as long as the Scope is open. */
  readonly agent: (served: Served) => Effect.Effect<Serving, ApiError, Scope.Scope>
  /** How many tokens the window of a model has, where that is known. */
  readonly window: (model: string) => Effect.Effect<number | undefined>
}>() {}

/**
 * One agent for all sessions, whatever folder they name: for a host that has its own.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ServedAgents, never, Agent> = Layer.effect(
  ServedAgents,
  Effect.map(Agent, (agent) => ({
    workspace: (named) => Effect.succeed(named),
    agent: ({ events, model = lastUsed(events.map(({ event }) => event)).model }) =>
      Effect.succeed({ agent, options: defined({ model }), teach: Effect.succeed }),
    window: () => Effect.succeed(undefined)
  }))
)
