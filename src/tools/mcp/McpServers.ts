/**
 * The MCP servers of an agent, as `config.json` and a project's `.mcp.json` name them.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import type { Item } from "../../responses/Item.ts"
import type { ToolFailure } from "../Tool.ts"
import type * as McpPrompt from "./McpPrompt.ts"

/**
 * A text, or the variable of the environment that has it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Value = Schema.Union(Schema.String, Schema.Struct({ env: Schema.NonEmptyString }))

/** @since 0.1.0 @category models */
export type Value = typeof Value.Type

const isAddress = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)

/** In seconds; a longer time would make a timer fire at once. */
const Seconds = Schema.Number.pipe(Schema.greaterThan(0), Schema.lessThanOrEqualTo(86_400))

const common = {
  enabled: Schema.optional(Schema.Boolean),
  required: Schema.optional(Schema.Boolean),
  enabled_tools: Schema.optional(Schema.Array(Schema.String)),
  disabled_tools: Schema.optional(Schema.Array(Schema.String)),
  startup_timeout: Schema.optional(Seconds),
  tool_timeout: Schema.optional(Seconds),
  /** Whether the server hears which folder the agent works in. Some then leave the folders that they were given. */
  roots: Schema.optional(Schema.Boolean),
  /** Whether the server may have the model answer something, at the expense of the person, who is asked each time. */
  sampling: Schema.optional(Schema.Boolean)
}

/**
 * A program that speaks over its stdin and stdout.
 *
 * @since 0.1.0
 * @category schemas
 */
export const StdioServer = Schema.Struct({
  command: Schema.NonEmptyString,
  args: Schema.optional(Schema.Array(Schema.String)),
  env: Schema.optional(Schema.Record({ key: Schema.NonEmptyString, value: Value })),
  cwd: Schema.optional(Schema.NonEmptyString),
  /** Whether it runs in the sandbox of commands, where there is one; it does unless this is false. */
  sandbox: Schema.optional(Schema.Boolean),
  /** Folders in which it may write there, beside those in which commands may. */
  sandbox_writable: Schema.optional(Schema.Array(Schema.NonEmptyString)),
  ...common
})

/** @since 0.1.0 @category models */
export type StdioServer = typeof StdioServer.Type

/**
 * A server that is reached by its address.
 *
 * @since 0.1.0
 * @category schemas
 */
