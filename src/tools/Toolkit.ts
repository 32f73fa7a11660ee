/**
 * A set of tools with distinct names.
 *
 * @since 0.1.0
 */
import type * as Context from "effect/Context"
import * as Schema from "effect/Schema"
import { FunctionTool } from "../responses/Request.ts"
import * as Tool from "./Tool.ts"

/**
 * Tools by name, in the order in which the model gets them. `R` is what all of them need.
 *
 * @since 0.1.0
 * @category models
 */
export interface Toolkit<out R = never> {
  readonly tools: ReadonlyMap<string, Tool.Tool<R>>
}

/**
 * Throws if servers would refuse the tools: a name that is not 1 to 64 letters, digits, `_` and `-`, two tools of one
 * name, or parameters that are no object.
 *
 * @example
 * ```ts
 * import * as Context from "effect/Context"
 * import { BuiltIn, Tool, Toolkit } from "effixir"
 *
 * const search = Toolkit.make(Tool.hosted({ type: "web_search" }))
 * const all = Toolkit.merge(BuiltIn.make(), search)
 *
 * const looking = Toolkit.pick(all, "read", "grep", "find", "ls", "web_search")
 * const withoutShell = Toolkit.omit(all, "bash")
 * const short = Toolkit.filter(all, ({ name }) => name.length <= 4)
 * const provided = Toolkit.provide(search, Context.empty())
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <const Tools extends ReadonlyArray<Tool.Tool<unknown>>>(
  ...tools: Tools
): Toolkit<Requirements<Tools>> => {
  const problem = problemOf(tools)
  if (problem !== undefined) throw new Error(`Invalid toolkit: ${problem}`)
  return fromTools(tools as ReadonlyArray<Tool.Tool<Requirements<Tools>>>)
}

/** @since 0.1.0 @category constructors */
export const empty: Toolkit = { tools: new Map() }

/**
 * All tools of both. Where both have a tool of the same name, the second one's counts.
 *
 * @since 0.1.0
 * @category combining
 */
export const merge = <R, R2>(self: Toolkit<R>, that: Toolkit<R2>): Toolkit<R | R2> => ({
  tools: new Map<string, Tool.Tool<R | R2>>([...self.tools, ...that.tools])
})

/**
 * The tools that a predicate lets through.
 *
 * @since 0.1.0
 * @category filtering
 */
export const filter = <R>(self: Toolkit<R>, predicate: (tool: Tool.Tool<R>) => boolean): Toolkit<R> =>
  fromTools([...self.tools.values()].filter(predicate))

/**
 * The tools with these names; unknown names are ignored.
 *
 * @since 0.1.0
 * @category filtering
 */
export const pick = <R>(self: Toolkit<R>, ...names: ReadonlyArray<string>): Toolkit<R> =>
  filter(self, ({ name }) => names.includes(name))

/**
 * The tools with other names than these.
 *
 * @since 0.1.0
 * @category filtering
 */
export const omit = <R>(self: Toolkit<R>, ...names: ReadonlyArray<string>): Toolkit<R> =>
  filter(self, ({ name }) => !names.includes(name))

/**
 * The same tools with some of what their handlers need, as for tools of different owners in one toolkit.
 *
 * @since 0.1.0
 * @category context
 */
export const provide = <R, Given>(
  self: Toolkit<R | Given>,
  services: Context.Context<Given>
): Toolkit<R> => fromTools(Array.from(self.tools.values(), (tool) => Tool.provide<R, Given>(tool, services)))

const problemOf = (tools: ReadonlyArray<Tool.Tool<unknown>>): string | undefined => {
  const seen = new Set<string>()
  for (const { declaration, name } of tools) {
    const quoted = JSON.stringify(name)
    if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name)) {
      return `a tool is named ${quoted}, but a name is 1 to 64 letters, digits, "_" and "-"`
    }
    if (seen.has(name)) return `two tools are named ${quoted}`
    seen.add(name)
    if (isFunctionTool(declaration) && declaration.parameters["type"] !== "object") {
      return `the parameters of ${quoted} are no object`
    }
  }
  return undefined
}

const isFunctionTool = Schema.is(FunctionTool)

const fromTools = <R>(tools: ReadonlyArray<Tool.Tool<R>>): Toolkit<R> => ({
  tools: new Map(tools.map((tool) => [tool.name, tool]))
})

type Requirements<Tools extends ReadonlyArray<Tool.Tool<unknown>>> = [Tools[number]] extends [never] ? never
  : Tools[number] extends Tool.Tool<infer R> ? R
  : never
