/**
 * What a session goes on with: flags first, then what it was last asked with. The environment and the settings for all
 * runs count only where neither says anything, so that nobody else pays for a session without being asked.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equivalence from "effect/Equivalence"
import * as Option from "effect/Option"
import type { Choice } from "../auth/Choice.ts"
import type { Credential } from "../auth/Credential.ts"
import { Credentials, type Selected } from "../auth/Credentials.ts"
import * as Host from "../auth/Host.ts"
import * as Payer from "../auth/Payer.ts"
import { defined } from "../internal/json.ts"
import { quote } from "../internal/quote.ts"
import { layerHome } from "../node/NodeHome.ts"
import * as Home from "../node/settings/Home.ts"
import type { Settings } from "../node/settings/Settings.ts"
import { type Listing, Models } from "../responses/account/Models.ts"
import { lastPermission, type LastTurn, type LastUsed } from "../session/LastTurn.ts"
import type { PermissionInForce, SessionEvent, Setup } from "../session/SessionEvent.ts"
import type { Mode } from "../tools/command/Sandbox.ts"
import * as Common from "./commands/options.ts"
import { OtherPayer } from "./ExitCode.ts"
import type { Form } from "./render/Renderer.ts"
import { isWider, modeOf } from "./sandbox.ts"
import { Screen } from "./Screen.ts"
import { settings } from "./settings.ts"

export interface Flags {
  readonly profile: Option.Option<string>
  readonly auth: Option.Option<Choice>
  readonly baseUrl: Option.Option<string>
  readonly dialect: Option.Option<"responses" | "chat-completions">
  readonly model: Option.Option<string>
  readonly effort: Option.Option<string>
  readonly search: boolean | undefined
  readonly form: Form
  /** The folder that the session goes on in. */
  readonly folder: string
}

/** What the next turn is asked with. `environment` stands in front of the variables. */
export interface Chosen {
  readonly model: Option.Option<string>
  readonly effort: string | undefined
  readonly isEffortNew: boolean
  readonly search: boolean | undefined
  readonly sandbox: Setup["sandbox"]
  /** The MCP servers that the session had so far, if its log tells. */
  readonly mcpServers: Setup["mcpServers"]
  readonly environment: Environment
}

type Environment = Parameters<typeof Common.override>[0]

const addresses = Config.unwrap(Host.addresses)
const billing = Config.unwrap(Host.billing)

