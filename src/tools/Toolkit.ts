/**
 * A set of tools with distinct names.
 *
 * @since 0.1.0
 */
import type { Tool } from "./Tool.ts"

/**
 * Tools by name, in the order in which the model gets them. `R` is what all of them need.
 *
 * @since 0.1.0
 * @category models
 */
export interface Toolkit<out R = never> {
  readonly tools: ReadonlyMap<string, Tool<R>>
}

/** @since 0.1.0 @category constructors */
export const make = <const Tools extends ReadonlyArray<Tool<unknown>>>(
  ...tools: Tools
): Toolkit<Requirements<Tools>> => fromTools(tools as ReadonlyArray<Tool<Requirements<Tools>>>)

/** @since 0.1.0 @category constructors */
export const empty: Toolkit = { tools: new Map() }

/**
 * All tools of both. Where both have a tool of the same name, the second one's counts.
 *
 * @since 0.1.0
 * @category combining
 */
export const merge = <R, R2>(self: Toolkit<R>, that: Toolkit<R2>): Toolkit<R | R2> => ({
  tools: new Map<string, Tool<R | R2>>([...self.tools, ...that.tools])
})

/**
 * The tools that a predicate lets through.
 *
 * @since 0.1.0
 * @category filtering
 */
export const filter = <R>(self: Toolkit<R>, predicate: (tool: Tool<R>) => boolean): Toolkit<R> =>
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

const fromTools = <R>(tools: ReadonlyArray<Tool<R>>): Toolkit<R> => ({
  tools: new Map(tools.map((tool) => [tool.name, tool]))
})

type Requirements<Tools extends ReadonlyArray<Tool<unknown>>> = Tools[number] extends Tool<infer R> ? R : never
