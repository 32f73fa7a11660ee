/**
 * Signing in as the Codex client does: with a code that is entered anywhere, or in the browser of this machine.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as BrowserLogin from "../../auth/BrowserLogin.ts"
import type { Subscription } from "../../auth/Credential.ts"
import * as DeviceLogin from "../../auth/DeviceLogin.ts"
import { OAuthError } from "../../auth/OAuthError.ts"
import type { Keep } from "../../auth/SignIn.ts"
import { withProgressLine } from "../progressLine.ts"
import * as Prompt from "../prompt.ts"
import { timeLeft } from "../time.ts"
import { credentialOf } from "./credentialOf.ts"
import { refusePaste, say, sayJson, whereToOpen } from "./say.ts"

export const withCode = Effect.fnUntraced(function*<E, R>(json: boolean, keep: Keep<Subscription, E, R>) {
  let line = Effect.succeed("Asking for a code")
  const signIn = DeviceLogin.login.pipe(Stream.tap((state) => {
    if (state._tag !== "CodeShown") return Effect.void
    line = Effect.map(timeLeft(state.expiresAt), (left) => `Waiting for you to enter the code · ${left} left`)
    return showCode(state, json)
  }))
  return yield* credentialOf(signIn).pipe(withProgressLine(Effect.suspend(() => line)), Effect.tap(keep))
})

const showCode = ({ expiresAt, userCode, verificationUri }: DeviceLogin.CodeShown, json: boolean) =>
  json
    ? sayJson({
      type: "login.code",
      verification_uri: verificationUri,
      user_code: userCode,
      expires_at: DateTime.formatIso(expiresAt)
    })
    : say(
      "Open this address in a browser, here or on any other device:",
      "",
      `  ${verificationUri}`,
      "",
      `and enter the code  ${userCode}  within 15 minutes.`,
      "",
      "If the page refuses: device codes must be enabled in ChatGPT, under Settings → Security (in a workspace: by its " +
        "admin); or use `effixir login --browser`.",
      "Go on only if you started this sign-in yourself. Whoever sends you such a code wants your account.",
      ""
    )

/** If the port is busy, falls back to the sign-in with a code, which needs no port. */
export const withBrowser = Effect.fnUntraced(
  function*<E extends { readonly _tag: string; readonly message: string }, R>(
    json: boolean,
    keep: Keep<Subscription, E, R>
  ) {
    const signIn = BrowserLogin.login({ pasted: Prompt.lines, keep }).pipe(
      Stream.tap((state) => {
        if (state._tag === "UrlShown") return showUrl(state.url, json)
        return state._tag === "PasteRefused" ? refusePaste(state, json) : Effect.void
      })
    )
    return yield* credentialOf(signIn).pipe(
      withProgressLine(Effect.succeed("Waiting for the browser")),
      Effect.catchIf(
        (error) => error instanceof OAuthError && error.reason === "PortBusy",
        () =>
          Effect.zipRight(
            say("The ports 1455 and 1457 cannot be had. Signing in with a code instead.", ""),
            withCode(json, keep)
          )
      )
    )
  }
)

const showUrl = Effect.fnUntraced(function*(url: string, json: boolean) {
  if (json) return yield* sayJson({ type: "login.url", url })
  yield* say(
    `Sign in ${yield* whereToOpen}:`,
    "",
    url,
    "",
    "If the browser ends on a page that cannot be shown, as on another machine, paste the address of that page here.",
    ""
  )
})
