/**
 * The tool `agent`: another agent does a task and gives its answer, in a session of its own.
 *
 * What a child is kept to: its tools are some of its caller's, its permissions at most its caller's, its tokens, money and
 * time its caller's; and children of children stop at a depth.
 *
 * @example
 * ```ts
 * import { Toolkit } from "effixir"
 * import { AgentDefinition, AgentTool } from "effixir/agent"
 * import { BuiltIn } from "effixir/tools"
 *
 * const options = {
 *   agents: AgentDefinition.builtIn,
 *   toolkit: BuiltIn.toolkit,
 *   limits: { ...AgentTool.defaultLimits, maxParallel: 2 }
 * }
 *
 * // What a host gives its agent, beside the tools of its own.
 * const withBackground = AgentTool.toolkit(options)
 * const alone = Toolkit.make(AgentTool.make(options))
 * const isChild = (call: { readonly name: string }) => call.name === AgentTool.name
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Children from "../../prompts/Children.ts"
import type { Item } from "../../responses/Item.ts"
import { makeId } from "../../session/SessionStore.ts"
import type * as Permission from "../../tools/permission/Permission.ts"
import * as Tool from "../../tools/Tool.ts"
import * as Toolkit from "../../tools/Toolkit.ts"
import type { WorkspaceGone } from "../../tools/workspace/Workspace.ts"
import type { Shared } from "../Agent.ts"
import * as AgentDefinition from "./AgentDefinition.ts"
import * as BackgroundAgents from "./BackgroundAgents.ts"

/**
 * - `agents` whom the model can choose from, `general` among them
 * - `toolkit` the tools of the caller; a child gets some of them
 * - `preamble` what a child is told before its task, as its caller was before it heard from the user
 * - `checkWorkspace` fails when the folder is gone
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<R> {
  readonly agents: ReadonlyArray<AgentDefinition.AgentDefinition>
  readonly toolkit: Toolkit.Toolkit<R> | Effect.Effect<Toolkit.Toolkit<R>>
  readonly preamble?: Effect.Effect<ReadonlyArray<Item>> | undefined
  readonly checkWorkspace?: Effect.Effect<void, WorkspaceGone> | undefined
  readonly limits?: ChildLimits | undefined
}

/**
 * How many children of one agent work at a time, and how many agents may stand below the first one.
 *
 * @since 0.1.0
 * @category models
 */
export interface ChildLimits {
  readonly maxParallel?: number | undefined
  readonly maxDepth?: number | undefined
}

/** @since 0.1.0 @category constants */
export const defaultLimits = { maxParallel: 4, maxDepth: 1 } as const

/** @since 0.1.0 @category constants */
export const name = "agent"

/**
 * What running a child needs, beside what its tools need.
 *
 * @since 0.1.0
 * @category models
 */
export type Requirements = Shared | Permission.Requirements

/**
 * The tool, with whose children none stand deeper than the limit.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <R>(options: Options<R>): Tool.Tool<R | Requirements> => atDepth(options, 1)

/**
 * The same, with the tool `agents` for those that work in the background.
 *
 * @since 0.1.0
 * @category constructors
 */
export const toolkit = <R>(options: Options<R>): Toolkit.Toolkit<R | Requirements> => toolsAtDepth(options, 1)

const toolsAtDepth = <R>(options: Options<R>, depth: number): Toolkit.Toolkit<R | Requirements> =>
  Toolkit.make(atDepth(options, depth), BackgroundAgents.tool)

const atDepth = <R>(options: Options<R>, depth: number): Tool.Tool<R | Requirements> => {
  const { agents, limits, toolkit } = options
  const { maxDepth = defaultLimits.maxDepth, maxParallel = defaultLimits.maxParallel } = limits ?? {}
  const named = (given: string = AgentDefinition.general.name) => agents.find(({ name }) => name === given)
  const room = Effect.unsafeMakeSemaphore(maxParallel)
  const below = depth < maxDepth ? toolsAtDepth(options, depth + 1) : Toolkit.empty
  return Tool.make({
    name,
    description: Children.tool(agents),
    parameters: Schema.Struct({
      task: Schema.String.annotations({ description: "What to do, with all that has to be known for it" }),
      agent: Schema.optional(
        Schema.Literal(...agents.map(({ name }) => name)).annotations({
          description: `Who does it; ${AgentDefinition.general.name} by default`
        })
      ),
      background: Schema.optional(Schema.Boolean.annotations({ description: Children.background }))
    }),
    // What a child does is decided about call by call.
    access: () => Tool.nothing,
    concurrency: ({ agent, background = false }) => {
      const found = named(agent)
      return background || found !== undefined && AgentDefinition.onlyLooks(found) ? "parallel" : "exclusive"
    },
    describe: ({ agent = AgentDefinition.general.name, background = false, task }) =>
      `have the agent ${agent} do this${background ? " in the background" : ""}: ${task}`,
    handler: (
      { agent, background = false, task },
      call
    ): Effect.Effect<Tool.Result, Tool.ToolFailure, R | Requirements> => {
      const found = named(agent) ?? AgentDefinition.general
      const work = (call: Tool.CallContext, session: string) =>
        room.withPermits(1)(Effect.gen(function*() {
          // Loaded at the first task: most runs have none.
          const { run } = yield* Effect.promise(() => import("./runChild.ts"))
          const own = Effect.isEffect(toolkit) ? yield* toolkit : toolkit
          return yield* run({ ...options, toolkit: Toolkit.merge(own, below) }, found, task, call, session)
        }))
      return Effect.flatMap(
        makeId,
        (session) => background ? beside(found.name, session, work, call) : work(call, session)
      )
    }
  })
}

/** Begins the work, which goes on beside the turn of the call. */
const beside = Effect.fnUntraced(function*<R>(
  agent: string,
  session: string,
  work: (call: Tool.CallContext, session: string) => Effect.Effect<Tool.Result, Tool.ToolFailure, R>,
  call: Tool.CallContext
) {
  const { background } = call
  if (background === undefined) return yield* new Tool.ToolFailure({ message: Children.notHere })
  /** What it was last told to do, in its session. */
  let last: Tool.Child | undefined
  const id = yield* background.start(
    agent,
    (text, child) => call.progress(text, { ...child, state: "beside" }),
    (progress) => {
      const told: Tool.CallContext["progress"] = (text, child) => {
        last = child ?? last
        return child === undefined ? Effect.void : progress(text, child)
      }
      return Effect.ensuring(
        work({ ...call, progress: told }, session),
        Effect.suspend(() => last === undefined ? Effect.void : call.progress("", { ...last, state: "ended" }))
      )
    }
  )
  return new Tool.Result({
    output: Children.started(agent, id),
    details: { agent, id, background: true, session_id: session }
  })
})