export const HttpServer = Schema.Struct({
  url: Schema.String.pipe(Schema.filter(isAddress)),
  headers: Schema.optional(
    Schema.Record({ key: Schema.String.pipe(Schema.pattern(/^[\w!#$%&'*+.^`|~-]+$/)), value: Value })
  ),
  bearer_token_env_var: Schema.optional(Schema.NonEmptyString),
  ...common
})

/** @since 0.1.0 @category models */
export type HttpServer = typeof HttpServer.Type

/** @since 0.1.0 @category schemas */
export const Server = Schema.Union(StdioServer, HttpServer)

/** @since 0.1.0 @category models */
export type Server = typeof Server.Type

/**
 * Servers by name.
 *
 * @since 0.1.0
 * @category schemas
 */
export const McpServers = Schema.Record({ key: Schema.NonEmptyTrimmedString, value: Server })

/** @since 0.1.0 @category models */
export type McpServers = typeof McpServers.Type

/**
 * A server with where it is named: `user` is a person's own `config.json`, `project` the project's `.mcp.json`, `editor`
 * the editor that the agent works in, and `from` the file itself, or words for it. In the place of a server that cannot be
 * used stands why, as the end of a sentence.
 *
 * @since 0.1.0
 * @category models
 */
export interface Configured {
  readonly name: string
  readonly source: "user" | "project" | "editor"
  readonly from: string
  readonly server: Either.Either<Server, string>
}

/**
 * A server that an agent has started.
 *
 * @since 0.1.0
 * @category models
 */
export interface Running {
  readonly configured: Configured
  /** What it has, or why it cannot be used, once it is ready or has failed to be. */
  readonly state: Effect.Effect<State>
  /** The same as far as it is known. */
  readonly now: () => State
  /** What a prompt of it says, as parts of a message. */
  readonly prompt: (
    name: string,
    args: { readonly [name: string]: string }
  ) => Effect.Effect<ReadonlyArray<Item>, ToolFailure>
}

/** @since 0.1.0 @category models */
export interface State {
  readonly tools: ReadonlyArray<{ readonly name: string }>
  readonly prompts: ReadonlyArray<McpPrompt.Listed>
  readonly problem: string | undefined
}

/** @since 0.1.0 @category accessors */
export const transportOf = ({ server }: Configured): "stdio" | "http" =>
  Either.isRight(server) && "url" in server.right ? "http" : "stdio"

/** @since 0.1.0 @category accessors */
export const isEnabled = ({ server }: Configured): boolean => Either.isLeft(server) || server.right.enabled !== false

/**
 * The variables of the environment that it takes its values from when it is started.
 *
 * @since 0.1.0
 * @category accessors
 */
export const variablesOf = ({ server }: Configured): ReadonlyArray<string> => {
  if (Either.isLeft(server)) return []
  const { bearer_token_env_var, env, headers } = {
    bearer_token_env_var: undefined,
    env: {},
    headers: {},
    ...server.right
  }
  const named = Object.values({ ...env, ...headers }).flatMap((value) => typeof value === "string" ? [] : [value.env])
  return bearer_token_env_var === undefined ? named : [...named, bearer_token_env_var]
}

/**
 * A person's servers and those of a project. A project cannot put another one in the place of a person's own: rules about
 * its tools would then hold for something else.
 *
 * @example
 * ```ts
 * import * as Either from "effect/Either"
 * import { McpServers } from "effixir/tools"
 *
 * const lookup = (name: string) => Either.right(name === "HOME" ? "/home/ada" : undefined)
 *
 * // A person's own servers, and those that a project names.
 * const all = (json: unknown) =>
 *   McpServers.merge(
 *     McpServers.ofSettings({ files: { command: "mcp-files", env: { TOKEN: { env: "FILES_TOKEN" } } } }, "config.json"),
 *     McpServers.ofProject(json, ".mcp.json", lookup) ?? []
 *   )
 *
 * // What a list says of each.
 * const lines = (json: unknown) =>
 *   all(json).filter(McpServers.isEnabled).map((server) =>
 *     `${server.name} (${McpServers.transportOf(server)}) reads ${McpServers.variablesOf(server).join(", ")}`
 *   )
 *
 * const ofAnotherProgram = McpServers.read({ type: "http", url: "https://mcp.example.com" })
 * const folder = McpServers.expand("${HOME}/notes", lookup)
 * ```
 *
 * @since 0.1.0
 * @category combining
 */
export const merge = (
  own: ReadonlyArray<Configured>,
  ofProject: ReadonlyArray<Configured>
): ReadonlyArray<Configured> => {
  const names = new Set(own.map(({ name }) => name))
  return [...own, ...ofProject.filter(({ name }) => !names.has(name))]
}

/**
 * The servers of `config.json`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofSettings = (servers: McpServers, from: string): ReadonlyArray<Configured> =>
  Object.entries(servers).map(([name, server]) => ({ name, source: "user", from, server: Either.right(server) }))

/**
 * The servers of a `.mcp.json`, with the values that `lookup` has for its variables. One that cannot be used does not
 * stand in the way of the others; nothing if the file is no list of servers.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofProject = (
  json: unknown,
  from: string,
  lookup: (name: string) => Either.Either<string | undefined, string>
): ReadonlyArray<Configured> | undefined => {
  const servers = Predicate.isReadonlyRecord(json) ? json["mcpServers"] ?? {} : undefined
  if (!Predicate.isReadonlyRecord(servers)) return undefined
  return Object.entries(servers).map(([name, given]) => ({
    name,
    source: "project",
    from,
    server: Either.map(Either.flatMap(expandAll(given, lookup), read), keptIn)
  }))
}

/** What lets a server out of the sandbox, or use the model, is for a person to say, in a file of their own. */
const keptIn = (server: Server): Server =>
  "command" in server
    ? Struct.omit(server, "sampling", "sandbox", "sandbox_writable")
    : Struct.omit(server, "sampling")

const decodeServer: (json: unknown) => Option.Option<Server> = Schema.decodeUnknownOption(Server)

/**
 * A server as another program names it. What only that program knows, as `type`, is left out.
 *
 * @since 0.1.0
 * @category parsing
 */
export const read = (json: unknown): Either.Either<Server, string> =>
  Either.fromOption(decodeServer(json), () => "expected command (a text) with args and env, or url with headers")

const expandAll = (
  value: unknown,
  lookup: (name: string) => Either.Either<string | undefined, string>
): Either.Either<unknown, string> => {
  if (typeof value === "string") return expand(value, lookup)
  if (Array.isArray(value)) return Either.all(value.map((one) => expandAll(one, lookup)))
  return Predicate.isReadonlyRecord(value)
    ? Either.map(
      Either.all(
        Object.entries(value).map(([name, one]) => Either.map(expandAll(one, lookup), (one) => [name, one] as const))
      ),
      (entries) => Object.fromEntries(entries)
    )
    : Either.right(value)
}

/**
 * A text with the values of `${NAME}` and `${NAME:-otherwise}`. One without a value is a problem.
 *
 * @since 0.1.0
 * @category parsing
 */
export const expand = (
  text: string,
  lookup: (name: string) => Either.Either<string | undefined, string>
): Either.Either<string, string> => {
  let problem: string | undefined
  const expanded = text.replaceAll(
    /\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g,
    (_, name: string, otherwise: string | undefined) => {
      const found = lookup(name)
      if (Either.isLeft(found)) problem ??= found.left
      const value = Either.getOrUndefined(found) || otherwise
      if (value === undefined) problem ??= `the variable ${name} of the environment is not set`
      return value ?? ""
    }
  )
  return problem === undefined ? Either.right(expanded) : Either.left(problem)
}
