import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { assert, describe, it } from "@effect/vitest"
import * as Arr from "effect/Array"
import type { ConfigError } from "effect/ConfigError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { ChatGptOAuth } from "../../src/auth/chatgpt/ChatGptOAuth.ts"
import { apiKey, type ChatGpt, type Stored, type Subscription } from "../../src/auth/Credential.ts"
import { Credentials, layer as credentialsLayer } from "../../src/auth/Credentials.ts"
import { CredentialStore } from "../../src/auth/CredentialStore.ts"
import { OAuth, type Renewal } from "../../src/auth/OAuth.ts"
import * as SqlCredentialStore from "../../src/cluster/SqlCredentialStore.ts"
import { type Database, hasPostgres } from "./databases.ts"
import { postgres, sqlite } from "./shared.ts"

const key = Redacted.make(new Uint8Array(32).fill(7))

/** The n-th pair of tokens, which has run out long ago. */
const spent = (n: number): Subscription => ({
  kind: "subscription",
  access_token: Redacted.make(`access-${n}`),
  refresh_token: Redacted.make(`refresh-${n}`),
  expires_at: 1,
  account_id: "me"
})

const chatGpt: ChatGpt = {
  kind: "chatgpt",
  issuer: "https://issuer.example",
  client_id: "client",
  subject: "subject",
  email: "me@example.com",
  access_token: Redacted.make("access"),
  refresh_token: Redacted.make("refresh"),
  id_token: Redacted.make("id"),
  scopes: [],
  expires_at: 1,
  earliest_refresh_at: null,
  obtained_at: "2026-11-30T00:00:00.000Z"
}

const tokens = (stored: Option.Option<{ readonly kind: string }>) =>
  Option.match(stored, {
    onNone: () => "none",
    onSome: (one) => "access_token" in one ? Redacted.value((one as Subscription).access_token) : one.kind
  })

const longer = (stored: Stored): Stored =>
  stored.kind === "api_key" ? apiKey(Redacted.make(`${Redacted.value(stored.api_key)}x`)) : stored

