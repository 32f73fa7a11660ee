/**
 * What a host does at certain points of a session: it adds context, refuses a prompt or a call, changes what a call is
 * run with, or has the model go on. By default there is nothing, which costs nothing.
 *
 * A hook has no error: whoever makes one decides what its failure means. One that guards calls has to refuse them when it
 * fails; a defect ends the turn.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Hooks } from "effixir/agent"
 *
 * const handlers: Hooks.Handlers = {
 *   sessionStart: () => Effect.succeed({ context: ["Today is a day of release: change no migration."] }),
 *   preToolUse: ({ input, tool }) =>
 *     Effect.succeed(
 *       tool === "bash" && JSON.stringify(input).includes("git push")
 *         ? { decision: "deny", reason: "A person pushes" }
 *         : {}
 *     )
 * }
 *
 * // One of the `parts` of `NodeAgent.layer`; for a part of a program it can be taken away again.
 * const Guarded = Hooks.layer(handlers)
 * const Unguarded = Hooks.layerNone
 *
 * const own = Effect.map(Hooks.Hooks, (hooks) => Hooks.ofChild(hooks).preToolUse)
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ToolResult } from "../../tools/ToolExecutor.ts"

/**
 * What a hook says: `context` for the model, and with `stop` the reason why the turn ends here.
 *
 * @since 0.1.0
 * @category models
 */
export interface Said {
  readonly context?: ReadonlyArray<string> | undefined
  readonly stop?: string | undefined
}

/**
 * With `block`, why something is not to be: a prompt is not sent, a compaction is not done, a turn does not end; of a call
 * that has run already, what the model is told beside its output.
 *
 * @since 0.1.0
 * @category models
 */
export interface Objection extends Said {
  readonly block?: string | undefined
}

/**
 * Whether a call may run. `allow` answers a question that only the mode asks; it never outdoes a rule, nor read-only mode.
 * `ask` has it asked about, and `deny` refuses it. `input` is what the tool is given in the place of what the model wrote:
 * the JSON of its arguments, or the plain text of a tool that takes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface CallVerdict extends Said {
  readonly decision?: "allow" | "ask" | "deny" | undefined
  readonly reason?: string | undefined
  readonly input?: unknown
}

/** @since 0.1.0 @category models */
export interface Of {
  readonly sessionId: string
  readonly turnId: string
}

/**
 * A call as it would run: the tool, and the JSON of its arguments, or its plain text.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call extends Of {
  readonly callId: string
  readonly tool: string
  readonly input: unknown
}

/**
 * - `sessionStart` before the first turn that this agent runs of a session
 * - `userPromptSubmit` before a turn begins
 * - `preToolUse` before it is decided whether a call may run
 * - `postToolUse` when a call has run
 * - `stop` when the model has its answer; `isActive` if a hook has made it go on already
 * - `preCompact` before a conversation is compacted
 *
 * @since 0.1.0
 * @category models
 */
export interface Handlers {
  readonly sessionStart?:
    | ((event: Of & { readonly source: "startup" | "resume" }) => Effect.Effect<Said>)
    | undefined
  readonly userPromptSubmit?: ((event: Of & { readonly prompt: string }) => Effect.Effect<Objection>) | undefined
  readonly preToolUse?: ((event: Call) => Effect.Effect<CallVerdict>) | undefined
  readonly postToolUse?: ((event: Call & { readonly result: ToolResult }) => Effect.Effect<Objection>) | undefined
  readonly stop?:
    | ((event: Of & { readonly answer: string; readonly isActive: boolean }) => Effect.Effect<Objection>)
    | undefined
  readonly preCompact?:
    | ((event: { readonly sessionId: string; readonly trigger: "auto" | "manual" }) => Effect.Effect<Objection>)
    | undefined
}

/** @since 0.1.0 @category references */
export class Hooks extends Context.Reference<Hooks>()("effixir/agent/hooks/Hooks", {
  defaultValue: (): Handlers => ({})
}) {}

/** @since 0.1.0 @category layers */
export const layer = (handlers: Handlers): Layer.Layer<never> => Layer.succeed(Hooks, handlers)

/**
 * No hooks at all, which is the default.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerNone: Layer.Layer<never> = layer({})

/**
 * What holds for a child agent: what it calls is guarded like its caller's calls, and the rest is about a person.
 *
 * @since 0.1.0
 * @category filtering
 */
export const ofChild = ({ postToolUse, preCompact, preToolUse }: Handlers): Handlers => ({
  postToolUse,
  preCompact,
  preToolUse
})
