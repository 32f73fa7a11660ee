/**
 * The tools of MCP servers as tools of ours.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { isDeep, text } from "../../internal/json.ts"
import * as Told from "../../prompts/McpTools.ts"
import type { Output } from "../../responses/ToolCall.ts"
import * as Tool from "../Tool.ts"
import * as McpResult from "./McpResult.ts"
import * as ToolSchemas from "./ToolSchemas.ts"

/**
 * A tool as its server describes it. What the annotations say are hints of the server's, which nobody has checked.
 *
 * @since 0.1.0
 * @category models
 */
export interface Listed {
  readonly name: string
  readonly title: string | undefined
  readonly description: string
  readonly inputSchema: unknown
  readonly isReadOnly: boolean
  readonly isDestructive: boolean
}

/** How many tools a server may have, and how long one may be described, in characters. */
const maxTools = 500
const maxSchema = 64 * 1024

/**
 * The tools of an answer to `tools/list`. One that cannot be used is left out, and so is one that can only be run as a
 * task, which the protocol has for clients that wait for long.
 *
 * @since 0.1.0
 * @category parsing
 */
export const listedIn = (answer: unknown): ReadonlyArray<Listed> => {
  const tools = Predicate.isReadonlyRecord(answer) ? answer["tools"] : undefined
  return Array.isArray(tools) ? tools.slice(0, maxTools).flatMap((tool: unknown) => listed(tool) ?? []) : []
}

const listed = (tool: unknown): Listed | undefined => {
  if (!Predicate.isReadonlyRecord(tool)) return undefined
  const name = text(tool["name"])
  const { annotations, execution, inputSchema } = tool
  const isTask = Predicate.isReadonlyRecord(execution) && execution["taskSupport"] === "required"
  if (name === undefined || name === "" || isTask || isDeep(inputSchema)) return undefined
  if (JSON.stringify(inputSchema ?? {}).length > maxSchema) return undefined
  const hints = Predicate.isReadonlyRecord(annotations) ? annotations : {}
  return {
    name,
    title: text(tool["title"]) ?? text(hints["title"]),
    description: text(tool["description"]) ?? "",
    inputSchema,
    isReadOnly: hints["readOnlyHint"] === true,
    isDestructive: hints["destructiveHint"] === true
  }
}

/** @since 0.1.0 @category models */
export interface Options {
  /** What the model calls it. */
  readonly name: string
  readonly server: string
  readonly listed: Listed
  /** Tells this description of the tool from every other one. */
  readonly version: string
  /**
   * The result of the server, whatever it is. Where the context has a version that was agreed to, the call is made only
   * while the server offers that one.
   */
  readonly call: (args: Tool.Arguments, context: Tool.CallContext) => Effect.Effect<unknown, Tool.ToolFailure>
}

/**
 * A tool that runs at a server. An approval holds for the tool as it is described when it is given, and for a tool that
 * says of itself that it destroys something only for the same call.
 *
 * @example
 * ```ts
 * import type * as Effect from "effect/Effect"
 * import { type Tool, Toolkit } from "effixir"
 * import { McpTool } from "effixir/tools"
 *
 * type Ask = (method: string, params: { readonly [name: string]: unknown }) => Effect.Effect<unknown, Tool.ToolFailure>
 *
 * // The tools of a server that a client of your own is connected to.
 * const toolkit = (answer: unknown, ask: Ask) =>
 *   Toolkit.make(
 *     ...McpTool.listedIn(answer).map((listed) =>
 *       McpTool.make({
 *         name: `mcp__notes__${listed.name}`,
 *         server: "notes",
 *         listed,
 *         version: JSON.stringify(listed),
 *         call: (args) => ask("tools/call", { name: listed.name, arguments: args })
 *       })
 *     ),
 *     ...McpTool.resources({
 *       names: { list: "mcp__notes__list_resources", read: "mcp__notes__read_resource" },
 *       server: "notes",
 *       list: ask("resources/list", {}),
 *       read: (uri) => ask("resources/read", { uri })
 *     })
 *   )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ call, listed, name, server, version }: Options): Tool.Tool =>
  Tool.fromJsonSchema({
    name,
    description: ToolSchemas.cut(listed.description.trim() || listed.title || listed.name),
    parameters: ToolSchemas.clean(listed.inputSchema),
    concurrency: listed.isReadOnly ? "parallel" : "exclusive",
    access: (args) => ({ kind: "other", version, once: listed.isDestructive ? JSON.stringify(args) : undefined }),
    describe: (args) => `call ${listed.name} of the server ${server} with ${JSON.stringify(args)}`,
    handler: (args, context) => Effect.flatMap(call(args, context), McpResult.toOutput)
  })

/** @since 0.1.0 @category models */
export interface ResourceOptions {
  readonly names: { readonly list: string; readonly read: string }
  readonly server: string
  readonly list: Effect.Effect<unknown, Tool.ToolFailure>
  readonly read: (uri: string) => Effect.Effect<unknown, Tool.ToolFailure>
}

/**
 * What a server has to read, as two tools.
 *
 * @since 0.1.0
 * @category constructors
 */
export const resources = ({ list, names, read, server }: ResourceOptions): ReadonlyArray<Tool.Tool> => [
  Tool.make({
    name: names.list,
    description: Told.listResources(server),
    parameters: Schema.Struct({}),
    describe: () => `list the resources of the server ${server}`,
    handler: () => Effect.map(list, (found) => JSON.stringify(found))
  }),
  Tool.make({
    name: names.read,
    description: Told.readResource(server),
    parameters: Schema.Struct({
      uri: Schema.String.annotations({ description: "The address, as the list of resources has it" })
    }),
    describe: ({ uri }) => `read ${uri} of the server ${server}`,
    handler: ({ uri }): Effect.Effect<Output, Tool.ToolFailure> => Effect.map(read(uri), McpResult.ofResource)
  })
]
