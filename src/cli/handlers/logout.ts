/**
 * `effixir logout`
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { isSignIn } from "../../auth/Credential.ts"
import { CredentialStore } from "../../auth/CredentialStore.ts"
import { endAtServer, unconfirmed } from "../../auth/endAtServer.ts"
import { layerHome } from "../../node/NodeHome.ts"
import type { Flags } from "../commands/logout.ts"
import * as Common from "../commands/options.ts"
import { whileWaiting } from "../progressLine.ts"
import { Screen } from "../Screen.ts"

export const handle = Effect.fnUntraced(function*({ profile }: Flags) {
  const screen = yield* Screen
  const outcome = yield* signOut.pipe(
    whileWaiting("telling the server that the sign-in ends"),
    Effect.provide(layerHome),
    Common.override({ profile })
  )
  yield* screen.err(`${outcome}\n`)
})

/**
 * Revokes the sign-in at the server first, which needs its token, and then forgets it here whatever the server answers.
 * Waits for a refresh by another process, because the token to revoke is the one that it brings.
 */
const signOut = Effect.gen(function*() {
  const store = yield* CredentialStore
  return yield* store.clearAfter((stored) => {
    if (Either.isLeft(stored)) return Effect.succeed(`${stored.left.message}. ${unreadable}`)
    if (Option.isNone(stored.right)) return Effect.succeed("Nobody was signed in.")
    const credential = stored.right.value
    if (!isSignIn(credential)) return Effect.succeed("Signed out.")
    return Effect.map(
      endAtServer(credential),
      (isEnded) => isEnded ? "Signed out." : `Signed out here. ${unconfirmed[credential.kind]}`
    )
  })
})

const unreadable = "It is removed here. If it was a sign-in with ChatGPT, it has not ended at the server: to end it, " +
  "disconnect effixir or Codex in the settings of ChatGPT."
