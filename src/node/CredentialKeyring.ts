/**
 * The credential in the keyring of the operating system: Keychain, Credential Manager, or Secret Service.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { CredentialStore, CredentialStoreError, type Encoded, makeEncoded } from "../auth/CredentialStore.ts"
import * as CredentialFile from "./CredentialFile.ts"

/** @since 0.1.0 @category models */
export interface Options {
  /** The file to use where there is no keyring. Its lock is used in any case: keyrings have none. */
  readonly path: string
}

/**
 * One entry of a keyring. Rejections tell what the system said.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  readonly getPassword: () => Promise<string | null | undefined>
  readonly setPassword: (text: string) => Promise<unknown>
  readonly deletePassword: () => Promise<unknown>
}

const service = "effixir"

/**
 * The entry for a file, by its path: every profile and home has its own. Kernel keyrings are passed over, because they
 * forget at the next start of the machine.
 */
const openEntry = async (path: string): Promise<Entry> => {
  const { AsyncEntry } = await import("@napi-rs/keyring")
  return new AsyncEntry(service, path, { linux: { store: "secret-service" } })
}

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*(options: Options, open: (path: string) => Promise<Entry> = openEntry) {
  const file = yield* CredentialFile.makeMedium(options)
  const entry = yield* Effect.tryPromise(async () => {
    const entry = await open(options.path)
    await entry.getPassword()
    return entry
  }).pipe(Effect.option)
  if (Option.isSome(entry)) return makeEncoded(keyring(entry.value, file))
  yield* Effect.logWarning(`There is no keyring that can be used; the sign-in is kept in ${options.path}`)
  return makeEncoded(file)
})

/**
 * The keyring, or the file with one warning where there is none. A sign-in that is in the file moves to the keyring
 * when it is next stored.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<CredentialStore, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(CredentialStore, make(options))

const keyring = (entry: Entry, file: Encoded): Encoded => {
  const location = `the keyring (${service})`
  const call = <A>(operation: CredentialStoreError["operation"], run: () => Promise<A>) =>
    Effect.tryPromise({
      try: run,
      catch: (cause) =>
        new CredentialStoreError({
          operation,
          location,
          problem:
            `the system says "${cause instanceof Error ? cause.message : String(cause)}"; unlock the keyring, or ` +
            "set credential_store to \"file\" in config.json",
          cause
        })
    })
  const inKeyring = Effect.map(call("load", () => entry.getPassword()), Option.fromNullable)
  return {
    location,
    read: Effect.flatMap(inKeyring, (text) => Option.isSome(text) ? Effect.succeed(text) : file.read),
    // A keyring that can be read is unlocked, and there is nothing of it that could be full.
    reserve: Effect.as(
      inKeyring,
      (text: string) => Effect.zipRight(call("save", () => entry.setPassword(text)), file.remove)
    ),
    remove: Effect.zipRight(
      Effect.flatMap(
        inKeyring,
        (text) => Option.isSome(text) ? Effect.asVoid(call("clear", () => entry.deletePassword())) : Effect.void
      ),
      file.remove
    ),
    alone: file.alone
  }
}
