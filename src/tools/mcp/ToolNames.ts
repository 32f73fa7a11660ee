/**
 * Names of the tools of MCP servers, as models call them: `mcp__SERVER__TOOL`, in the characters that servers of models
 * accept.
 *
 * @internal
 */
import * as Hash from "effect/Hash"

/** @since 0.1.0 @category models */
export interface Named {
  readonly server: string
  readonly tool: string
}

const maxLength = 64

/**
 * The names of tools, in their order. Names that had to be changed, and come out alike or too long, get a mark of their
 * own, so that each leads back to one tool.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (tools: ReadonlyArray<Named>): ReadonlyArray<string> => {
  const all = tools.map((named) => ({ named, plain: plainOf(named) }))
  const count = new Map<string, number>()
  for (const { plain } of all) count.set(plain, (count.get(plain) ?? 0) + 1)
  const taken = new Set(all.flatMap(({ plain }) => isShort(plain) && count.get(plain) === 1 ? [plain] : []))
  return all.map(({ named, plain }) => {
    if (isShort(plain) && count.get(plain) === 1) return plain
    for (let n = 0;; n++) {
      const mark = `_${(Hash.string(`${named.server}\0${named.tool}\0${n}`) >>> 0).toString(16).padStart(8, "0")}`
      const name = plain.slice(0, maxLength - mark.length) + mark
      if (taken.has(name)) continue
      taken.add(name)
      return name
    }
  })
}

const plainOf = ({ server, tool }: Named): string => `mcp__${clean(server)}__${clean(tool)}`

const isShort = (name: string): boolean => name.length <= maxLength

const clean = (name: string): string => name.replaceAll(/[^a-zA-Z0-9_-]+/g, "_")
