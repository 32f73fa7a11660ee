/**
 * The credential in a file that only its owner can read.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import { ApiKey, Credential, Subscription } from "../auth/Credential.ts"
import { CredentialStore, CredentialStoreError } from "../auth/CredentialStore.ts"
import { replaceFile } from "../internal/replaceFile.ts"
import * as FileLock from "./FileLock.ts"

/** @since 0.1.0 @category models */
export interface Options {
  readonly path: string
}

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*({ path }: Options) {
  // Only these: with the Scope that may be around, locks would be held until that closes.
  const services = Context.pick(FileSystem.FileSystem, Path.Path)(
    yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  )
  const fs = Context.get(services, FileSystem.FileSystem)
  const folder = Context.get(services, Path.Path).dirname(path)

  const failed = (operation: CredentialStoreError["operation"]) => (cause: PlatformError) =>
    new CredentialStoreError({ operation, location: path, problem: cause.message, cause })

  const unreadable = (problem: string) => new CredentialStoreError({ operation: "load", location: path, problem })

  const content: Effect.Effect<Option.Option<string>, CredentialStoreError> = fs.readFileString(path).pipe(
    Effect.asSome,
    Effect.catchIf(isNotFound, () => Effect.succeedNone),
    Effect.mapError(failed("load"))
  )

  const load = Effect.flatMap(
    content,
    Option.match({
      onNone: () => Effect.succeedNone,
      onSome: (text) => Effect.asSome(Either.mapLeft(parse(text), unreadable))
    })
  )

  const prepareFolder = Effect.zipRight(
    fs.makeDirectory(folder, { recursive: true, mode: 0o700 }),
    fs.chmod(folder, 0o700)
  )

  const replace = (credential: Credential) =>
    Effect.gen(function*() {
      const before = yield* content
      const kept = Option.match(before, { onNone: () => ({}), onSome: unknownFields })
      const json = JSON.stringify({ ...encode(credential), ...kept }, null, 2)
      yield* prepareFolder.pipe(
        Effect.zipRight(replaceFile(path, `${json}\n`, 0o600)),
        Effect.provide(services),
        Effect.mapError(failed("save"))
      )
    })

  const remove = Effect.mapError(fs.remove(path, { force: true }), failed("clear"))

  const lock = prepareFolder.pipe(
    Effect.zipRight(FileLock.acquire(`${path}.lock`)),
    Effect.provide(services),
    Effect.mapError(failed("lock"))
  )

  /** Waiting for the lock can be interrupted; what is begun under it is finished, or a spent token would be lost. */
  const alone = <A, E, R>(change: Effect.Effect<A, E, R>) =>
    Effect.scoped(Effect.zipRight(lock, Effect.uninterruptible(change)))

  return CredentialStore.of({
    load,
    save: (credential) => alone(replace(credential)),
    clear: alone(remove),
    modify: (change) =>
      alone(Effect.gen(function*() {
        const stored = yield* load
        const next = yield* change(stored)
        if (next !== stored) yield* Option.match(next, { onNone: () => remove, onSome: replace })
        return next
      }))
  })
})

/**
 * One JSON file, mode 0600 in a folder of mode 0700. It is replaced as a whole, and fields that are not ours stay.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<CredentialStore, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(CredentialStore, make(options))

const encode = Schema.encodeSync(Credential)
const decode = Schema.decodeUnknownEither(Credential, { errors: "all" })

const isNotFound = (error: PlatformError): boolean => error._tag === "SystemError" && error.reason === "NotFound"

const expected = "expected {\"kind\":\"subscription\",\"access_token\":…,\"refresh_token\":…,…} or " +
  "{\"kind\":\"api_key\",\"api_key\":…}; mend the file, or remove it and run `effixir login`"

/** Says what is wrong without a word of what the file holds: a broken file of secrets is still one. */
const parse = (text: string): Either.Either<Credential, string> =>
  Either.flatMap(parseJson(text), (json) => Either.mapLeft(decode(json), (error) => `${tell(error)}; ${expected}`))

const parseJson = (text: string): Either.Either<unknown, string> =>
  Either.try({ try: (): unknown => JSON.parse(text), catch: () => `it is not JSON; ${expected}` })

const tell = (error: ParseResult.ParseError): string => {
  const fields = ParseResult.ArrayFormatter.formatErrorSync(error).map(({ path }) => path.map(String).join("."))
  const named = Array.from(new Set(fields)).filter((field) => field !== "")
  return named.length === 0 ? "it is no credential" : `${named.join(", ")} is missing or wrong`
}

const ours: ReadonlySet<string> = new Set([...Object.keys(Subscription.fields), ...Object.keys(ApiKey.fields)])

const unknownFields = (text: string): { readonly [field: string]: unknown } =>
  Either.match(parseJson(text), {
    onLeft: () => ({}),
    onRight: (json) =>
      typeof json === "object" && json !== null && !Array.isArray(json)
        ? Record.filter({ ...json } as { [field: string]: unknown }, (_, field) => !ours.has(field))
        : {}
  })
