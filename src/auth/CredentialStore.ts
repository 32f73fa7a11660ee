/**
 * Stores the one credential of a person.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as SynchronizedRef from "effect/SynchronizedRef"
import { decodingEither } from "../internal/decoding.ts"
import { isDeepText, tooDeep } from "../internal/json.ts"
import { ApiKey, ChatGpt, type Credential, Ended, Stored, Subscription } from "./Credential.ts"
import { addCredential } from "./Secrets.ts"

/**
 * The store could not be read or written. What it held before is still there.
 *
 * @since 0.1.0
 * @category errors
 */
export class CredentialStoreError
  extends Schema.TaggedError<CredentialStoreError>("effixir/auth/CredentialStore/CredentialStoreError")(
    "CredentialStoreError",
    {
      operation: Schema.Literal("load", "save", "clear", "lock"),
      /** Where the store is: a path, or the name of a keyring. */
      location: Schema.String,
      /** What is wrong, and what was expected. */
      problem: Schema.String,
      cause: Schema.optional(Schema.Defect)
    }
  )
{
  override get message(): string {
    return `Cannot ${this.operation} the credential in ${this.location}: ${this.problem}`
  }
}

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Redacted from "effect/Redacted"
 * import { Credential, CredentialStore } from "effixir"
 *
 * const keep = Effect.gen(function*() {
 *   const store = yield* CredentialStore.CredentialStore
 *   yield* store.save(Credential.apiKey(Redacted.make("sk-proj-1234567890abcdef")))
 *   return yield* store.load
 * }).pipe(Effect.provide(CredentialStore.layerMemory()))
 * ```
 *
 * @since 0.1.0 @category services
 */
export class CredentialStore extends Context.Tag("effixir/auth/CredentialStore")<CredentialStore, {
  /** The stored credential, if there is one. */
  readonly load: Effect.Effect<Option.Option<Stored>, CredentialStoreError>
  /** Replaces the stored credential; a reader sees the old one or the new one, never a part. */
  readonly save: (credential: Credential) => Effect.Effect<void, CredentialStoreError>
  /**
   * Checks that a credential can be saved, and reserves the space for it until the Scope closes. The returned function
   * saves one there.
   */
  readonly reserve: Effect.Effect<
    (credential: Credential) => Effect.Effect<void, CredentialStoreError>,
    CredentialStoreError,
    Scope.Scope
  >
  /** Deletes the stored credential. An empty store is no error. */
  readonly clear: Effect.Effect<void, CredentialStoreError>
  /**
   * Runs `last` with the stored credential, or with why it cannot be read, deletes it, and returns the result of `last`.
   * No other process can store another one in between.
   */
  readonly clearAfter: <A, E, R>(
    last: (stored: Either.Either<Option.Option<Stored>, CredentialStoreError>) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | CredentialStoreError, R>
  /**
   * Replaces the stored credential by the result of `change`, and returns that; the same value back changes nothing. No
   * other caller, in this process or another, can change the store in between. Once begun, it cannot be interrupted
   * before the result is on disk, and the space for the result is reserved before it begins.
   */
  readonly modify: <E, R>(
    change: (stored: Option.Option<Stored>) => Effect.Effect<Option.Option<Stored>, E, R>
  ) => Effect.Effect<Option.Option<Stored>, E | CredentialStoreError, R>
}>() {}

/**
 * What a medium has to provide to become a store: it keeps one text.
 *
 * @since 0.1.0
 * @category models
 */
export interface Encoded {
  /** Where the text is, for a person: a path, or the name of a keyring. */
  readonly location: string
  readonly read: Effect.Effect<Option.Option<string>, CredentialStoreError>
  /**
   * Reserves space for a text until the Scope closes, and changes nothing. The returned function replaces the stored
   * text as a whole.
   */
  readonly reserve: Effect.Effect<
    (text: string) => Effect.Effect<void, CredentialStoreError>,
    CredentialStoreError,
    Scope.Scope
  >
  readonly remove: Effect.Effect<void, CredentialStoreError>
  /**
   * Runs a change while no other process can make one. The wait can be interrupted; the change cannot, because that
   * would lose the successor of a token that it has used up.
   */
  readonly alone: <A, E, R>(change: Effect.Effect<A, E, R>) => Effect.Effect<A, E | CredentialStoreError, R>
}

/**
 * Makes a store from a medium. Unknown fields of the text survive a replacement, and errors never quote a broken text.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Option from "effect/Option"
 * import * as Ref from "effect/Ref"
 * import { CredentialStore } from "effixir"
 *
 * const Vault = Layer.effect(
 *   CredentialStore.CredentialStore,
 *   Effect.gen(function*() {
 *     const secret = yield* Ref.make(Option.none<string>())
 *     const lock = yield* Effect.makeSemaphore(1)
 *     return CredentialStore.makeEncoded({
 *       location: "the vault",
 *       read: Ref.get(secret),
 *       reserve: Effect.succeed((text) => Ref.set(secret, Option.some(text))),
 *       remove: Ref.set(secret, Option.none()),
 *       alone: (change) => lock.withPermits(1)(Effect.uninterruptible(change))
 *     })
 *   })
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeEncoded = (medium: Encoded): typeof CredentialStore.Service => {
  const unreadable = (problem: string) =>
    new CredentialStoreError({ operation: "load", location: medium.location, problem })

  const decodeText = Option.match({
    onNone: () => Effect.succeedNone,
    onSome: (text: string) =>
      Effect.flatMap(
        Either.mapLeft(parse(text), unreadable),
        (stored) => Effect.as(remember(stored), Option.some(stored))
      )
  })

  const put = (write: (text: string) => Effect.Effect<void, CredentialStoreError>) => (stored: Stored) =>
    Effect.flatMap(Effect.zipRight(remember(stored), medium.read), (before) => {
      const kept = Option.match(before, { onNone: () => ({}), onSome: unknownFields })
      return write(`${JSON.stringify({ ...encode(stored), ...kept }, null, 2)}\n`)
    })

  const clearAfter: typeof CredentialStore.Service.clearAfter = (last) =>
    medium.alone(
      Effect.flatMap(medium.read, decodeText).pipe(
        Effect.either,
        Effect.flatMap(last),
        Effect.tap(medium.remove)
      )
    )

  return CredentialStore.of({
    load: Effect.flatMap(medium.read, decodeText),
    save: (credential) =>
      medium.alone(Effect.scoped(Effect.flatMap(medium.reserve, (write) => put(write)(credential)))),
    reserve: medium.alone(Effect.zipRight(medium.read, medium.reserve)).pipe(
      Effect.map((write) => (credential: Credential) => medium.alone(put(write)(credential)))
    ),
    clear: clearAfter(() => Effect.void),
    clearAfter,
    modify: <E, R>(change: Change<E, R>) =>
      Effect.flatMap(Effect.context<R>(), (context) =>
        medium.alone(Effect.scoped(Effect.gen(function*() {
          const stored = yield* Effect.flatMap(medium.read, decodeText)
          // A change may use up a token that is good only once, so the space for its result is reserved first.
          const write = yield* medium.reserve
          const next = yield* Effect.provide(change(stored), context)
          if (next !== stored) yield* Option.match(next, { onNone: () => medium.remove, onSome: put(write) })
          return next
        }))))
  })
}

type Change<E, R> = (stored: Option.Option<Stored>) => Effect.Effect<Option.Option<Stored>, E, R>

/**
 * @example
 * ```ts
 * import * as Redacted from "effect/Redacted"
 * import { Credential, CredentialStore } from "effixir"
 *
 * const store = CredentialStore.makeMemory(Credential.apiKey(Redacted.make("sk-proj-1234567890abcdef")))
 * ```
 *
 * @since 0.1.0 @category constructors
 */
export const makeMemory = Effect.fnUntraced(function*(initial?: Stored) {
  const ref = yield* SynchronizedRef.make<Option.Option<Stored>>(Option.fromNullable(initial))
  return CredentialStore.of({
    load: SynchronizedRef.get(ref),
    save: (credential) => SynchronizedRef.set(ref, Option.some(credential)),
    reserve: Effect.succeed((credential) => SynchronizedRef.set(ref, Option.some(credential))),
    clear: SynchronizedRef.set(ref, Option.none()),
    clearAfter: (last) =>
      Effect.uninterruptible(
        SynchronizedRef.modifyEffect(
          ref,
          (stored) => Effect.map(last(Either.right(stored)), (said) => [said, Option.none()] as const)
        )
      ),
    modify: (change) => Effect.uninterruptible(SynchronizedRef.updateAndGetEffect(ref, change))
  })
})

/**
 * Forgets everything when the program ends.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory = (initial?: Stored): Layer.Layer<CredentialStore> =>
  Layer.effect(CredentialStore, makeMemory(initial))

const remember = (stored: Stored): Effect.Effect<void> =>
  stored.kind === "chatgpt_ended" ? Effect.void : addCredential(stored)

const encode = (stored: Stored) => Schema.encodeSync(Stored)(stored)
const decode = decodingEither(Stored, { errors: "all" })

const expected = "expected {\"kind\":\"subscription\",\"access_token\":…,\"refresh_token\":…,…}, " +
  "{\"kind\":\"chatgpt\",…} or {\"kind\":\"api_key\",\"api_key\":…}; mend the file, or remove it and run `effixir login`"

/** Says what is wrong without quoting the file: a broken file still holds secrets. */
const parse = (text: string): Either.Either<Stored, string> =>
  Either.flatMap(parseJson(text), (json) => Either.mapLeft(decode(json), (error) => `${tell(error)}; ${expected}`))

const parseJson = (text: string): Either.Either<unknown, string> =>
  isDeepText(text)
    ? Either.left(`${tooDeep}; ${expected}`)
    : Either.try({ try: (): unknown => JSON.parse(text), catch: () => `it is not JSON; ${expected}` })

const tell = (error: ParseResult.ParseError): string => {
  const fields = ParseResult.ArrayFormatter.formatErrorSync(error).map(({ path }) => path.map(String).join("."))
  const named = Array.from(new Set(fields)).filter((field) => field !== "")
  return named.length === 0 ? "it is no credential" : `${named.join(", ")} is missing or wrong`
}

const ours: ReadonlySet<string> = new Set(
  [Subscription, ChatGpt, Ended, ApiKey].flatMap(({ fields }) => Object.keys(fields))
)

const unknownFields = (text: string): { readonly [field: string]: unknown } =>
  Either.match(parseJson(text), {
    onLeft: () => ({}),
    onRight: (json) =>
      typeof json === "object" && json !== null && !Array.isArray(json)
        ? Record.filter({ ...json } as { [field: string]: unknown }, (_, field) => !ours.has(field))
        : {}
  })
