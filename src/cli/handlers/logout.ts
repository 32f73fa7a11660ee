/**
 * `effixir logout`
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { ChatGptOAuth } from "../../auth/chatgpt/ChatGptOAuth.ts"
import { isSignIn, type Stored } from "../../auth/Credential.ts"
import { CredentialStore } from "../../auth/CredentialStore.ts"
import { OAuth } from "../../auth/OAuth.ts"
import { layerHome } from "../../node/NodeHome.ts"
import type { Flags } from "../commands/logout.ts"
import * as Common from "../commands/options.ts"
import { Screen } from "../Screen.ts"

export const handle = Effect.fnUntraced(function*({ profile }: Flags) {
  const screen = yield* Screen
  const outcome = yield* signOut.pipe(Effect.provide(layerHome), Common.override({ profile }))
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
    return Effect.map(
      endAtServer(credential),
      (isEnded) => isEnded ? "Signed out." : `Signed out here. ${unconfirmed[credential.kind]}`
    )
  })
})

const unreadable = "It is removed here. If it was a sign-in with ChatGPT, it has not ended at the server: to end it, " +
  "disconnect effixir or Codex in the settings of ChatGPT."

const endAtServer = Effect.fnUntraced(function*(credential: Stored) {
  if (!isSignIn(credential)) return true
  const oauth = yield* OAuth
  const chatGpt = yield* ChatGptOAuth
  const revoke = credential.kind === "chatgpt"
    ? Effect.retry(chatGpt.revoke(credential), {
      while: (error) => error.isTransient,
      times: 2,
      schedule: Schedule.spaced("1 second")
    })
    : oauth.revoke(credential.refresh_token)
  return yield* revoke.pipe(
    // Stopping this call loses nothing.
    Effect.interruptible,
    Effect.timeoutFail({ duration: "10 seconds", onTimeout: () => "too slow" as const }),
    Effect.isSuccess
  )
})

const unconfirmed: { readonly [kind in Stored["kind"]]: string } = {
  subscription: "The server could not be told; the sign-in ends there by itself.",
  chatgpt: "The server did not confirm that the sign-in has ended there. To be sure, disconnect effixir in the " +
    "settings of ChatGPT.",
  chatgpt_ended: "",
  api_key: ""
}
