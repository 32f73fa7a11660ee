/**
 * The MCP servers of an agent, and their tools. It is loaded only where a server is named.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { ConfigError } from "../../auth/ConfigError.ts"
import { field } from "../../internal/json.ts"
import { quote } from "../../internal/quote.ts"
import * as McpServers from "../../tools/mcp/McpServers.ts"
import * as McpTool from "../../tools/mcp/McpTool.ts"
import * as ToolNames from "../../tools/mcp/ToolNames.ts"
import * as ToolSearch from "../../tools/mcp/ToolSearch.ts"
import type * as Tool from "../../tools/Tool.ts"
import type * as Toolkit from "../../tools/Toolkit.ts"
import * as ProcessWatcher from "../process/ProcessWatcher.ts"
import * as ServerConnection from "./ServerConnection.ts"
import type * as ServerQuestions from "./ServerQuestions.ts"

/** @since 0.1.0 @category models */
export interface Options {
  /** The folder that the agent works in. */
  readonly folder: string
  /** How many tokens the model takes, where that is known. */
  readonly window?: number | undefined
  /** Who answers what a server asks; nobody without it. */
  readonly person?: ServerQuestions.Person
  /** What keeps servers in that are programs; nothing without it. */
  readonly within?: ServerConnection.Options["within"]
}

/**
 * Starts the servers side by side; they are stopped with the Scope. The toolkit waits until each of them is ready or has
 * failed to be, and tells a person once of those that have.
 *
 * Fails if one that is required does not start; it alone is waited for.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(servers: ReadonlyArray<McpServers.Configured>, options: Options) {
  const all = yield* connect(servers.filter(McpServers.isEnabled), options)
  for (const { configured, name, state } of all) {
    if (!isRequired(configured)) continue
    const { problem } = yield* state
    if (problem === undefined) continue
    return yield* new ConfigError({
      key: `mcp_servers.${name}`,
      source: configured.from,
      expected: `the server is required, and could not be started: ${problem}`
    })
  }
  const show = yield* ToolSearch.make(options.window)
  const told = new Set<string>()
  let built: { readonly states: ReadonlyArray<ServerConnection.State>; readonly groups: Groups } | undefined

  const groups = () => {
    const states = all.map(({ now }) => now())
    if (built === undefined || built.states.some((state, at) => state !== states[at])) {
      built = { states, groups: toGroups(all, servers.map(({ name }) => name)) }
    }
    return built.groups
  }

  const tell = Effect.forEach(all, ({ name, state }) =>
    Effect.flatMap(state, ({ problem }) => {
      if (problem === undefined || told.has(name)) return Effect.void
      told.add(name)
      return Effect.logWarning(
        `the MCP server ${quote(name)} could not be started: ${problem}. The run goes on without it`
      )
    }), { discard: true })

  const toolkit: Effect.Effect<Toolkit.Toolkit> = Effect.zipRight(tell, Effect.suspend(() => show(groups())))
  return { toolkit, servers: all }
})

/**
 * Starts servers side by side, in their order; they are stopped with the Scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const connect = Effect.fnUntraced(
  function*(servers: ReadonlyArray<McpServers.Configured>, { folder, person = {}, within }: Options) {
    const watcher = yield* ProcessWatcher.make
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.parallel)
    return yield* Effect.forEach(
      servers,
      (server) => ServerConnection.make(server, { folder, person, watcher, within })
    ).pipe(
      Scope.extend(scope)
    )
  }
)

const isRequired = ({ server }: McpServers.Configured): boolean =>
  server._tag === "Right" && server.right.required === true

type Groups = ReadonlyArray<ToolSearch.Group>

const toGroups = (
  servers: ReadonlyArray<ServerConnection.ServerConnection>,
  known: ReadonlyArray<string>
): Groups => {
  const offered = servers.flatMap((server) => {
    const { hasResources, tools } = server.now()
    return [
      ...tools.map((tool) => ({ server, tool, called: tool.name })),
      ...hasResources ? resourceTools.map((called) => ({ server, tool: undefined, called })) : []
    ]
  })
  const names = ToolNames.make(
    offered.map(({ called, server, tool }) => ({
      server: server.name,
      // A server may have a tool of this name itself.
      tool: tool === undefined && offered.some((other) => other.server === server && other.tool?.name === called)
        ? `${called}_`
        : called
    })),
    known
  )
  const nameOf = new Map(offered.map(({ called, server, tool }, at) => [keyOf(server, tool, called), names[at] ?? ""]))
  return servers.map((server) => {
    const { hasResources, tools } = server.now()
    return {
      server: server.name,
      tools: [
        ...tools.map((tool) => toTool(server, tool, nameOf.get(keyOf(server, tool, tool.name)) ?? "")),
        ...hasResources
          ? resourcesOf(server, {
            list: nameOf.get(keyOf(server, undefined, "list_resources")) ?? "",
            read: nameOf.get(keyOf(server, undefined, "read_resource")) ?? ""
          })
          : []
      ]
    }
  })
}

const resourceTools = ["list_resources", "read_resource"]

const keyOf = (
  { name }: ServerConnection.ServerConnection,
  tool: ServerConnection.Versioned | undefined,
  called: string
): string => JSON.stringify([name, tool !== undefined, called])

const toTool = (
  server: ServerConnection.ServerConnection,
  tool: ServerConnection.Versioned,
  name: string
): Tool.Tool =>
  McpTool.make({
    name,
    server: server.name,
    listed: tool,
    version: tool.version,
    call: (args, { agreed, budget, progress }) =>
      server.ask(
        { method: "tools/call", params: { name: tool.name, arguments: args } },
        {
          progress,
          budget,
          agreed: agreed === undefined ? undefined : { tool: tool.name, called: name, version: agreed }
        }
      )
  })

const resourcesOf = (
  server: ServerConnection.ServerConnection,
  names: McpTool.ResourceOptions["names"]
): ReadonlyArray<Tool.Tool> =>
  McpTool.resources({
    names,
    server: server.name,
    list: Effect.gen(function*() {
      const resources = field(yield* server.ask({ method: "resources/list" }), "resources")
      const templates = yield* Effect.option(server.ask({ method: "resources/templates/list" }))
      return { resources, templates: field(Option.getOrUndefined(templates), "resourceTemplates") }
    }),
    read: (uri) => server.ask({ method: "resources/read", params: { uri } })
  })
