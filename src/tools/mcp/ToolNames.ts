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

/** So that the name of the tool is still told. */
const maxServer = 32

/**
 * The names of tools, in their order. Names that had to be changed, and come out alike or too long, get a mark of their
 * own, so that each leads back to one tool. What stands before the tool is of one server alone: a rule about the tools
 * of `files` holds for none of `files__other`, and of servers with names alike for the first, also while that has no tools.
 *
 * @param known the servers there are, in their order
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (tools: ReadonlyArray<Named>, known: ReadonlyArray<string> = []): ReadonlyArray<string> => {
  const servers = serversOf([...known, ...tools.map(({ server }) => server)])
  const all = tools.map((named) => ({ named, plain: `mcp__${servers.get(named.server)}__${clean(named.tool)}` }))
  const count = new Map<string, number>()
  for (const { plain } of all) count.set(plain, (count.get(plain) ?? 0) + 1)
  const isPlain = (plain: string) => plain.length <= maxLength && count.get(plain) === 1
  const taken = new Set(all.flatMap(({ plain }) => isPlain(plain) ? [plain] : []))
  return all.map(({ named, plain }) => {
    if (isPlain(plain)) return plain
    for (let n = 0;; n++) {
      const mark = `_${hash(`${named.server}\0${named.tool}\0${n}`)}`
      const name = plain.slice(0, maxLength - mark.length) + mark
      if (taken.has(name)) continue
      taken.add(name)
      return name
    }
  })
}

const serversOf = (servers: ReadonlyArray<string>): ReadonlyMap<string, string> => {
  const names = new Map<string, string>()
  const taken = new Set<string>()
  for (const server of servers) {
    if (names.has(server)) continue
    const plain = clean(server).replaceAll(/_+/g, "_").replaceAll(/^_|_$/g, "")
    let name = plain
    for (let n = 0; name === "" || name.length > maxServer || taken.has(name); n++) {
      name = `${plain.slice(0, maxServer - 9)}-${hash(`${server}\0${n}`)}`
    }
    taken.add(name)
    names.set(server, name)
  }
  return names
}

const hash = (text: string): string => (Hash.string(text) >>> 0).toString(16).padStart(8, "0")

const clean = (name: string): string => name.replaceAll(/[^a-zA-Z0-9_-]+/g, "_")
