/**
 * Sign-ins of other tools, read once and left as they are.
 *
 * @since 0.1.0
 */
import * as Array from "effect/Array"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { homedir } from "node:os"
import { join } from "node:path"
import { apiKey, Credential, readKey } from "../../auth/Credential.ts"
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
  /** What its file holds, the best first; `undefined` when it is no file of this tool. */
  readonly entries: (file: unknown) => ReadonlyArray<Entry> | undefined
}

/**
 * One of the sign-ins in a file, or why it cannot be used here.
 *
 * @since 0.1.0
 * @category models
 */
export type Entry = Either.Either<Credential, string>

const Maybe = Schema.optional(Schema.NullOr(Schema.String))

const entry = <A, I>(foreign: Schema.Schema<A, I>, translate: (entry: A) => Entry) => (json: unknown): Entry =>
  Either.flatMap(Schema.decodeUnknownEither(foreign)(json), translate).pipe(
    Either.mapLeft((problem) => typeof problem === "string" ? problem : "it is not complete")
  )

const subscription = (fields: object): Entry =>
  Schema.decodeUnknownEither(Credential)({ kind: "subscription", ...fields }).pipe(
    Either.mapLeft(() => "its tokens cannot be read")
  )

const key = (text: string): Entry => text.trim() === "" ? Either.left("it is empty") : Either.map(readKey(text), apiKey)

/**
 * `$CODEX_HOME/auth.json`: tokens without a date of expiry, or an API key. `auth_mode`, where present, says which of
 * them counts; its other modes name credentials that only Codex can use.
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
  entries: (file) => {
    if (!Predicate.isRecord(file)) return undefined
    const mode = file["auth_mode"] ?? (file["tokens"] == null ? "apikey" : "chatgpt")
    switch (mode) {
      case "apikey":
        return [entry(Schema.String, key)(file["OPENAI_API_KEY"])]
      case "chatgpt":
        return [entry(CodexTokens, subscription)(file["tokens"])]
      default:
        return [Either.left("it is of a kind that only Codex can use")]
    }
  }
}

const CodexTokens = Schema.Struct({
  access_token: Schema.String,
  refresh_token: Schema.String,
  id_token: Maybe,
  account_id: Maybe
})

/**
 * `~/.pi/agent/auth.json`: a map from providers to credentials, each an API key or the tokens of a sign-in. The tokens
 * of `openai-codex` were issued to the Codex client, as ours are; those of `openai` to the client that Pi has
 * registered with ChatGPT.
 *
 * @since 0.1.0
 * @category tools
 */
export const pi: Tool = {
  name: "Pi",
  path: Config.sync(() => join(homedir(), ".pi", "agent", "auth.json")),
  entries: (file) => {
    if (!Predicate.isRecord(file)) return undefined
    const { "openai-codex": plan, openai, ...others } = file
    const named = (name: string, entry: Entry) => Either.mapLeft(entry, (problem) => `${name}: ${problem}`)
    return [
      ...plan === undefined ? [] : [named("openai-codex", entry(PiTokens, ofPi)(plan))],
      ...openai === undefined ? [] : [named("openai", isOAuth(openai) ? ownRegistration : entry(PiKey, ofKey)(openai))],
      ...Object.keys(others).length === 0
        ? []
        : [named(Object.keys(others).join(", "), Either.left("effixir speaks with OpenAI only"))]
    ]
  }
}

const PiTokens = Schema.Struct({
  access: Schema.String,
  refresh: Schema.String,
  expires: Schema.optional(Schema.Number),
  accountId: Maybe
})

const PiKey = Schema.Struct({ key: Schema.String })

const isOAuth = Schema.is(Schema.Struct({ type: Schema.Literal("oauth") }))

const ofPi = ({ access, accountId, expires, refresh }: typeof PiTokens.Type): Entry =>
  subscription({ access_token: access, refresh_token: refresh, expires_at: expires, account_id: accountId })

const ofKey = (entry: typeof PiKey.Type): Entry => key(entry.key)

const ownRegistration: Entry = Either.left(
  "ChatGPT has given that sign-in to Pi alone; for one of your own, run `effixir login --chatgpt`"
)

/**
 * The sign-in of another tool, and a clause about each entry of its file that is left out. The file is only read; it is
 * read again if the tool was writing it meanwhile.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { CredentialStore } from "effixir"
 * import { ForeignCredential } from "effixir/node"
 *
 * const takeOver = Effect.gen(function*() {
 *   const { credential } = yield* ForeignCredential.read(ForeignCredential.codex)
 *   const store = yield* CredentialStore.CredentialStore
 *   yield* store.save(credential)
 * })
 * ```
 *
 * @since 0.1.0
 * @category reading
 */
export const read = Effect.fnUntraced(function*(tool: Tool) {
  const path = yield* tool.path
  const problem = (problem: string) => new CredentialStoreError({ operation: "load", location: path, problem })
  const text = Effect.mapError(readPlainText(path), () => problem(`${tool.name} keeps no sign-in there`))
  const unusable = `it holds no sign-in of ${tool.name} that could be used here`
  const found = Effect.flatMap(text, (text) => {
    const entries = Option.flatMapNullable(Schema.decodeUnknownOption(Schema.parseJson())(text), tool.entries)
    const [leftOut, credentials] = Array.separate(Option.getOrElse(entries, () => []))
    const [credential] = credentials
    return credential === undefined
      ? problem(leftOut.length === 0 ? unusable : `${unusable} (${leftOut.join("; ")})`)
      : Effect.succeed({ credential, leftOut })
  })
  return yield* Effect.retry(found, { times: 3, schedule: Schedule.spaced("50 millis") })
})
