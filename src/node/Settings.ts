/**
 * What a person has set once for all runs, in `config.json`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { diskProblem } from "../internal/diskProblem.ts"
import { isNotFound } from "../internal/isNotFound.ts"
import { problemOf } from "../internal/json.ts"
import { Overrides } from "../responses/ModelProfile.ts"
import { Mode } from "../tools/Policy.ts"
import { readOwnText } from "./readPlainFile.ts"

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

/** @since 0.1.0 @category schemas */
export const Settings = Schema.Struct({
  model: Schema.optional(Schema.NonEmptyString),
  reasoning_effort: Schema.optional(Schema.NonEmptyString),
  reasoning_summary: Schema.optional(Schema.NonEmptyString),
  /** Where the sign-in is kept. */
  credential_store: Schema.optional(Schema.Literal("file", "keyring")),
  transport: Schema.optional(Transport),
  dialect: Schema.optional(Dialect),
  /** What may run without a question. */
  permission: Schema.optional(Mode),
  /** The file of rules about calls. */
  policy: Schema.optional(Schema.NonEmptyString),
  /** Whether the server may search the web for the model. */
  web_search: Schema.optional(Schema.Boolean),
  /** What models can be sent, where their names do not tell. */
  models: Schema.optional(Overrides)
})

/** @since 0.1.0 @category models */
export type Settings = typeof Settings.Type

/**
 * Something that a person has set cannot be used.
 *
 * - `key` which setting
 * - `source` where it was set: a file, a flag, or a variable of the environment
 * - `expected` what would be right
 *
 * @since 0.1.0
 * @category errors
 */
export class ConfigError extends Schema.TaggedError<ConfigError>("effixir/node/Settings/ConfigError")("ConfigError", {
  key: Schema.String,
  source: Schema.String,
  expected: Schema.String
}) {
  override get message(): string {
    return `${this.key} in ${this.source} cannot be used: ${this.expected}`
  }
}

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
  models:
    "expected, for a name or the beginning of names (\"qwen*\"), an object with reasoning, parallel_tool_calls, " +
    "images, reasoning_content, apply_patch (each true or false) and context_window (a number of tokens), or some of them"
} satisfies Record<keyof Settings, string>

const whole = `expected a JSON object with ${Object.keys(Settings.fields).join(", ")}, or some of them`