/** Says on stderr what is otherwise than last time, and fails where somebody else would pay unasked. */
export const choose = Effect.fnUntraced(function*(session: string, used: LastUsed, given: Flags) {
  const { flags: set } = yield* settings(given.folder)
  const flags = withSet(given, set)
  const before = yield* Effect.map(addresses, (addresses) => keptOf(used, addresses))
  const { credential, isProfileGone, profile } = yield* signInFor(session, used, before, flags)
  const environment: Environment = {
    profile,
    auth: authFor(before, flags),
    baseUrl: yield* Effect.map(addresses, (addresses) => baseUrlFor(before, flags, credential, addresses)),
    dialect: Option.orElse(flags.dialect, () => Option.fromNullable(before.dialect))
  }
  // Where the log does not tell it, the settings count.
  const sandbox = set.sandbox ?? before.sandbox
  const next = Effect.gen(function*() {
    const { dialect, home, model: usual, sandbox: usualSandbox } = yield* settings(flags.folder)
    const { isGone, model } = yield* Effect.provide(modelFor(used.model, flags.model, usual), layerHome)
    const search = flags.search ?? before.search
    const setup = yield* setupOf(credential, { home, dialect, sandbox: sandbox ?? usualSandbox, search })
    return { isModelGone: isGone, model, search, setup }
  })
  const { isModelGone, model, search, setup } = yield* next.pipe(Common.override(environment))
  const effort = Option.getOrElse(flags.effort, () => used.effort)

  const changes = [
    ...used.setup === undefined
      ? []
      : change("profile", profileOf(before), profileOf(setup), profileGone(isProfileGone)),
    ...isSamePayer(before, setup.account, credential) ? [] : [`payer ${payerChange(before, credential)}`],
    ...change("model", used.model, model ?? "the default", isModelGone ? ", which the account no longer has" : ""),
    ...used.model === undefined ? [] : change("effort", used.effort ?? "the default", effort ?? "the default"),
    ...before.credential === credential.kind ? change("base URL", before.baseUrl, setup.baseUrl) : [],
    ...change("dialect", before.dialect, setup.dialect),
    ...change("search", onOff(before.search), onOff(search)),
    ...before.sandbox === undefined ? [] : change("sandbox", sandboxMode(before), sandboxMode(setup))
  ]
  const screen = yield* Screen
  if (changes.length > 0) yield* screen.say(otherwise(changes))
  const usual = yield* settings(flags.folder)
  const elsewhere = Host.serverAt(Host.of(credential).baseUrl(yield* addresses))
  const overruled = [
    ...overrules("--profile", usual.home.profile, profileOf(setup), profileOf(before)),
    ...overrules("-m", usual.model, model, used.model),
    ...overrules("--effort", usual.reasoning_effort, effort, used.effort),
    ...overrules("--base-url", elsewhere, setup.baseUrl, before.baseUrl),
    ...overrules("--dialect", usual.dialect, setup.dialect, before.dialect)
  ]
  const sandboxes = before.sandbox === undefined
    ? []
    : overrules("--sandbox", sandboxMode(usual), sandboxMode(setup), sandboxMode(before))
  const told = [
    ...flags.form === "text" ? overruled : [],
    // That commands may do more than the settings say is told in every form.
    ...flags.form === "text" || isWider(sandboxMode(setup), sandboxMode(usual)) ? sandboxes : []
  ]
  if (told.length > 0) {
    yield* screen.say(`this session goes on with ${told.join(" and ")}, as before; the flag changes that`)
  }
  const chosen: Chosen = {
    model: Option.fromNullable(model),
    effort,
    isEffortNew: Option.isSome(flags.effort),
    search,
    sandbox,
    mcpServers: before.mcpServers,
    environment
  }
  return chosen
})

/** Says on stderr which MCP servers a session has now, where they are others than so far. */
export const sayOtherServers = Effect.fnUntraced(
  function*(before: Setup["mcpServers"], now: ReadonlyArray<string>) {
    if (before === undefined || isSameList(before, now)) return
    const names = (servers: ReadonlyArray<string>) => servers.length === 0 ? "none" : servers.join(", ")
    const screen = yield* Screen
    yield* screen.say(otherwise(change("MCP servers", names(before), names(now))))
  }
)

const isSameList = Equivalence.array(Equivalence.string)

const otherwise = (changes: ReadonlyArray<string>): string =>
  `this session goes on otherwise than before: ${changes.join("; ")}`

/** What `--set` sets counts as the flag for it does. */
const withSet = (flags: Flags, set: Settings): Flags => ({
  ...flags,
  model: Option.orElse(flags.model, () => Option.fromNullable(set.model)),
  effort: Option.orElse(flags.effort, () => Option.fromNullable(set.reasoning_effort)),
  dialect: Option.orElse(flags.dialect, () => Option.fromNullable(set.dialect)),
  search: flags.search ?? set.web_search
})

const sandboxMode = ({ sandbox }: Pick<Setup, "sandbox">): Mode =>
  modeOf({ sandbox: sandbox === "default" ? undefined : sandbox })

/** The setup of a turn that is asked with this credential. */
export const setupOf = Effect.fnUntraced(function*(
  credential: Credential,
  { dialect, home, mcpServers, sandbox = "default", search }:
    & Pick<Setup, "dialect" | "mcpServers" | "sandbox" | "search">
    & { readonly home: Home.Home }
) {
  const baseUrl = Host.of(credential).baseUrl(yield* addresses)
  const setup: Setup = {
    ...defined({ profile: home.profile }),
    credential: credential.kind,
    account: yield* Payer.of(credential, yield* billing),
    baseUrl: Host.serverAt(baseUrl),
    ...defined({ dialect, search }),
    sandbox,
    ...defined({ mcpServers })
  }
  return setup
})

