/**
 * `effixir login`: the ways to sign in, and the choice between them.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { PasteRefused, UrlShown } from "../../auth/BrowserAnswer.ts"
import * as BrowserLogin from "../../auth/BrowserLogin.ts"
import * as ChatGptLogin from "../../auth/chatgpt/ChatGptLogin.ts"
import { Registrations } from "../../auth/chatgpt/Registrations.ts"
import * as Credential from "../../auth/Credential.ts"
import { CredentialStore } from "../../auth/CredentialStore.ts"
import * as DeviceLogin from "../../auth/DeviceLogin.ts"
import * as Host from "../../auth/Host.ts"
import { SignedOut } from "../../auth/SignedOut.ts"
import { prose } from "../../internal/visible.ts"
import * as ForeignCredential from "../../node/auth/ForeignCredential.ts"
import * as NodeBrowser from "../../node/auth/NodeBrowser.ts"
import * as NodeCallbackServer from "../../node/auth/NodeCallbackServer.ts"
import * as NodeRuntime from "../../node/NodeRuntime.ts"
import * as Confirm from "../confirm.ts"
import * as ExitCode from "../ExitCode.ts"
import { Interruption } from "../Interruption.ts"
import { printOver, withProgressLine } from "../progressLine.ts"
import * as Prompt from "../prompt.ts"
import { Screen } from "../Screen.ts"
import { timeLeft } from "../time.ts"
import { wrap } from "../wrap.ts"
import * as Common from "./options.ts"

export const login = Command.make(
  "login",
  {
    chatgpt: Options.boolean("chatgpt").pipe(
      Options.withDescription("Continue with ChatGPT, the official sign-in, in a browser")
    ),
    device: Options.boolean("device").pipe(Options.withDescription("Show a code to enter in a browser anywhere")),
    browser: Options.boolean("browser").pipe(Options.withDescription("Sign in with the browser of this machine")),
    withApiKey: Options.boolean("with-api-key").pipe(Options.withDescription("Store the API key that stdin holds")),
    fromCodex: Options.boolean("from-codex").pipe(Options.withDescription("Take over the sign-in of Codex")),
    fromPi: Options.boolean("from-pi").pipe(Options.withDescription("Take over the sign-in of Pi")),
    yes: Options.boolean("yes").pipe(Options.withDescription("Do not ask before taking over a sign-in")),
    json: Common.json.pipe(Options.withDescription("Print JSON lines on stdout")),
    profile: Common.credential.profile
  },
  Effect.fnUntraced(function*(options) {
    const { tellEnd } = yield* Interruption
    // Once it is kept, nothing comes between that and the word of it.
    yield* Effect.uninterruptibleMask((restore) =>
      restore(keep(options)).pipe(
        Effect.flatMap((credential) => tellEnd(Effect.succeed(ExitCode.success), welcome(credential, options.json)))
      )
    ).pipe(
      Effect.provide([NodeRuntime.layerHome, NodeCallbackServer.layer(), NodeBrowser.layer, NodeRuntime.layerPlatform]),
      Common.override({ profile: options.profile })
    )
  })
).pipe(Command.withDescription("Sign in with a ChatGPT plan, or store an API key"))

/** The old credential stays until there is a new one. Nobody should agree to one that could not be kept. */
const keep = (choice: Choice) =>
  Effect.scoped(Effect.gen(function*() {
    yield* checkChoice(choice)
    const store = yield* CredentialStore
    const save = isImmediate(choice) ? store.save : yield* store.reserve
    return yield* Effect.tap(signIn(choice), save)
  }))

interface Choice {
  readonly chatgpt: boolean
  readonly device: boolean
  readonly browser: boolean
  readonly withApiKey: boolean
  readonly fromCodex: boolean
  readonly fromPi: boolean
  readonly yes: boolean
  readonly json: boolean
}

const ways = "--chatgpt, --device, --browser, --with-api-key, --from-codex or --from-pi"

const checkChoice = Effect.fnUntraced(function*(choice: Choice) {
  const { browser, chatgpt, device, fromCodex, fromPi, withApiKey } = choice
  const chosen = [chatgpt, device, browser, withApiKey, fromCodex, fromPi].filter(Boolean)
  if (chosen.length > 1) return yield* new ExitCode.BadInput({ message: `Choose one way to sign in: ${ways}` })
})

/** Whether the credential is there already, and no server has to be asked. */
const isImmediate = ({ fromCodex, fromPi, withApiKey }: Choice): boolean => withApiKey || fromCodex || fromPi

