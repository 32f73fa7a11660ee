/**
 * Continue with ChatGPT: the official sign-in, in a browser that is redirected to this machine.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { UrlShown } from "../../auth/BrowserAnswer.ts"
import * as ChatGptLogin from "../../auth/chatgpt/ChatGptLogin.ts"
import { Registrations } from "../../auth/chatgpt/Registrations.ts"
import * as Credential from "../../auth/Credential.ts"
import * as Host from "../../auth/Host.ts"
import { shown } from "../../auth/Secrets.ts"
import { SignedOut } from "../../auth/SignedOut.ts"
import type { Keep } from "../../auth/SignIn.ts"
import * as NodeCallbackServer from "../../node/auth/NodeCallbackServer.ts"
import * as Keyboard from "../Keyboard.ts"
import { withProgressLine } from "../progressLine.ts"
import * as Prompt from "../prompt.ts"
import { credentialOf } from "./credentialOf.ts"
import { refusePaste, say, sayJson, whereToOpen } from "./say.ts"

/**
 * This sign-in has no code to enter on another device: the browser has to reach this machine, or a person pastes its
 * address.
 */
export const signIn = <E extends { readonly message: string }, R>(
  json: boolean,
  keep: Keep<Credential.ChatGpt, E, R>
) =>
  credentialOf(
    ChatGptLogin.login({ pasted: Prompt.lines, keep }).pipe(
      Stream.tap((state) => {
        if (state._tag === "UrlShown") return showPrompt(state, json)
        return state._tag === "PasteRefused" ? refusePaste(state, json) : Effect.void
      })
    )
  ).pipe(
    withProgressLine(Effect.succeed("Waiting for the browser")),
    Effect.provide(NodeCallbackServer.layerAnyPort)
  )

const showPrompt = Effect.fnUntraced(function*({ redirectUri, url }: UrlShown, json: boolean) {
  if (json) return yield* shown(sayJson({ type: "login.prompt", url, redirect_uri: redirectUri }))
  const { port } = new URL(redirectUri)
  yield* shown(say(`Continue with ChatGPT ${yield* whereToOpen}:`, "", url, ""))
  yield* say(
    `If the browser is on another machine, it ends on a page that cannot be shown: paste the whole address of that page ` +
      "here. Or let it reach this machine, with a second connection from there:",
    `ssh -L ${port}:127.0.0.1:${port} THIS_MACHINE`,
    ""
  )
})

/** Says who has signed in, and what to do if the plan may not be used. */
export const welcome = Effect.fnUntraced(function*(credential: Credential.ChatGpt, json: boolean) {
  const usesPlan = Credential.usesPlan(credential)
  const { email, kind } = credential
  if (json) return yield* sayJson({ type: "login.completed", kind, email, plan_use: usesPlan })
  yield* say(`Signed in as ${email ?? "somebody"}.`)
  if (!usesPlan) yield* say(`${new SignedOut({ reason: "PlanUseOff" }).message}.`)
})

/**
 * Tells each person once that the plan is used. At a terminal they acknowledge it, or else are told again after the next
 * sign-in.
 */
export const notePlan = Effect.fnUntraced(function*(credential: Credential.ChatGpt) {
  const { client_id, issuer } = credential
  const { find, keep } = yield* Registrations
  const registration = Option.getOrUndefined(yield* Effect.orElseSucceed(find(issuer), Option.none))
  const isNoted = registration?.client_id !== client_id || registration.plan_noted === true
  if (isNoted || !Credential.usesPlan(credential)) return
  yield* say("", ...planNote)
  if (Keyboard.isThere()) yield* Keyboard.words("Press Enter to go on: ")
  yield* Effect.ignore(keep({ ...registration, plan_noted: true }))
})

const planNote = [
  "You're using your ChatGPT plan: what the model is asked with this sign-in counts towards it. How much that may be, and " +
  "how much it was, is at",
  Host.manageUsage
]
