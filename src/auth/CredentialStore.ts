/**
 * Where the one stored credential of a person lives.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SynchronizedRef from "effect/SynchronizedRef"
import type { Credential } from "./Credential.ts"

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

/** @since 0.1.0 @category services */
export class CredentialStore extends Context.Tag("effixir/auth/CredentialStore")<CredentialStore, {
  /** The stored credential, if there is one. */
  readonly load: Effect.Effect<Option.Option<Credential>, CredentialStoreError>
  /** Replaces the stored credential; a reader sees the old one or the new one, never a part. */
  readonly save: (credential: Credential) => Effect.Effect<void, CredentialStoreError>
  /** Forgets the stored credential. Nothing stored is fine. */
  readonly clear: Effect.Effect<void, CredentialStoreError>
  /**
   * Replaces what is stored by what `change` makes of it, and returns that; the same value back changes nothing.
   * Nobody else, in this process or another, can change the store in between, and once begun it is finished: nothing
   * interrupts it between the change and the disk.
   */
  readonly modify: <E, R>(
    change: (stored: Option.Option<Credential>) => Effect.Effect<Option.Option<Credential>, E, R>
  ) => Effect.Effect<Option.Option<Credential>, E | CredentialStoreError, R>
}>() {}

/** @since 0.1.0 @category constructors */
export const makeMemory = Effect.fnUntraced(function*(initial?: Credential) {
  const ref = yield* SynchronizedRef.make(Option.fromNullable(initial))
  return CredentialStore.of({
    load: SynchronizedRef.get(ref),
    save: (credential) => SynchronizedRef.set(ref, Option.some(credential)),
    clear: SynchronizedRef.set(ref, Option.none()),
    modify: (change) => Effect.uninterruptible(SynchronizedRef.updateAndGetEffect(ref, change))
  })
})

/**
 * Forgets everything when the program ends.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory = (initial?: Credential): Layer.Layer<CredentialStore> =>
  Layer.effect(CredentialStore, makeMemory(initial))
