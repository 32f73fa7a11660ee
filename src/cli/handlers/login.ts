/**
 * `effixir login`: the ways to sign in, and the choice between them.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Struct from "effect/Struct"
import * as Credential from "../../auth/Credential.ts"
import { CredentialStore, CredentialStoreError } from "../../auth/CredentialStore.ts"
import { endAtServer, unconfirmed } from "../../auth/endAtServer.ts"
import type { Keep } from "../../auth/SignIn.ts"
import { prose } from "../../internal/visible.ts"
import * as ForeignCredential from "../../node/auth/ForeignCredential.ts"
import * as NodeBrowser from "../../node/auth/NodeBrowser.ts"
import * as NodeCallbackServer from "../../node/auth/NodeCallbackServer.ts"
import { layerHome } from "../../node/NodeHome.ts"
import { layerPlatform } from "../../node/NodePlatform.ts"
import type { Flags } from "../commands/login.ts"
import * as Common from "../commands/options.ts"
import { databaseUrl } from "../databaseUrl.ts"
import * as ExitCode from "../ExitCode.ts"
import { Interruption } from "../Interruption.ts"
import * as Keyboard from "../Keyboard.ts"
import * as ApiKey from "../login/apiKey.ts"
import * as ChatGpt from "../login/chatgpt.ts"
import * as Codex from "../login/codex.ts"
import * as Replaced from "../login/replaced.ts"
import { sayJson } from "../login/say.ts"
import * as TakeOver from "../login/takeOver.ts"
import type { Way } from "../login/Way.ts"
import { Screen } from "../Screen.ts"

export const handle = Effect.fnUntraced(function*(options: Flags) {
  const { tellEnd } = yield* Interruption
  let saved: Credential.Credential | undefined
  let replaced: string | undefined
  const note = (credential: Credential.Credential, before: Option.Option<Credential.Stored>) =>
    Effect.sync(() => {
      saved = credential
      replaced = Option.getOrUndefined(Option.map(before, (before) => Replaced.sentence(before, credential)))
    })
  const tellReplaced = Effect.suspend(() =>
    replaced === undefined ? Effect.void : Effect.flatMap(Screen, ({ say }) => say(replaced ?? ""))
  )
  // Once the credential is saved, no interruption may prevent the message that says so.
  yield* Effect.uninterruptibleMask((restore) =>
    restore(signInAndSave(options, note)).pipe(
      Effect.catchAllCause((cause) => saved === undefined ? Effect.failCause(cause) : Effect.succeed(saved)),
      Effect.tap((credential) =>
        tellEnd(Effect.succeed(ExitCode.success), Effect.zipRight(welcome(credential, options.json), tellReplaced))
      ),
      Effect.flatMap((credential) =>
        credential.kind === "chatgpt" && !options.json ? restore(ChatGpt.notePlan(credential)) : Effect.void
      )
    )
  ).pipe(
    Effect.provide([homeOf(options.database), NodeCallbackServer.layer(), NodeBrowser.layer, layerPlatform]),
    Common.override({ profile: options.profile })
  )
})

/**
 * The old credential stays until there is a new one. Checks first that the store can be written, before the person
 * signs in for nothing. Saves the sign-in, and notes that, before a browser is told that it has worked.
 */
const signInAndSave = (
  choice: Choice,
  note: (credential: Credential.Credential, before: Option.Option<Credential.Stored>) => Effect.Effect<void>
) =>
  Effect.scoped(Effect.gen(function*() {
    const way = yield* wayOf(choice)
    if (way === "chatgpt" && Option.isSome(choice.database)) {
      return yield* new ExitCode.BadInput({
        message: "A sign-in with ChatGPT stays on the machine of its owner: " +
          "use an API key or the Codex sign-in for the machines of a cluster"
      })
    }
    const store = yield* CredentialStore
    const save = isImmediate(way) ? store.save : yield* store.reserve
    return yield* signIn(way, choice, (credential) =>
      Effect.uninterruptibleMask((restore) => {
        // What cannot be read is replaced as well, and nobody knows whose it was.
        const before = Effect.orElseSucceed(store.load, Option.none)
        const saving = restore(Effect.zipLeft(before, save(credential)))
        return Effect.flatMap(
          isImmediate(way) ? saving : orEnd(saving, credential),
          (before) => note(credential, before)
        )
      }))
  }))

