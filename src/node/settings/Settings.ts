/**
 * What a person has set once for all runs, in `config.json`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { ConfigError } from "../../auth/ConfigError.ts"
import { diskProblem } from "../../internal/diskProblem.ts"
import { isNotFound } from "../../internal/isNotFound.ts"
import { problemOf } from "../../internal/json.ts"
import { Overrides } from "../../responses/account/ModelProfile.ts"
import { Mode } from "../../tools/permission/Mode.ts"
import { readOwnText } from "../files/readPlainFile.ts"
import { Servers } from "./Servers.ts"

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

const setting = <A, I>(schema: Schema.Schema<A, I>, description: string) =>
  Schema.optional(schema).annotations({ description })

/**
 * The keys of `config.json`, each with what it is for.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Settings = Schema.Struct({
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
  web_search: setting(Schema.Boolean, "Whether the server may search the web for the model; also `--search`"),
  durability: setting(
    Durability,
    "When to wait until the disk has what a session has logged, so that it outlives a power cut: `step` when a turn or a call of a tool has ended, `turn` when a turn has, `none` never (`step` where nothing is set)"
  ),
  compact_at: setting(
    Schema.Union(Schema.Int.pipe(Schema.between(10, 95)), Schema.Literal(false)),
    "At which percentage of the model's window a conversation is compacted by itself: 85 unless told otherwise, `false` for only where the server refuses it as too long"
  ),
  servers: setting(
    Servers,
    "Headers and query parameters that requests to a server carry besides, by its base URL; a value may be `{\"env\": \"NAME\"}`"
  ),
  models: setting(
    Overrides,
    "What models can be sent, by name or by the beginning of names (`qwen*`), where names do not tell"
  )
})

/** @since 0.1.0 @category models */
export type Settings = typeof Settings.Type

/**
 * Reads the file; one that is not there sets nothing. Unknown keys are refused: a typing error would go unnoticed.
 *
 * @since 0.1.0
 * @category loading
 */
export const load: (
  path: string
) => Effect.Effect<Settings, ConfigError> = Effect.fnUntraced(function*(path) {
  const text = yield* readOwnText(path).pipe(
    Effect.catchAll((error) =>
      isNotFound(error)
        ? Effect.succeed("{}")
        : new ConfigError({ key: "The file", source: path, expected: diskProblem(error) })
    )
  )
  const broken = problemOf(text)
  if (broken !== undefined) {
    return yield* new ConfigError({ key: "The JSON", source: path, expected: `${broken}; mend it: ${whole}` })
  }
  return yield* Effect.mapError(decode(text), (error) => {
    const issue = ParseResult.ArrayFormatter.formatErrorSync(error)[0]
    const key = issue === undefined || issue.path.length === 0 ? "The JSON" : issue.path.map(String).join(".")
    return new ConfigError({ key, source: path, expected: expected[String(issue?.path[0])] ?? whole })
  })
})

const decode = (text: string) => Schema.decodeUnknown(Schema.parseJson(Settings), { onExcessProperty: "error" })(text)

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
  web_search: "expected true or false",
  durability: oneOf(Durability),
  compact_at: "expected a percentage from 10 to 95, or false",
  servers:
    "expected objects with headers or query by base URL; a value in them is a text, or an object whose env names a " +
    "variable of the environment",
  models:
    "expected, for a name or the beginning of names (\"qwen*\"), an object with reasoning, parallel_tool_calls, " +
    "images, reasoning_content, apply_patch (each true or false), context_window (a number of tokens) and price (an " +
    "object with input, output and perhaps cached_input, in US dollars for a million tokens), or some of them"
} satisfies Record<keyof Settings, string>

const whole = `expected a JSON object with ${Object.keys(Settings.fields).join(", ")}, or some of them`
