/**
 * What a person has set once for all runs, in `config.json`.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { ConfigError } from "../../auth/ConfigError.ts"
import { closest } from "../../internal/closest.ts"
import { diskProblem } from "../../internal/diskProblem.ts"
import { isNotFound } from "../../internal/isNotFound.ts"
import { lazily } from "../../internal/lazily.ts"
import { Overrides } from "../../responses/account/ModelProfile.ts"
import * as Sandbox from "../../tools/command/Sandbox.ts"
import { McpServers } from "../../tools/mcp/McpServers.ts"
import { Mode } from "../../tools/permission/Mode.ts"
import * as StateFile from "../files/StateFile.ts"
import * as HookSettings from "../hooks/HookSettings.ts"
import * as Jsonc from "./Jsonc.ts"
import { Servers } from "./Servers.ts"

type Services = FileSystem.FileSystem | Path.Path

/**
 * How model calls travel: as server-sent events, over a WebSocket, or over one where that works.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Transport = Schema.Literal("sse", "websocket", "auto")

/** @since 0.1.0 @category models */
export type Transport = typeof Transport.Type

/**
 * Which API the server speaks.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Dialect = Schema.Literal("responses", "chat-completions")

/** @since 0.1.0 @category models */
export type Dialect = typeof Dialect.Type

/**
 * When to wait until the disk has what a session has logged.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Durability = Schema.Literal("none", "turn", "step")

const Agents = Schema.Struct({
  max_parallel: Schema.optional(Schema.Int.pipe(Schema.between(1, 16))),
  max_depth: Schema.optional(Schema.Int.pipe(Schema.between(0, 4)))
})

const setting = <A, I>(schema: Schema.Schema<A, I>, description: string) =>
  Schema.optional(schema).annotations({ description })

/**
 * The keys of `config.json`, each with what it is for. Made when it is first asked for: most runs find nothing set.
 *
 * @since 0.1.0
 * @category schemas
 */
export const schema = lazily(() =>
  Schema.Struct({
    model: setting(Schema.NonEmptyString, "The model to ask; also `-m` and `EFFIXIR_MODEL`"),
    reasoning_effort: setting(
      Schema.NonEmptyString,
      "How hard the model should think: a level that `effixir models` lists"
    ),
    reasoning_summary: setting(
      Schema.NonEmptyString,
      "How much of the model's thoughts is told: `auto`, `concise`, `detailed`"
    ),
    credential_store: setting(
      Schema.Literal("file", "keyring"),
      "Where the sign-in is kept: in `auth.json`, or in the keyring of the system (where there is none, the file is used, with a warning)"
    ),
    transport: setting(
      Transport,
      "How model calls travel: as server-sent events, over a WebSocket, or over one where that works; also `EFFIXIR_TRANSPORT`"
    ),
    dialect: setting(Dialect, "Which API the server speaks; also `EFFIXIR_DIALECT`"),
    permission: setting(Mode, "What may run without a question; also `--permission` and `EFFIXIR_PERMISSION`"),
    policy: setting(
      Schema.NonEmptyString,
      "A file of rules about calls, beside `config.json` or by its whole path; also `--policy`"
    ),
    sandbox: setting(
      Sandbox.Mode,
      "What commands are kept in: `workspace-write`, `read-only` or `off`; also `--sandbox` and `EFFIXIR_SANDBOX`"
    ),
    sandbox_network: setting(Sandbox.Network, "Whether commands in a sandbox reach the network"),
    sandbox_writable: setting(
      Schema.Array(Schema.NonEmptyString),
      "Folders beside the workspace and the temporary folder in which commands in a sandbox may write; `~/` is the home folder"
    ),
    web_search: setting(Schema.Boolean, "Whether the server may search the web for the model; also `--search`"),
    durability: setting(
      Durability,
      "When to wait until the disk has what a session has logged, so that it outlives a power cut: `step` when a turn or a call of a tool has ended, `turn` when a turn has, `none` never (`step` where nothing is set)"
    ),
    compact_at: setting(
      Schema.Union(Schema.Int.pipe(Schema.between(10, 95)), Schema.Literal(false)),
      "At which percentage of the model's window a conversation is compacted by itself: 85 unless told otherwise, `false` for only where the server refuses it as too long"
    ),
    stdin_wait: setting(
      Schema.Number.pipe(Schema.between(0, 3600)),
      "How many seconds what is piped in beside a prompt may be silent until it is not waited for any more: 2 unless told otherwise, 0 to leave it alone"
    ),
    servers: setting(
      Servers,
      "Headers and query parameters that requests to a server carry besides, by its base URL; a value may be `{\"env\": \"NAME\"}`"
    ),
    models: setting(
      Overrides,
      "What models can be sent, by name or by the beginning of names (`qwen*`), where names do not tell"
    ),
    mcp_servers: setting(
      McpServers,
      "MCP servers by name, each a `command` with `args`, `env`, `cwd`, or a `url` with `headers`, `bearer_token_env_var`; also `effixir mcp add`"
    ),
    agents: setting(
      Agents,
      "How many agents may work at a time for another one (4 unless told otherwise), and how many of them may stand below each other (1)"
    ),
    hooks: setting(
      HookSettings.HookSettings,
      "Commands that run at certain points of a session: before a prompt is sent, before and after calls of tools, when the model has its answer"
    )
  })
)