/** Ends a new sign-in that is not saved: nobody would ever use it, or end it. */
const orEnd = <A, R>(save: Effect.Effect<A, CredentialStoreError, R>, credential: Credential.Credential) =>
  Credential.isSignIn(credential)
    ? Effect.catchAllCause(save, (cause) =>
      Effect.flatMap(endAtServer(credential), (isEnded) => {
        const said = isEnded
          ? "The new sign-in is not kept, and has been ended at the server."
          : `The new sign-in is not kept. ${unconfirmed[credential.kind]}`
        return Effect.failCause(
          Cause.map(cause, (error) => new CredentialStoreError({ ...error, problem: `${error.problem}. ${said}` }))
        )
      }))
    : save

/** Where sign-ins are kept: in the database only where that is asked for. */
const homeOf = (database: Flags["database"]) =>
  Option.isNone(database) ? layerHome : Layer.unwrapEffect(Effect.gen(function*() {
    const url = yield* databaseUrl(database)
    if (Option.isNone(url)) return layerHome
    const { layerHome: layerShared } = yield* Effect.promise(() => import("../cluster/credentials.ts"))
    return layerShared(url.value)
  }))

interface Choice {
  readonly database: Option.Option<string>
  readonly chatgpt: boolean
  readonly codex: boolean
  readonly device: boolean
  readonly browser: boolean
  readonly withApiKey: boolean
  readonly fromCodex: boolean
  readonly fromPi: boolean
  readonly yes: boolean
  readonly json: boolean
}

const ways = "--chatgpt, --codex (with --device or --browser), --with-api-key, --from-codex or --from-pi"

/**
 * The way that the flags name. Otherwise asks a person; a program gets the code, which needs no person at this machine.
 */
const wayOf = Effect.fnUntraced(function*(choice: Choice) {
  const { browser, chatgpt, codex, device, fromCodex, fromPi, json, withApiKey } = choice
  const flags: { readonly [way in Way]: boolean } = {
    chatgpt,
    codex: codex && !device && !browser,
    "codex-device": device,
    "codex-browser": browser,
    "api-key": withApiKey,
    "from-codex": fromCodex,
    "from-pi": fromPi
  }
  const chosen = Struct.keys(flags).filter((way) => flags[way])
  if (chosen.length > 1) return yield* new ExitCode.BadInput({ message: `Choose one way to sign in: ${ways}` })
  const [way] = chosen
  if (way !== undefined) return way
  if (json || !Keyboard.isThere()) return "codex-device"
  return yield* Effect.flatMap(Effect.promise(() => import("../login/menu.ts")), ({ choose }) => choose)
})

/** Whether the credential already exists, so that no server has to be asked. */
const isImmediate = (way: Way): boolean => way === "api-key" || way === "from-codex" || way === "from-pi"

const signIn = Effect.fnUntraced(function*<R>(
  way: Way,
  { json, yes }: Choice,
  keep: Keep<Credential.Credential, CredentialStoreError, R>
) {
  switch (way) {
    case "chatgpt":
      return yield* ChatGpt.signIn(json, keep)
    case "codex": {
      const screen = yield* Screen
      const hasBrowser = screen.isErrTerminal && !json && (yield* NodeBrowser.canOpenBrowser)
      return yield* hasBrowser ? Codex.withBrowser(json, keep) : Codex.withCode(json, keep)
    }
    case "codex-device":
      return yield* Codex.withCode(json, keep)
    case "codex-browser":
      return yield* Codex.withBrowser(json, keep)
    case "api-key":
      return yield* Effect.tap(ApiKey.read, keep)
    case "from-codex":
      return yield* Effect.tap(TakeOver.takeOver(ForeignCredential.codex, yes), keep)
    case "from-pi":
      return yield* Effect.tap(TakeOver.takeOver(ForeignCredential.pi, yes), keep)
  }
})

const welcome = Effect.fnUntraced(function*(credential: Credential.Credential, json: boolean) {
  const screen = yield* Screen
  if (credential.kind === "chatgpt") return yield* ChatGpt.welcome(credential, json)
  const { accountId, email, plan } = credential.kind === "subscription"
    ? Credential.claims(credential)
    : { accountId: undefined, email: undefined, plan: undefined }
  const who = credential.kind === "api_key" ? "with an API key" : `as ${email ?? accountId ?? "somebody"}`
  yield* json
    ? sayJson({ type: "login.completed", kind: credential.kind, email, plan, account_id: accountId })
    : screen.err(prose(`Signed in ${who}${plan === undefined ? "" : ` (${plan} plan)`}.\n`))
})
