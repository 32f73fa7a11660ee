/**
 * `effixir logout`
 */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { CredentialStore } from "../../auth/CredentialStore.ts"
import { OAuth } from "../../auth/OAuth.ts"
import * as NodeRuntime from "../../node/NodeRuntime.ts"
import { Screen } from "../Screen.ts"
import * as Common from "./options.ts"

export const logout = Command.make(
  "logout",
  { profile: Common.credential.profile },
  Effect.fnUntraced(function*({ profile }) {
    const screen = yield* Screen
    const outcome = yield* signOut.pipe(Effect.provide(NodeRuntime.layerHome), Common.override({ profile }))
    yield* screen.err(`${outcome}\n`)
  })
).pipe(Command.withDescription("Forget the stored sign-in, and end it at the server"))

/** The server is asked first, while there is something to ask with. Whatever it says, the sign-in is forgotten here. */
const signOut = Effect.gen(function*() {
  const store = yield* CredentialStore
  const oauth = yield* OAuth
  const stored = yield* Effect.orElseSucceed(store.load, Option.none)
  const isEnded = yield* Option.match(stored, {
    onNone: () => Effect.succeed(true),
    onSome: (credential) =>
      credential.kind === "api_key"
        ? Effect.succeed(true)
        : Effect.isSuccess(Effect.timeoutFail(oauth.revoke(credential.refresh_token), {
          duration: "10 seconds",
          onTimeout: () => "too slow" as const
        }))
  })
  yield* store.clear
  if (Option.isNone(stored)) return "Nobody was signed in."
  return isEnded ? "Signed out." : "Signed out here. The server could not be told; the sign-in ends there by itself."
})
