/**
 * Sign-ins of other tools, read once and left as they are.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { homedir } from "node:os"
import { join } from "node:path"
import { Credential } from "../../auth/Credential.ts"
import { CredentialStoreError } from "../../auth/CredentialStore.ts"
import { readPlainText } from "../files/readPlainFile.ts"

/**
 * A tool whose sign-in can be taken over.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tool {
  readonly name: string
  /** Where it keeps its sign-in. */
  readonly path: Config.Config<string>
  readonly schema: Schema.Schema<Credential, unknown>
}

/** What another tool's file says, in the shape of ours; `undefined` where it says nothing that we could use. */
const translated = <A, I>(foreign: Schema.Schema<A, I>, translate: (file: A) => unknown): Tool["schema"] =>
  Schema.transform(
    Schema.Unknown,
    Schema.typeSchema(Credential),
    {
      strict: false,
      decode: (json) =>
        Option.flatMap(decode(foreign)(json), (file) => decode(Credential)(translate(file))).pipe(
          Option.getOrUndefined
        ),
      encode: (credential) => credential
    }
  )

const decode = <A, I>(schema: Schema.Schema<A, I>) => Schema.decodeUnknownOption(schema)

const Maybe = Schema.optional(Schema.NullOr(Schema.String))

/**
 * `$CODEX_HOME/auth.json`: tokens without a date of expiry, or an API key.
 *
 * @since 0.1.0
 * @category tools
 */
export const codex: Tool = {
  name: "Codex",
  path: Config.nonEmptyString("CODEX_HOME").pipe(
    Config.orElse(() => Config.sync(() => join(homedir(), ".codex"))),
    Config.map((folder) => join(folder, "auth.json"))
  ),
  schema: translated(
    Schema.Struct({
      OPENAI_API_KEY: Maybe,
      tokens: Schema.optional(Schema.NullOr(Schema.Struct({
        access_token: Schema.String,
        refresh_token: Schema.String,
        id_token: Maybe,
        account_id: Maybe
      })))
    }),
    ({ OPENAI_API_KEY, tokens }) =>
      tokens == null ? { kind: "api_key", api_key: OPENAI_API_KEY } : { kind: "subscription", ...tokens }
  )
}

/**
 * `~/.pi/agent/auth.json`: a map from providers to what they are reached with.
 *
 * @since 0.1.0
 * @category tools
 */
export const pi: Tool = {
  name: "Pi",
  path: Config.sync(() => join(homedir(), ".pi", "agent", "auth.json")),
  schema: translated(
    Schema.Struct({
      "openai-codex": Schema.optional(Schema.Struct({
        access: Schema.String,
        refresh: Schema.String,
        expires: Schema.optional(Schema.Number),
        accountId: Maybe
      })),
      openai: Schema.optional(Schema.Struct({ key: Schema.String }))
    }),
    ({ "openai-codex": plan, openai }) =>
      plan === undefined ? { kind: "api_key", api_key: openai?.key } : {
        kind: "subscription",
        access_token: plan.access,
        refresh_token: plan.refresh,
        expires_at: plan.expires,
        account_id: plan.accountId
      }
  )
}

/**
 * The sign-in of another tool. Its file is only read; it is read again if the tool is just writing it.
 *
 * @since 0.1.0
 * @category reading
 */
export const read = Effect.fn("ForeignCredential.read")(function*(tool: Tool) {
  const path = yield* tool.path
  const problem = (problem: string) => new CredentialStoreError({ operation: "load", location: path, problem })
  const text = Effect.mapError(readPlainText(path), () => problem(`${tool.name} keeps no sign-in there`))
  const credential = Effect.flatMap(text, (text) =>
    Effect.mapError(
      Schema.decodeUnknown(Schema.parseJson(tool.schema))(text),
      () => problem(`it holds no sign-in of ${tool.name} that could be used here`)
    ))
  return yield* Effect.retry(credential, { times: 3, schedule: Schedule.spaced("50 millis") })
})
