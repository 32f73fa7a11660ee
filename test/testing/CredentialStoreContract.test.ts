import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { apiKey } from "../../src/auth/Credential.ts"
import * as CredentialStore from "../../src/auth/CredentialStore.ts"
import * as SqlCredentialStore from "../../src/cluster/SqlCredentialStore.ts"
import * as CredentialFile from "../../src/node/auth/CredentialFile.ts"
import * as CredentialKeyring from "../../src/node/auth/CredentialKeyring.ts"
import * as CredentialStoreContract from "../../src/testing/CredentialStoreContract.ts"
import { sqliteAt, sqliteUrl } from "../cluster/databases.ts"
import { layer as platform } from "../node/support.ts"

const file = Layer.unwrapScoped(
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped()).pipe(
    Effect.map((folder) => `${folder}/home/auth.json`)
  ).pipe(Effect.map((path) => CredentialFile.layer({ path })))
).pipe(Layer.provide(platform))

/** A keyring that is never asked by another program. */
const keyring = Layer.scoped(
  CredentialStore.CredentialStore,
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    let text: string | undefined
    return yield* CredentialKeyring.make(
      { path: `${yield* fs.makeTempDirectoryScoped()}/auth.json` },
      () =>
        Effect.succeed({
          get: Effect.sync(() => Option.fromNullable(text)),
          set: (next) =>
            Effect.sync(() => {
              text = next
            }),
          remove: Effect.sync(() => {
            text = undefined
          })
        })
    )
  })
).pipe(Layer.provide(platform))

const sqlite = SqlCredentialStore.layer({ key: Redacted.make(new Uint8Array(32).fill(7)) }).pipe(
  Layer.provide(Layer.unwrapScoped(Effect.map(sqliteUrl, sqliteAt)))
)

describe.each(
  [
    ["memory", Layer.suspend(() => CredentialStore.layerMemory())],
    ["a file", file],
    ["a keyring", keyring],
    ["a database", sqlite]
  ] as const
)("A credential in %s", (_, layer) => {
  for (const { check, name } of CredentialStoreContract.checks<unknown>(layer)) it.live(name, () => check)
})

type Store = typeof CredentialStore.CredentialStore.Service

/** The promises that a store breaks which differs from a sound one. */
const broken = (spoil: (store: Store) => Partial<Store>) =>
  Effect.filter(
    CredentialStoreContract.checks(
      Layer.effect(
        CredentialStore.CredentialStore,
        Effect.map(CredentialStore.CredentialStore, (store) => ({ ...store, ...spoil(store) }))
      ).pipe(Layer.provide(Layer.suspend(() => CredentialStore.layerMemory())))
    ),
    ({ check }) => Effect.map(Effect.exit(check), Exit.isFailure)
  ).pipe(Effect.map((failed) => failed.map(({ name }) => name)))

describe("CredentialStoreContract", () => {
  it.live.each<[string, (store: Store) => Partial<Store>, string]>([
    [
      "is never empty",
      ({ load }) => ({ load: Effect.map(load, Option.orElseSome(() => apiKey(Redacted.make("a key")))) }),
      "is empty at first, and can be cleared then"
    ],
    ["forgets", () => ({ save: () => Effect.void }), "gives back what was saved last, until it is cleared"],
    ["clears nothing", () => ({ clear: Effect.void }), "gives back what was saved last, until it is cleared"],
    [
      "empties what it reserves",
      ({ clear, save }) => ({ reserve: Effect.as(clear, save) }),
      "saves where space was reserved, and only when it is told to"
    ],
    [
      "does not say what it has changed",
      ({ load, modify }) => ({
        modify: (change) => Effect.flatMap(load, (before) => Effect.as(modify(change), before))
      }),
      "changes what it holds, and returns that"
    ],
    [
      "lets another change in between",
      ({ load, save }) => ({
        modify: (change) =>
          Effect.flatMap(load, change).pipe(
            Effect.tap((to) => Option.isSome(to) && to.value.kind !== "chatgpt_ended" ? save(to.value) : Effect.void)
          )
      }),
      "lets nobody in between the reading and the writing of a change"
    ],
    [
      "drops a change that is interrupted",
      ({ modify }) => ({ modify: (change) => modify((stored) => Effect.interruptible(change(stored))) }),
      "finishes a change that was begun, also when it is interrupted"
    ],
    [
      "deletes before the last use",
      ({ clear, load }) => ({
        clearAfter: (last) => Effect.flatMap(Effect.zipLeft(load, clear), (stored) => last(Either.right(stored)))
      }),
      "deletes nothing when the last use fails"
    ]
  ])(
    "finds out one that %s",
    ([, spoil, promise]) => Effect.map(broken(spoil), (names) => assert.include(names, promise))
  )
})