/** What is known of the turns before. A log without a setup tells the account, and the server if it was not OpenAI's. */
const keptOf = ({ account, setup }: LastUsed, addresses: Host.Addresses): Setup => {
  if (setup !== undefined || account === undefined) return setup ?? {}
  const [name = "", server] = account.split("@", 2)
  if (name.startsWith("chatgpt:")) return { credential: "subscription", account: name }
  if (name !== "api-key") return { credential: "chatgpt", account: name }
  const isOpenAi = Host.isOpenAi(addresses.apiBaseUrl)
  return {
    credential: "api_key",
    account: name,
    ...defined({ baseUrl: server ?? (isOpenAi ? undefined : Host.openAi) })
  }
}

const authFor = ({ credential }: Setup, { auth, profile }: Flags): Option.Option<Choice> => {
  if (Option.isSome(auth)) return auth
  // Another sign-in may be of another kind.
  if (Option.isSome(profile)) return Option.some("any")
  return Option.map(Option.fromNullable(credential), authOf)
}

/** The address of before, unless the environment has the same with a query, or another host is asked now. */
const baseUrlFor = (
  before: Setup,
  { baseUrl }: Flags,
  credential: Credential,
  addresses: Host.Addresses
): Option.Option<string> => {
  if (Option.isSome(baseUrl) || before.baseUrl === undefined) return baseUrl
  const usual = Host.of(credential).baseUrl(addresses)
  return before.credential !== credential.kind || Host.serverAt(usual) === before.baseUrl
    ? Option.none()
    : Option.some(before.baseUrl)
}

/**
 * The credential of the session: of the same payer as before, or of one that a flag names. Where nobody is signed in to
 * the profile any more, the sign-in without a name does, if it is of the same account.
 */
const signInFor = Effect.fnUntraced(function*(session: string, used: LastUsed, before: Setup, flags: Flags) {
  // A log without a setup does not tell the profile.
  const profile = Option.orElse(flags.profile, () => Option.map(Option.fromNullable(used.setup), profileOf))
  const look = (profile: Option.Option<string>) =>
    Effect.gen(function*() {
      const { selected } = yield* Credentials
      const found = yield* Effect.either(selected)
      const payer = Either.isLeft(found) ? undefined : yield* Payer.of(found.right.credential, yield* billing)
      return { found, payer }
    }).pipe(Effect.provide(layerHome), Common.environment({ profile, auth: authFor(before, flags) }))

  const { found, payer } = yield* look(profile)
  if (Either.isRight(found)) {
    const { credential } = found.right
    if (isSamePayer(before, payer, credential) || isNamed(flags, found.right)) {
      return { credential, profile, isProfileGone: false }
    }
    return yield* new OtherPayer({ message: otherPayer(session, before, credential) })
  }
  const error = found.left
  if (error._tag !== "SignedOut" || before.account === undefined || !isAbsent.has(error.reason)) return yield* error
  if (Option.isNone(flags.profile) && before.profile !== undefined) {
    const other = Option.some(Home.unnamed)
    const { found, payer } = yield* look(other)
    if (Either.isRight(found) && isSamePayer(before, payer, found.right.credential)) {
      return { credential: found.right.credential, profile: other, isProfileGone: true }
    }
  }
  return yield* Option.isSome(flags.auth) || Option.isSome(flags.profile)
    ? error
    : new OtherPayer({ message: payerGone(session, before) })
})

const isAbsent: ReadonlySet<string> = new Set([
  "NeverSignedIn",
  "NoSubscription",
  "NoApiKey",
  "ApiKeyRuledOut",
  "SubscriptionRuledOut"
])

const isSamePayer = ({ account }: Setup, payer: string | undefined, credential: Credential): boolean =>
  // All that an older log tells of an API key is that it was one.
  account === undefined || account === payer || account === "api-key" && credential.kind === "api_key"

/** Whether a flag names the new payer. A profile names what is stored in it, and not the key of the environment. */
const isNamed = ({ auth, profile }: Flags, { source }: Selected): boolean =>
  Option.isSome(auth) || Option.isSome(profile) && source === "store"