const signIn = Effect.fnUntraced(function*(choice: Choice) {
  if (choice.withApiKey) return yield* apiKey
  if (choice.fromCodex) return yield* takeOver(ForeignCredential.codex, choice.yes)
  if (choice.fromPi) return yield* takeOver(ForeignCredential.pi, choice.yes)
  if (choice.chatgpt) return yield* withChatGpt(choice.json)
  if (choice.device) return yield* withCode(choice.json)
  const screen = yield* Screen
  const hasBrowser = screen.isErrTerminal && !choice.json && (yield* NodeBrowser.canOpenBrowser)
  return yield* choice.browser || hasBrowser ? withBrowser(choice.json) : withCode(choice.json)
})

/** The line of a sign-in that a signal has stopped. Errors are told elsewhere. */
export const interrupted = (signal: ExitCode.Signal) => ({
  type: "login.interrupted",
  reason: ExitCode.reasonOf(signal),
  exit_code: ExitCode.interrupted(signal)
})

const welcome = Effect.fnUntraced(function*(credential: Credential.Credential, json: boolean) {
  const screen = yield* Screen
  if (credential.kind === "chatgpt") return yield* welcomeWithChatGpt(credential, json)
  const { accountId, email, plan } = credential.kind === "subscription"
    ? Credential.claims(credential)
    : { accountId: undefined, email: undefined, plan: undefined }
  const who = credential.kind === "api_key" ? "with an API key" : `as ${email ?? accountId ?? "somebody"}`
  yield* json
    ? sayJson({ type: "login.completed", kind: credential.kind, email, plan, account_id: accountId })
    : screen.err(prose(`Signed in ${who}${plan === undefined ? "" : ` (${plan} plan)`}.\n`))
})

const welcomeWithChatGpt = Effect.fnUntraced(function*(credential: Credential.ChatGpt, json: boolean) {
  const screen = yield* Screen
  const usesPlan = Credential.usesPlan(credential)
  const { email, kind } = credential
  if (json) return yield* sayJson({ type: "login.completed", kind, email, plan_use: usesPlan })
  yield* screen.err(prose(`Signed in as ${email ?? "somebody"}.\n`))
  if (!usesPlan) return yield* screen.err(prose(`${new SignedOut({ reason: "PlanUseOff" }).message}.\n`))
  if (yield* isFirstWithPlan(credential)) yield* say("", ...planNote)
})

/** Told once to each person. What cannot be noted is told again. */
const isFirstWithPlan = Effect.fnUntraced(function*({ client_id, issuer }: Credential.ChatGpt) {
  const { find, keep } = yield* Registrations
  const registration = Option.getOrUndefined(yield* Effect.orElseSucceed(find(issuer), Option.none))
  if (registration?.client_id !== client_id || registration.plan_noted === true) return false
  yield* Effect.ignore(keep({ ...registration, plan_noted: true }))
  return true
})

const planNote = [
  "You're using your ChatGPT plan: what the model is asked with this sign-in counts towards it. How much that may be, and " +
  "how much it was, is at",
  Host.manageUsage
]

/** The key comes from stdin: on the command line everybody on this machine could read it. */
const apiKey = Effect.flatMap(Prompt.stdin, (text) => {
  if (text.trim() === "") {
    return new ExitCode.BadInput({
      message: "No API key came in: pipe one in, as in `echo \"$KEY\" | effixir login --with-api-key`"
    })
  }
  return Either.match(Credential.readKey(text), {
    onLeft: (problem) =>
      new ExitCode.BadInput({ message: `What came in for --with-api-key is no API key: ${problem}` }),
    onRight: (key) => Effect.succeed<Credential.Credential>(Credential.apiKey(key))
  })
})

/** A refresh token is good for one program only, and whoever uses it second is signed out. */
const takeOver = Effect.fnUntraced(function*(tool: ForeignCredential.Tool, yes: boolean) {
  const { credential, leftOut } = yield* ForeignCredential.read(tool)
  const screen = yield* Screen
  yield* Effect.forEach(leftOut, (why) => screen.say(`left out of the sign-ins of ${tool.name}: ${why}`), {
    discard: true
  })
  if (credential.kind === "subscription" && Credential.claims(credential).accountId === undefined) {
    return yield* new SignedOut({ reason: "AccountUnknown" })
  }
  if (credential.kind === "subscription" && !yes) {
    yield* Confirm.ask(
      `The sign-in of ${tool.name} can be used by one program only. It moves here, and ${tool.name} will have to sign in ` +
        "again.",
      "--yes"
    )
  }
  return credential
})