/** @since 0.1.0 @category models */
export type Settings = ReturnType<typeof schema>["Type"]

/**
 * Settings as they are written in a file.
 *
 * @since 0.1.0
 * @category models
 */
export type Written = { readonly [key in keyof Settings]?: unknown }

/**
 * Reads the file; one that is not there sets nothing. Unknown keys are refused: a typing error would go unnoticed.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Settings } from "effixir/node"
 *
 * const model = Effect.map(Settings.load("/home/ada/.effixir/config.json"), ({ model = "gpt-6.2-sol" }) => model)
 * ```
 *
 * @since 0.1.0
 * @category loading
 */
export const load: (path: string) => Effect.Effect<Settings, ConfigError, Services> = (path) =>
  Effect.flatMap(read(path), (written) => decode(written, path))

/**
 * The same as it is written, when all of it can be used.
 *
 * @since 0.1.0
 * @category loading
 */
export const read: (path: string) => Effect.Effect<Written, ConfigError, Services> = Effect.fnUntraced(function*(path) {
  const written = yield* Effect.flatMap(readText(path), (text) => parse(text, path))
  yield* decode(written, path)
  return written
})

/**
 * The text of the file; that of an empty object where there is none.
 *
 * @since 0.1.0
 * @category loading
 */
export const readText = (path: string): Effect.Effect<string, ConfigError, Services> =>
  StateFile.read(path).pipe(
    Effect.catchAll((error) =>
      isNotFound(error)
        ? Effect.succeed("{}\n")
        : new ConfigError({ key: "The file", source: path, expected: diskProblem(error) })
    )
  )

/**
 * What a text sets, whether it can be used or not. `$schema`, by which editors find the schema, is no setting.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Settings } from "effixir/node"
 *
 * const file = "/home/ada/.effixir/config.json"
 *
 * const checked = Effect.gen(function*() {
 *   const written = yield* Settings.parse(yield* Settings.readText(file), file) // comments may stand in it
 *   const settings = yield* Settings.decode(written, file)
 *   return { settings, asItIsWritten: yield* Settings.read(file) }
 * })
 *
 * const schema = Settings.schema()
 * const problem = Settings.unknown("modle", file).message
 * ```
 *
 * @since 0.1.0
 * @category parsing
 */
export const parse = (text: string, source: string): Effect.Effect<Written, ConfigError> =>
  Effect.matchEffect(Jsonc.parse(text), {
    onFailure: ({ problem }) => new ConfigError({ key: "The JSON", source, expected: `${problem}; mend it: ${whole}` }),
    onSuccess: (value) => {
      if (!isObject(value)) return new ConfigError({ key: "The JSON", source, expected: whole })
      const { $schema, ...settings } = value
      return $schema === undefined || typeof $schema === "string"
        ? Effect.succeed(settings)
        : new ConfigError({ key: "$schema", source, expected: "expected the address of a schema" })
    }
  })

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  Predicate.isReadonlyRecord(value) && !Array.isArray(value)

/**
 * The settings that are written somewhere.
 *
 * @since 0.1.0
 * @category parsing
 */
export const decode = (written: unknown, source: string): Effect.Effect<Settings, ConfigError> => {
  if (isObject(written) && Record.isEmptyReadonlyRecord(written)) return Effect.succeed({})
  return Effect.mapError(Schema.decodeUnknown(schema())(written, { onExcessProperty: "error" }), (error) => {
    const issues = ParseResult.ArrayFormatter.formatErrorSync(error)
    const depth = issues[0]?.path.length ?? 0
    // Where a value may be of one kind or another, each kind complains; keys of the other one are no mistake in it.
    const issue = issues.find((issue) => issue.path.length >= depth && !isOfOtherKind(issue))
    const path = (issue?.path ?? issues[0]?.path.slice(0, -1) ?? []).map(String)
    const [top = "", , below = ""] = path
    const wanted = (top === "mcp_servers" ? expectedOfServer[below] : undefined) ?? expected[top] ?? whole
    return new ConfigError({
      key: path.length === 0 ? "The JSON" : keyOf(path),
      source,
      expected: issue?._tag === "Unexpected" ? unknownKey(path, wanted) : wanted
    })
  })
}

const isOfOtherKind = ({ _tag, path }: ParseResult.ArrayFormatterIssue): boolean =>
  _tag === "Unexpected" &&
  keysAt(Schema.encodedSchema(schema()).ast, path.slice(0, -1).map(String)).includes(String(path.at(-1)))

