/**
 * A set of tools with distinct names.
 *
 * @since 0.1.0
 */
import type { Tool } from "./Tool.ts"

/**
 * Tools by name, in the order in which the model is told of them. `R` is what all of them need.
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
): Toolkit<Requirements<Tools>> => ({
  tools: new Map(tools.map((tool) => [tool.declaration.name, tool as Tool<Requirements<Tools>>]))
})

/** @since 0.1.0 @category constructors */
export const empty: Toolkit = { tools: new Map() }

/**
 * All tools of both. Where both have a name, the second one's tool counts.
 *
 * @since 0.1.0
 * @category combining
 */
export const merge = <R, R2>(self: Toolkit<R>, that: Toolkit<R2>): Toolkit<R | R2> => ({
  tools: new Map<string, Tool<R | R2>>([...self.tools, ...that.tools])
})

type Requirements<Tools extends ReadonlyArray<Tool<unknown>>> = Tools[number] extends Tool<infer R> ? R : never
