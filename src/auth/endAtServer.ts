import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { ChatGptOAuth } from "./chatgpt/ChatGptOAuth.ts"
import type { SignIn } from "./Credential.ts"
import { OAuth } from "./OAuth.ts"

/** Ends a sign-in at the server that has given it, and tells whether the server has confirmed that. */
export const endAtServer: (credential: SignIn) => Effect.Effect<boolean, never, OAuth | ChatGptOAuth> = Effect
  .fnUntraced(function*(credential) {
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
      Effect.timeoutFail({ duration: longest, onTimeout: () => "too slow" as const }),
      Effect.isSuccess
    )
  })

const longest = Duration.seconds(10)

/** What to tell where the server has not confirmed it. */
export const unconfirmed: { readonly [kind in SignIn["kind"]]: string } = {
  subscription: "The server could not be told; the sign-in ends there by itself.",
  chatgpt: "The server did not confirm that the sign-in has ended there. To be sure, disconnect effixir in the " +
    "settings of ChatGPT."
}
