/**
 * Keeps a credential in an SQL database for several machines, sealed with a key that is not in the database.
 *
 * @since 0.1.0
 */
import type { MigrationError } from "@effect/sql/Migrator"
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Config from "effect/Config"
import { type ConfigError, InvalidData } from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { compactDecrypt, CompactEncrypt } from "jose"
import type { Stored } from "../auth/Credential.ts"
import { CredentialStore, CredentialStoreError, makeEncoded } from "../auth/CredentialStore.ts"
import * as Claim from "./Claim.ts"
import * as Database from "./Database.ts"
import * as Migrations from "./Migrations.ts"

/** @since 0.1.0 @category models */
export interface Options {
  /** 32 bytes that seal the credential (JWE, `dir` with A256GCM). */
  readonly key: Redacted.Redacted<Uint8Array>
  /** Which of several credentials in the database; `default` unless it is named. */
  readonly profile?: string | undefined
  /** How long a change by a process that is not heard of any more keeps others out; 10 seconds by default. */
  readonly lease?: Duration.DurationInput | undefined
}

/**
 * The store. A change holds a claim on the row, which is renewed as long as it takes and needs no open connection: the
 * successor of a token is written also where the database was restarted meanwhile.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  { key, lease = "10 seconds", profile = "default" }: Options
): Effect.Effect<typeof CredentialStore.Service, never, SqlClient.SqlClient> =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const location = `the database (profile ${profile})`
    const claims = Claim.make(sql, "effixir_credentials", Duration.toMillis(lease))
    const failing = (operation: CredentialStoreError["operation"]) => (cause: SqlError) =>
      new CredentialStoreError({ operation, location, problem: Database.problem(cause), cause })
    const ask = <A>(operation: CredentialStoreError["operation"], statement: Effect.Effect<A, SqlError>) =>
      Effect.mapError(Database.patiently(sql, statement), failing(operation))

    /** The epoch under which this process changes the row; a change of one that was taken for dead is none. */
    const held = yield* Ref.make(0)
    const lock = yield* Effect.makeSemaphore(1)
    const put = (operation: CredentialStoreError["operation"], sealed: string | null) =>
      Effect.flatMap(Ref.get(held), (epoch) =>
        ask(
          operation,
          sql`UPDATE effixir_credentials SET sealed = ${sealed} WHERE id = ${profile} AND epoch = ${epoch} RETURNING id`
        )).pipe(
          Effect.filterOrFail((rows) => rows.length > 0, () =>
            new CredentialStoreError({ operation, location, problem: "another machine has changed it meanwhile" })),
          Effect.asVoid
        )

    const claimed = Effect.flatten(Effect.mapError(claims.hold(profile), failing("lock"))).pipe(
      Effect.retry({
        while: ({ _tag }) =>
          _tag === "NoSuchElementException",
        schedule: Schedule.jittered(Schedule.spaced("50 millis"))
      }),
      Effect.catchTag("NoSuchElementException", Effect.die)
    )

    return keepingChatGptOut(
      location,
      makeEncoded({
        location,
        read: ask(
          "load",
          sql<{ readonly sealed: string | null }>`SELECT sealed FROM effixir_credentials WHERE id = ${profile}`
        ).pipe(Effect.flatMap(([row]) =>
          Option.match(Option.fromNullable(row?.sealed), {
            onNone: () => Effect.succeedNone,
            onSome: (sealed) => Effect.asSome(open(key, location, sealed))
          })
        )),
        // There is no room to hold: a database that is full or away is waited for when it is written.
        reserve: Effect.succeed((text) => Effect.flatMap(seal(key, text), (sealed) => put("save", sealed))),
        remove: put("clear", null),
        alone: (change) =>
          Effect.uninterruptibleMask((restore) =>
            Effect.scoped(Effect.gen(function*() {
              const scope = yield* Effect.scope
              yield* Effect.acquireRelease(restore(lock.take(1)), () => lock.release(1))
              const epoch = yield* restore(Scope.extend(claimed, scope))
              yield* Ref.set(held, epoch)
              return yield* change
            }))
          )
      })
    )
  })

/**
 * @example
 * ```ts
 * import * as Redacted from "effect/Redacted"
 * import { SqlCredentialStore } from "effixir/cluster"
 * import { randomBytes } from "node:crypto"
 *
 * const key = Redacted.make(Uint8Array.from(randomBytes(32)))
 *
 * const Shared = SqlCredentialStore.layer({ key, profile: "work" })
 * const sameAsAnEffect = SqlCredentialStore.make({ key, profile: "work" }) // without making the table
 * const fromTheEnvironment = SqlCredentialStore.layerConfig() // EFFIXIR_CREDENTIAL_KEY
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<CredentialStore, MigrationError | SqlError, SqlClient.SqlClient> =>
  Layer.effect(CredentialStore, Effect.zipRight(Migrations.run, make(options)))

/**
 * With the key of `EFFIXIR_CREDENTIAL_KEY`: 32 bytes in Base64, as `openssl rand -base64 32` prints them.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options?: Omit<Options, "key">
): Layer.Layer<CredentialStore, MigrationError | SqlError | ConfigError, SqlClient.SqlClient> =>
  Layer.unwrapEffect(Effect.map(keyConfig, (key) => layer({ ...options, key })))

const keyConfig: Config.Config<Redacted.Redacted<Uint8Array>> = Config.redacted("EFFIXIR_CREDENTIAL_KEY").pipe(
  Config.mapOrFail((text) =>
    Encoding.decodeBase64(Redacted.value(text)).pipe(
      Either.filterOrLeft((bytes) => bytes.length === 32, () => undefined),
      Either.mapBoth({
        onLeft: () =>
          InvalidData(
            ["EFFIXIR_CREDENTIAL_KEY"],
            "expected 32 bytes in Base64, as `openssl rand -base64 32` prints them"
          ),
        onRight: Redacted.make
      })
    )
  )
)

/** Its terms: it is kept on the machine of its owner, and used for the turns of this program there. */
const keepingChatGptOut = (
  location: string,
  store: typeof CredentialStore.Service
): typeof CredentialStore.Service => {
  const check = (credential: Stored) =>
    credential.kind === "chatgpt" || credential.kind === "chatgpt_ended"
      ? new CredentialStoreError({
        operation: "save",
        location,
        problem: "a sign-in with ChatGPT stays on the machine of its owner; use an API key or the Codex sign-in here"
      })
      : Effect.void
  return {
    ...store,
    save: (credential) => Effect.zipRight(check(credential), store.save(credential)),
    reserve: Effect.map(store.reserve, (save) => (credential) => Effect.zipRight(check(credential), save(credential))),
    modify: (change) =>
      store.modify((stored) => Effect.tap(change(stored), Option.match({ onNone: () => Effect.void, onSome: check })))
  }
}

const seal = (key: Options["key"], text: string) =>
  Effect.promise(() =>
    new CompactEncrypt(new TextEncoder().encode(text))
      .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
      .encrypt(Redacted.value(key))
  )

const open = (key: Options["key"], location: string, sealed: string) =>
  Effect.tryPromise({
    try: async () => new TextDecoder().decode((await compactDecrypt(sealed, Redacted.value(key))).plaintext),
    // What jose says of it may quote it.
    catch: () =>
      new CredentialStoreError({
        operation: "load",
        location,
        problem: "it was sealed with another key, or is damaged"
      })
  })