/** `machine` is how one more machine gets its connection: SQLite is for one only, where all share one. */
const promises = (
  database: Database,
  machine: Layer.Layer<SqlClient.SqlClient, SqlError | ConfigError, SqlClient.SqlClient>
) => {
  let profiles = 0
  const newProfile = Effect.sync(() => `p${profiles++}`)

  /** The store of a machine. */
  const storeOf = (profile: string, options?: Partial<SqlCredentialStore.Options>) =>
    Effect.map(
      Layer.build(
        Layer.fresh(
          Layer.provide(SqlCredentialStore.layer({ key, profile, ...options }), Layer.fresh(machine))
        )
      ),
      (services) => Context.get(services, CredentialStore)
    )
  const pair = Effect.flatMap(newProfile, (profile) => Effect.all([storeOf(profile), storeOf(profile)]))
  const many = (count: number) =>
    Effect.flatMap(
      newProfile,
      (profile) =>
        Effect.forEach(Arr.makeBy(count, () => profile), (profile) => storeOf(profile), { concurrency: "unbounded" })
    )

  it.scopedLive("is the same credential to all machines, until one of them clears it", () =>
    Effect.gen(function*() {
      const [one, other] = yield* pair
      assert.strictEqual(tokens(yield* one.load), "none")
      yield* one.save(spent(1))
      assert.strictEqual(tokens(yield* other.load), "access-1")
      yield* Effect.scoped(Effect.flatMap(other.reserve, (save) => save(spent(2))))
      assert.strictEqual(tokens(yield* one.load), "access-2")
      yield* one.clear
      assert.strictEqual(tokens(yield* other.load), "none")
    }).pipe(Effect.provide(database)))

  it.scopedLive("lets one machine at a time change it", () =>
    Effect.gen(function*() {
      const all = yield* many(4)
      yield* all[0].save(apiKey(Redacted.make("sk-")))
      yield* Effect.forEach(
        all,
        (store) => store.modify((stored) => Effect.delay(Effect.succeed(Option.map(stored, longer)), "30 millis")),
        { concurrency: "unbounded" }
      )
      const stored = Option.getOrThrow(yield* all[0].load)
      assert.strictEqual(stored.kind === "api_key" && Redacted.value(stored.api_key), "sk-xxxx")
    }).pipe(Effect.provide(database)))

  it.scopedLive("refreshes an expired sign-in once for eight machines", () =>
    Effect.gen(function*() {
      const all = yield* many(8)
      yield* all[0].save(spent(1))
      let refreshes = 0
      const oauth = Layer.mock(OAuth, {
        authorizeUrl: () => "",
        refresh: (token) =>
          Effect.delay(
            Effect.sync((): Renewal => {
              refreshes += 1
              const n = Number(Redacted.value(token).replace("refresh-", "")) + 1
              return {
                access_token: Redacted.make(`access-${n}`),
                refresh_token: Redacted.make(`refresh-${n}`),
                expires_in: 3600
              }
            }),
            "50 millis"
          )
      })
      const used = yield* Effect.forEach(all, (store) =>
        Effect.flatMap(Credentials, ({ current }) => current).pipe(
          Effect.provide(
            Layer.fresh(credentialsLayer({ apiKey: Option.none(), choice: "any" })).pipe(
              Layer.provide(Layer.succeed(CredentialStore, store)),
              Layer.provide([oauth, Layer.mock(ChatGptOAuth, { issuer: "", authorizeUrl: () => "" })])
            )
          )
        ), { concurrency: "unbounded" })
      assert.strictEqual(refreshes, 1)
      for (const { credential } of used) assert.strictEqual(tokens(Option.some(credential)), "access-2")
      assert.strictEqual(tokens(yield* all[0].load), "access-2")
    }).pipe(Effect.provide(database)))

  it.scopedLive("lets nobody overwrite it who was taken for dead in the middle of a change", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const [sleeper, other] = yield* pair
      yield* sleeper.save(spent(1))
      const late = yield* Effect.either(sleeper.modify(() =>
        Effect.gen(function*() {
          yield* Effect.orDie(sql`UPDATE effixir_credentials SET claimed_until = 0`)
          yield* Effect.orDie(other.save(spent(3)))
          return Option.some(spent(2))
        })
      ))
      assert.match(String(Either.getLeft(late)), /another machine has changed it/)
      assert.strictEqual(tokens(yield* sleeper.load), "access-3")
    }).pipe(Effect.provide(database)))

  it.scopedLive("is unreadable in the database, and with another key", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const profile = yield* newProfile
      const store = yield* storeOf(profile)
      yield* store.save(spent(1))
      const rows = yield* sql<{ sealed: string | null }>`SELECT sealed FROM effixir_credentials`
      assert.notMatch(JSON.stringify(rows), /access|refresh|subscription/)
      const wrong = yield* storeOf(profile, { key: Redacted.make(new Uint8Array(32)) })
      const error = yield* Effect.flip(wrong.load)
      assert.match(error.message, /sealed with another key/)
    }).pipe(Effect.provide(database)))

  it.scopedLive("takes no sign-in with ChatGPT, and says where that belongs", () =>
    Effect.gen(function*() {
      const [store] = yield* pair
      const refused = [
        store.save(chatGpt),
        Effect.scoped(Effect.flatMap(store.reserve, (save) => save(chatGpt))),
        store.modify(() => Effect.succeedSome(chatGpt))
      ]
      for (const attempt of refused) {
        assert.match((yield* Effect.flip(attempt)).message, /stays on the machine of its owner/)
      }
      assert.strictEqual(tokens(yield* store.load), "none")
    }).pipe(Effect.provide(database)))
}

describe("A credential in SQLite", () => promises(sqlite(), Layer.effect(SqlClient.SqlClient, SqlClient.SqlClient)))

describe.runIf(hasPostgres)("A credential in Postgres", () => {
  const database = postgres()
  promises(database, database)

  it.scopedLive("gets its key from the environment, or says what is wrong with it", () =>
    Effect.gen(function*() {
      const keyed = (text: string) =>
        Layer.build(Layer.provide(SqlCredentialStore.layerConfig({ profile: "env" }), database)).pipe(
          Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["EFFIXIR_CREDENTIAL_KEY", text]])))
        )
      yield* keyed(Encoding.encodeBase64(new Uint8Array(32)))
      for (const text of ["", "no base64!", Encoding.encodeBase64(new Uint8Array(31))]) {
        const error = yield* Effect.flip(keyed(text))
        assert.match(String(error), /32 bytes in Base64/)
        if (text !== "") assert.notInclude(String(error), text)
      }
    }))
})