/** The model of before, unless the list of the account has it no more. */
const modelFor = Effect.fnUntraced(
  function*(last: string | undefined, flag: Option.Option<string>, usual: string | undefined) {
    if (Option.isSome(flag) || last === undefined) {
      return { model: Option.getOrElse(flag, () => usual), isGone: false }
    }
    const { catalogue, list } = yield* Models
    const kept = { model: last, isGone: false }
    const known = yield* catalogue
    if (known.source === "fallback" || has(known, last)) return kept
    const fresh = known.source === "live" ? known : yield* list({ refresh: true, hidden: true })
    if (fresh.source !== "live" || has(fresh, last)) return kept
    return { model: usual !== undefined && has(fresh, usual) ? usual : fresh.defaultModel, isGone: true }
  }
)

const has = ({ models }: Listing, model: string): boolean => models.some(({ slug }) => slug === model)

const profileOf = ({ profile }: Setup): string => profile ?? Home.unnamed

const change = (
  what: string,
  before: string | undefined,
  now: string | undefined,
  why = ""
): ReadonlyArray<string> =>
  before === undefined || before === now ? [] : [`${what} ${quote(now ?? "none")} instead of ${quote(before)}${why}`]

/** What a session keeps where a new one would get something else from the environment or the settings. */
const overrules = (
  flag: string,
  usual: string | undefined,
  now: string | undefined,
  before: string | undefined
): ReadonlyArray<string> =>
  usual === undefined || now === undefined || now !== before || now === usual ? [] : [`${flag} ${quote(now)}`]

const onOff = (search: boolean | undefined): string | undefined =>
  search === undefined ? undefined : search ? "on" : "off"

const profileGone = (isGone: boolean): string =>
  isGone ? ", where nobody is signed in any more; the account is the same" : ""

const payerChange = ({ credential: before }: Setup, { kind }: Credential): string =>
  payerName(before) === payerName(kind)
    ? `another ${payerName(kind)} than before`
    : `${payerName(kind)} instead of ${payerName(before)}`

const payerName = (kind: Setup["credential"]): string => kind === "api_key" ? "API key" : "ChatGPT account"

const authOf = (kind: Setup["credential"]): Choice => kind === "api_key" ? "api-key" : "chatgpt"

const otherPayer = (session: string, { credential: before, profile }: Setup, { kind }: Credential): string => {
  const back = before === "api_key"
    ? "set OPENAI_API_KEY, and the organization and project, to what they were"
    : `sign in to that one again with \`effixir login${profile === undefined ? "" : ` --profile ${profile}`}\`, or ` +
      "name its sign-in with --profile NAME"
  return `This session has been paid for by another ${payerName(before)} so far than the ${payerName(kind)} that is ` +
    `in use now, and nothing was sent: ${back}; or let the one of now pay from here on: ` +
    `effixir resume ${session} --auth ${authOf(kind)}`
}

const payerGone = (session: string, { credential: before, profile }: Setup): string => {
  const name = profile === undefined ? "" : ` --profile ${profile}`
  const [what, back] = before === "api_key"
    ? ["an API key", `set OPENAI_API_KEY, or store the key with \`effixir login --with-api-key${name}\``]
    : ["a ChatGPT account", `sign in with \`effixir login${name}\``]
  return `This session has been paid for by ${what} so far${
    profile === undefined ? "" : `, signed in as ${profile}`
  }, and that is not there now, so nothing was sent: ${back}; or let another one pay from here on: ` +
    `effixir resume ${session} --auth ${authOf(before === "api_key" ? "chatgpt" : "api_key")}` +
    `${profile === undefined ? "" : ` or --profile ${Home.unnamed}`}`
}

/**
 * Resuming does not allow a call that stopped the turn because no person was there to approve it: if the log does not
 * record the permission, the run asks.
 */
export const permissionOf = (
  events: ReadonlyArray<SessionEvent>,
  unfinished: Option.Option<LastTurn>
): PermissionInForce => {
  const last = lastPermission(events)
  return last.permission === undefined && Option.exists(unfinished, isHeldBack) ? { permission: "ask" } : last
}

const isHeldBack = ({ end }: LastTurn): boolean => end?._tag === "TurnFailed" && end.kind === "PermissionNeeded"