const withCode = Effect.fnUntraced(function*(json: boolean) {
  let line = Effect.succeed("Asking for a code")
  const signIn = DeviceLogin.login.pipe(Stream.tap((state) => {
    if (state._tag !== "CodeShown") return Effect.void
    line = Effect.map(timeLeft(state.expiresAt), (left) => `Waiting for you to enter the code · ${left} left`)
    return showCode(state, json)
  }))
  return yield* credentialOf(signIn).pipe(withProgressLine(Effect.suspend(() => line)))
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

/** There is no code to enter elsewhere: a browser somewhere has to come back to this machine, or its address has to. */
const withChatGpt = (json: boolean) =>
  credentialOf(
    ChatGptLogin.login({ pasted: Prompt.lines }).pipe(
      Stream.tap((state) => {
        if (state._tag === "UrlShown") return showPrompt(state, json)
        return state._tag === "PasteRefused" ? refusePaste(state, json) : Effect.void
      })
    )
  ).pipe(
    withProgressLine(Effect.succeed("Waiting for the browser")),
    Effect.provide(NodeCallbackServer.layerAnyPort)
  )

const showPrompt = ({ redirectUri, url }: UrlShown, json: boolean) => {
  if (json) return sayJson({ type: "login.prompt", url, redirect_uri: redirectUri })
  const { port } = new URL(redirectUri)
  return say(
    "Continue with ChatGPT in the browser that opens now, or open this address:",
    "",
    url,
    "",
    `If the browser is on another machine, it ends on a page that cannot be shown: paste the whole address of that page ` +
      "here. Or let it reach this machine, with a second connection from there:",
    `ssh -L ${port}:127.0.0.1:${port} THIS_MACHINE`,
    ""
  )
}

/** A busy port is no reason to give up: the code needs none. */
const withBrowser = Effect.fnUntraced(function*(json: boolean) {
  const signIn = BrowserLogin.login({ pasted: Prompt.lines }).pipe(
    Stream.tap((state) => {
      if (state._tag === "UrlShown") return showUrl(state.url, json)
      return state._tag === "PasteRefused" ? refusePaste(state, json) : Effect.void
    })
  )
  return yield* credentialOf(signIn).pipe(
    withProgressLine(Effect.succeed("Waiting for the browser")),
    Effect.catchIf(
      (error) => error._tag === "OAuthError" && error.reason === "PortBusy",
      () =>
        Effect.zipRight(
          say("The ports 1455 and 1457 cannot be had. Signing in with a code instead.", ""),
          withCode(json)
        )
    )
  )
})

const showUrl = (url: string, json: boolean) =>
  json ? sayJson({ type: "login.url", url }) : say(
    "Sign in with the browser that opens now, or open this address:",
    "",
    url,
    "",
    "If the browser ends on a page that cannot be shown, as on another machine, paste the address of that page here.",
    ""
  )

const refusePaste = ({ problem }: PasteRefused, json: boolean) =>
  json
    ? sayJson({ type: "login.paste_refused", problem, message: pasteProblems[problem] })
    : say(pasteProblems[problem])

const pasteProblems: { readonly [problem in PasteRefused["problem"]]: string } = {
  AnotherSignIn: "That address belongs to another sign-in. Open the one above, and paste the address where it ends.",
  NoAnswer: "That has no code in it. Paste the whole address of the page where the browser ended."
}

const credentialOf = <State extends { readonly _tag: string }, E, R>(
  states: Stream.Stream<State | { readonly _tag: "SignedIn"; readonly credential: Credential.SignIn }, E, R>
): Effect.Effect<Credential.Credential, E, R> =>
  Effect.flatMap(Stream.runLast(states), (last) =>
    Option.isSome(last) && "credential" in last.value
      ? Effect.succeed(last.value.credential)
      : Effect.dieMessage("A sign-in ended without a credential"))

/** Lines of words are broken where the terminal ends; an address or a code stays whole. */
const say = (...lines: ReadonlyArray<string>) =>
  Effect.flatMap(
    Screen,
    ({ width }) =>
      printOver(
        lines.map(prose).map((line) => `${line.length <= width ? line : wrap(line, width, "")}\n`).join("")
      )
  )

const sayJson = (line: { readonly type: string; readonly [field: string]: unknown }) =>
  Effect.flatMap(Screen, (screen) => screen.out(`${JSON.stringify(line)}\n`))
