/**
 * An agent that others can have work for them, as a value: what it is called and for, and what it may use.
 *
 * @example
 * ```ts
 * import { AgentDefinition } from "effixir/agent"
 *
 * const release: AgentDefinition.AgentDefinition = {
 *   ...AgentDefinition.general,
 *   name: "release",
 *   description: "Writes the notes of a release",
 *   tools: ["Read", "Grep", "Write"]
 * }
 * AgentDefinition.hasTool(release, "write") // true
 * AgentDefinition.onlyLooks(release) // false
 *
 * const { builtIn, explore, review } = AgentDefinition
 * const all = AgentDefinition.withBuiltIn([release, { ...explore, model: "gpt-5.5" }])
 * const looking = builtIn.filter(AgentDefinition.onlyLooks) // explore and review
 * const isThere = looking.includes(review)
 * ```
 *
 * @since 0.1.0
 */
import * as Children from "../../prompts/Children.ts"

/**
 * - `description` what it is for, for the model that may call it
 * - `instructions` what it is told beside its task and its surroundings
 * - `model`, `effort` those of its caller by default
 * - `tools` the names of the tools that it gets of those that its caller has; all by default. `mcp__files__*` is for all
 *   whose names begin so
 * - `isReadOnly` whether it may only read, whatever its caller may: then several can work at once
 * - `path` the file that describes it; absent for those that are built in
 *
 * @since 0.1.0
 * @category models
 */
export interface AgentDefinition {
  readonly name: string
  readonly description: string
  readonly instructions: string
  readonly model?: string | undefined
  readonly effort?: string | undefined
  readonly tools?: ReadonlyArray<string> | undefined
  readonly isReadOnly: boolean
  readonly path?: string | undefined
}

const looking = ["read", "grep", "find", "ls", "bash"]

/** @since 0.1.0 @category agents */
export const general: AgentDefinition = { name: "general", ...Children.general, isReadOnly: false }

/** @since 0.1.0 @category agents */
export const explore: AgentDefinition = { name: "explore", ...Children.explore, tools: looking, isReadOnly: true }

/** @since 0.1.0 @category agents */
export const review: AgentDefinition = { name: "review", ...Children.review, tools: looking, isReadOnly: true }

/**
 * Those that every agent has.
 *
 * @since 0.1.0
 * @category agents
 */
export const builtIn: ReadonlyArray<AgentDefinition> = [general, explore, review]

/**
 * These and those that are built in, in the order of their names. Of the same name the later counts, so that a person can
 * have another `review`.
 *
 * @since 0.1.0
 * @category combining
 */
export const withBuiltIn = (own: ReadonlyArray<AgentDefinition>): ReadonlyArray<AgentDefinition> =>
  [...new Map([...builtIn, ...own].map((one) => [one.name, one])).values()].toSorted((a, b) => a.name < b.name ? -1 : 1)

/**
 * Whether an agent gets a tool: by its name here, or by what Claude Code calls it.
 *
 * @since 0.1.0
 * @category predicates
 */
export const hasTool = ({ tools }: AgentDefinition, name: string): boolean =>
  tools === undefined || tools.some((given) => {
    const wanted = names.get(given.toLowerCase()) ?? [given]
    return wanted.some((one) => one.endsWith("*") ? name.startsWith(one.slice(0, -1)) : one === name)
  })

const changes = ["edit", "apply_patch"]

/** A model has one of the two tools that change a part of a file. */
const names: ReadonlyMap<string, ReadonlyArray<string>> = new Map([
  ["edit", changes],
  ["multiedit", changes],
  ["apply_patch", changes],
  ["glob", ["find"]],
  ["websearch", ["web_search"]],
  ["task", ["agent"]],
  ...["read", "write", "bash", "grep", "find", "ls", "agent"].map((name): [string, [string]] => [name, [name]])
])

/**
 * Whether an agent changes nothing, so that others can work beside it.
 *
 * @since 0.1.0
 * @category predicates
 */
export const onlyLooks = ({ isReadOnly, tools }: AgentDefinition): boolean =>
  isReadOnly || tools !== undefined && tools.every((name) => lookers.has(name.toLowerCase()))

const lookers: ReadonlySet<string> = new Set(["read", "grep", "find", "glob", "ls", "web_search", "websearch"])
