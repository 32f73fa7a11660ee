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
import { CredentialStore, CredentialStoreError, type Encoded, makeEncoded } from "../../auth/CredentialStore.ts"
import * as CredentialFile from "./CredentialFile.ts"
import * as Keyring from "./Keyring.ts"

/** @since 0.1.0 @category models */
export interface Options {
  /** The file to use where there is no keyring. Its lock is used in any case: keyrings have none. */
  readonly path: string
}

/**
 * The entry for a file goes by its path: every profile and home has its own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(options: Options, open: typeof Keyring.open = Keyring.open) {
  const file = yield* CredentialFile.makeMedium(options)
  const entry = yield* open(options.path)
  const isThere = yield* Effect.isSuccess(Effect.catchIf(entry.get, isSilent, () => Effect.void))
  if (isThere) return makeEncoded(keyring(entry, file))
  yield* Effect.logWarning(`There is no keyring that can be used; the sign-in is kept in ${options.path}`)
  return makeEncoded(file)
})

/** There is a keyring with unknown content: a sign-in in the file could be a second one beside it. */
const isSilent = ({ reason }: Keyring.KeyringError): boolean => reason === "Silent"

/**
 * The keyring, or the file with one warning where there is none. A sign-in that is in the file moves to the keyring
 * when it is next stored.
 *
 * @example
 * ```ts
 * import * as NodeContext from "@effect/platform-node/NodeContext"
 * import * as Layer from "effect/Layer"
 * import { CredentialKeyring } from "effixir/node"
 *
 * const options = { path: "/home/ada/.my-agent/auth.json" } // where the sign-in is kept if there is no keyring
 *
 * const Keyring = Layer.provide(CredentialKeyring.layer(options), NodeContext.layer)
 * const sameAsAnEffect = CredentialKeyring.make(options)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<CredentialStore, never, FileSystem.FileSystem | Path.Path> =>
  Layer.scoped(CredentialStore, make(options))

const keyring = (entry: Keyring.Entry, file: Encoded): Encoded => {
  const location = "the keyring (effixir)"
  const failed = (operation: CredentialStoreError["operation"]) => (cause: Keyring.KeyringError) =>
    new CredentialStoreError({ operation, location, problem: problemOf(cause), cause })

  const load = Effect.mapError(entry.get, failed("load"))
  return {
    location,
    read: Effect.flatMap(load, (text) => Option.isSome(text) ? Effect.succeed(text) : file.read),
    // A keyring that can be read is unlocked, and cannot be full.
    reserve: Effect.as(
      load,
      (text: string) => Effect.zipRight(Effect.mapError(entry.set(text), failed("save")), file.remove)
    ),
    remove: Effect.zipRight(
      Effect.flatMap(
        load,
        (text) => Option.isSome(text) ? Effect.mapError(entry.remove, failed("clear")) : Effect.void
      ),
      file.remove
    ),
    alone: file.alone
  }
}

const problemOf = (error: Keyring.KeyringError): string =>
  isSilent(error)
    ? `${error.detail}; see whether it asks for a password, and try again, or ${without}`
    : `the system says "${error.detail}"; unlock the keyring, or ${without}`

const without = "set credential_store to \"file\" in config.json"