/** As `effixir config` takes it. */
const keyOf = (path: ReadonlyArray<string>): string =>
  path.map((part) => /^[^\s"]+$/.test(part) ? part : JSON.stringify(part)).join(".")

/** Says which known key was probably meant. */
const unknownKey = (path: ReadonlyArray<string>, wanted: string): string => {
  const meant = closest(path.at(-1) ?? "", keysAt(Schema.encodedSchema(schema()).ast, path.slice(0, -1)))
  return meant === undefined
    ? wanted
    : `there is no such setting; the nearest is ${keyOf([...path.slice(0, -1), meant])}`
}

/** The keys that an object may have. */
const keysAt = (ast: SchemaAST.AST, path: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (SchemaAST.isUnion(ast)) return ast.types.flatMap((type) => keysAt(type, path))
  if (SchemaAST.isRefinement(ast)) return keysAt(ast.from, path)
  if (!SchemaAST.isTypeLiteral(ast)) return []
  const [first, ...more] = path
  if (first === undefined) return ast.propertySignatures.map(({ name }) => String(name))
  const below = ast.propertySignatures.find(({ name }) => name === first) ?? ast.indexSignatures[0]
  return below === undefined ? [] : keysAt(below.type, more)
}

/**
 * What is wrong with the name of a setting that there is not.
 *
 * @since 0.1.0
 * @category errors
 */
export const unknown = (key: string, source: string): ConfigError =>
  new ConfigError({ key, source, expected: unknownKey([key], `expected one of ${keys.join(", ")}`) })

const aText = "expected a text"

const oneOf = (schema: { readonly literals: ReadonlyArray<string> }): string =>
  `expected ${schema.literals.map((literal) => `"${literal}"`).join(" or ")}`

const expected: { readonly [key: string]: string } = {
  model: aText,
  reasoning_effort: aText,
  reasoning_summary: aText,
  credential_store: oneOf(Schema.Literal("file", "keyring")),
  transport: oneOf(Transport),
  dialect: oneOf(Dialect),
  permission: oneOf(Mode),
  policy: "expected the path of a file",
  sandbox: oneOf(Sandbox.Mode),
  sandbox_network: "expected true or false",
  sandbox_writable: "expected a list of folders",
  web_search: "expected true or false",
  durability: oneOf(Durability),
  compact_at: "expected a percentage from 10 to 95, or false",
  stdin_wait: "expected a number of seconds from 0 to 3600",
  servers:
    "expected objects with headers or query by base URL; a value in them is a text, or an object whose env names a " +
    "variable of the environment",
  models:
    "expected, for a name or the beginning of names (\"qwen*\"), an object with reasoning, parallel_tool_calls, " +
    "images, reasoning_content, apply_patch (each true or false), context_window (a number of tokens) and price (an " +
    "object with input, output and perhaps cached_input, in US dollars for a million tokens), or some of them",
  mcp_servers:
    "expected, for each name, an object with command (a text), and perhaps args, env, cwd, or else with url (http or " +
    "https), and perhaps headers, bearer_token_env_var; and, if you like, enabled, required, roots (each true or false), " +
    "enabled_tools, disabled_tools (lists of names), startup_timeout, tool_timeout (in seconds)",
  agents: "expected an object with max_parallel (1 to 16) and max_depth (0 to 4), or one of them",
  hooks:
    "expected an object with SessionStart, UserPromptSubmit, PreToolUse, PostToolUse, Stop and PreCompact, or some " +
    "of them: each a list of {\"matcher\": \"…\", \"hooks\": [{\"command\": \"…\", \"timeout\": 60}]}, of which matcher " +
    "(a regular expression) and timeout (in seconds) may be left out"
} satisfies Record<keyof Settings, string>

/**
 * The names of all settings.
 *
 * @since 0.1.0
 * @category constants
 */
export const keys = Object.keys(expected) as ReadonlyArray<keyof Settings>

const trueOrFalse = "expected true or false"
const names = "expected a list of names of tools"
const seconds = "expected a number of seconds, more than 0 and at most 86400"
const values = "a value in it is a text, or an object whose env names a variable of the environment"

/** What a server of `mcp_servers` may have, key by key. */
const expectedOfServer: { readonly [key: string]: string } = {
  command: "expected the name or the path of a program, or url in its place",
  args: "expected a list of texts",
  env: `expected an object; ${values}`,
  cwd: "expected the path of a folder",
  url: "expected an address that begins with http:// or https://",
  headers: `expected an object by names of headers; ${values}`,
  bearer_token_env_var: "expected the name of a variable of the environment",
  enabled: trueOrFalse,
  required: trueOrFalse,
  enabled_tools: names,
  disabled_tools: names,
  startup_timeout: seconds,
  tool_timeout: seconds,
  roots: trueOrFalse
}

const whole = `expected a JSON object with ${keys.join(", ")}, or some of them`
