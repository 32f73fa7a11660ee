/**
 * What an agent is set up with by flags, files, and what its session had before: the same for a run, a conversation, an
 * editor and a server.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { existsSync } from "node:fs"
import { isAbsolute, resolve } from "node:path"
import * as AgentFiles from "../agent/children/AgentFiles.ts"
import type { Limits } from "../agent/Limits.ts"
import * as ProjectInstructions from "../agent/ProjectInstructions.ts"
import * as Skills from "../agent/Skills.ts"
import { Credentials } from "../auth/Credentials.ts"
import * as Host from "../auth/Host.ts"
import { diskProblem } from "../internal/diskProblem.ts"
import { defined } from "../internal/json.ts"
import { quote } from "../internal/quote.ts"
import type * as NodeAgent from "../node/NodeAgent.ts"
import type * as Home from "../node/settings/Home.ts"
import * as McpSettings from "../node/settings/McpSettings.ts"
import * as PolicyFile from "../node/settings/PolicyFile.ts"
import * as ProjectSettings from "../node/settings/ProjectSettings.ts"
import type * as ResolvedSettings from "../node/settings/ResolvedSettings.ts"
import type { Dialect } from "../node/settings/Settings.ts"
import * as Trust from "../node/settings/Trust.ts"
import * as ModelProfile from "../responses/account/ModelProfile.ts"
import { Models } from "../responses/account/Models.ts"
import { type Item, text, userMessage } from "../responses/Item.ts"
import type { ReasoningOptions } from "../responses/Request.ts"
import type { PermissionInForce, Setup } from "../session/SessionEvent.ts"
import type * as Sandbox from "../tools/command/Sandbox.ts"
import * as McpServers from "../tools/mcp/McpServers.ts"
import * as Policy from "../tools/permission/Policy.ts"
import { BadInput } from "./ExitCode.ts"
import type { Form } from "./render/Renderer.ts"
import { sandboxFor } from "./sandbox.ts"
import { Screen } from "./Screen.ts"
import * as SessionSetup from "./sessionSetup.ts"
import { settings as readSettings } from "./settings.ts"

/** What is asked for; the settings count for what is not said. */
export interface Asked {
  readonly folder: string
  readonly model: Option.Option<string>
  /** The reasoning effort, or that there is none; the one of the settings where the field is absent. */
  readonly effort?: string | undefined
  readonly permission?: Option.Option<Policy.Mode>
  readonly policy?: Option.Option<string>
  /** The permission that the session had before. */
  readonly before?: PermissionInForce
  /** What the session's commands were kept in before; the settings count where that is not known. */
  readonly sandbox?: Setup["sandbox"]
  /** The MCP servers that the session had before, if that is known. */
  readonly mcpServers?: Setup["mcpServers"]
  /** Whether the server may search the web. */
  readonly search?: boolean | undefined
  /** Whether the session begins with this turn. */
  readonly isNew?: boolean
  /** How the run is told; to a person unless told otherwise. */
  readonly form?: Form
}

/** Reads the settings and all that they name. A person is told what of it cannot be used. */
export const read = Effect.fnUntraced(function*(asked: Asked) {
  const usual = yield* readSettings(asked.folder)
  const settings = {
    ...usual,
    ..."effort" in asked ? { reasoning_effort: asked.effort } : {},
    ...asked.sandbox === undefined ? {} : { sandbox: asked.sandbox === "default" ? undefined : asked.sandbox }
  }
  const { permission, policy } = yield* permissionFor(asked, settings)
  const sandbox = yield* sandboxFor({ ...settings, folder: asked.folder, permission })
  yield* Effect.forEach((sandbox?.writable ?? []).filter((path) => !existsSync(path)), sayNotThere, { discard: true })
  const isTrusted = yield* trusts(asked, settings.home)
  if (isTrusted) yield* sayNotStarted(settings.home, asked.folder)
  const skills = yield* skillsFor(asked, settings.home, isTrusted)
  const agents = yield* agentsFor(asked, settings.home, isTrusted)
  const search = yield* searches(asked, settings)
  const { folder } = asked
  const mcpServers = yield* McpSettings.load({ home: settings.home, settings, folder, isTrusted })
  const serverNames = mcpServers.filter(McpServers.isEnabled).map(({ name }) => name).toSorted()
  yield* SessionSetup.sayOtherServers(asked.mcpServers, serverNames)
  const runtime: NodeAgent.Options = {
    workspace: asked.folder,
    model: Option.getOrElse(asked.model, () => settings.model),
    models: settings.models,
    dialect: settings.dialect,
    transport: settings.transport,
    compactAt: settings.compact_at,
    policy,
    permission,
    sandbox,
    hasProjectInstructions: isTrusted,
    skills,
    hasWebSearch: search,
    mcpServers,
    agents,
    hooks: settings.hooks,
    childLimits: { maxParallel: settings.agents?.max_parallel, maxDepth: settings.agents?.max_depth }
  }
  return { settings: { ...settings, serverNames }, permission, isTrusted, skills, search, runtime }
})

/** A person is told what of a trusted project is not started, since it is not what was trusted. */
export const sayNotStarted = Effect.fnUntraced(function*(home: Home.Home, folder: string) {
  const screen = yield* Screen
  yield* Effect.forEach(
    yield* McpSettings.leftOut(home, folder),
    ({ file, what }) =>
      screen.say(
        `the ${what} of ${quote(file)} are left out: you have not trusted them as they are now. ` +
          "Look at the file; to have them started: --trust"
      ),
    { discard: true }
  )
})

const sayNotThere = (path: string) =>
  Effect.flatMap(
    Screen,
    ({ say }) =>
      say(`sandbox_writable names ${quote(path)}, which is not there: commands can write in it once you have made it`)
  )

export type Read = Effect.Effect.Success<ReturnType<typeof read>>

/** What a turn is run with by the account that is signed in. Without one, the turn says so. */
export const ofTurn = Effect.fnUntraced(
  function*(settings: Settings, search: boolean | undefined, model: string | undefined) {
    const credential = yield* selectedCredential
    const host = Option.map(credential, Host.of)
    const { dialect, home, sandbox, serverNames } = settings
    if (dialect === "chat-completions" && Option.exists(host, ({ speaksChat }) => !speaksChat)) {
      return yield* new BadInput({ message: noPlanForChat })
    }
    const setup = Option.isNone(credential)
      ? undefined
      : yield* SessionSetup.setupOf(credential.value, { dialect, home, sandbox, search, mcpServers: serverNames })
    return { host, options: { ...defined({ model }), reasoning: reasoningFor(settings, host), setup } }
  }
)

const noPlanForChat =
  "Chat Completions is spoken with an API key, and a ChatGPT plan is signed in. Add `--auth api-key` " +
  "and set OPENAI_API_KEY (to anything, if the server wants none) and OPENAI_BASE_URL."

export interface Settings {
  readonly dialect: Dialect
  readonly home: Home.Home
  readonly model?: string | undefined
  readonly models?: ModelProfile.Overrides | undefined
  readonly reasoning_effort?: string | undefined
  readonly reasoning_summary?: string | undefined
  readonly sandbox?: Sandbox.Mode | undefined
  /** The names of the MCP servers that are set up. */
  readonly serverNames: ReadonlyArray<string>
}

/**
 * The permission of the run: from the flags, else from earlier in this session, else from the settings for all runs.
 * These settings never widen the permission that a session began with.
 */
const permissionFor = Effect.fnUntraced(function*(asked: Asked, settings: PermissionSettings) {
  const { before = {}, form = "text" } = asked
  // A path in config.json is relative to its folder.
  const whole = (file: string | undefined) => file === undefined ? undefined : resolve(settings.home.path, file)
  const stored = whole(settings.policy)
  const flags = {
    permission: said(asked.permission) ?? settings.flags.permission,
    policy: said(asked.policy) ?? whole(settings.flags.policy)
  }
  const isKept = flags.policy === undefined && before.policy !== undefined
  const file = flags.policy === undefined ? before.policy ?? stored : resolve(flags.policy)
  const policy = file === undefined ? undefined : yield* isKept ? loadKept(file) : PolicyFile.load(file)

  const usual = !isKept || file === stored ? policy : stored === undefined ? undefined : yield* loadQuietly(stored)
  const mode = usual?.otherwise ?? settings.permission ?? "auto"
  yield* sayLeftOut(settings, mode)
  const named = flags.permission ?? (flags.policy === undefined ? undefined : policy?.otherwise)
  const permission = named ?? before.permission ?? mode

  const kept = [
    ...named === undefined && permission !== mode ? [`--permission ${permission}`] : [],
    ...isKept && file !== stored ? [`--policy ${quote(file ?? "")}`] : []
  ]
  if (kept.length > 0 && form === "text") {
    const screen = yield* Screen
    yield* screen.say(`this session goes on with ${kept.join(" and ")}, as before; the flag changes that`)
  }
  return { permission, policy }
})

/** A project only makes a permission stricter. */
const sayLeftOut = ({ leftOut }: PermissionSettings, mode: Policy.Mode) =>
  Effect.forEach(
    leftOut,
    ({ from, key, value }) =>
      Effect.flatMap(Screen, ({ say }) =>
        say(
          `${quote(from ?? "")} sets ${key} to ${String(value)}, which allows more than ${
            key === "permission" ? `${mode} does` : "your own settings do"
          }; it is left out`
        )),
    { discard: true }
  )

interface PermissionSettings {
  readonly flags: Pick<PermissionSettings, "policy" | "permission">
  readonly leftOut: ReadonlyArray<ResolvedSettings.Origin>
  readonly home: Home.Home
  readonly policy?: string | undefined
  readonly permission?: Policy.Mode | undefined
}

/** The value of a flag, if it is given. */
const said = <A>(flag: Option.Option<A> | undefined): A | undefined =>
  flag === undefined ? undefined : Option.getOrUndefined(flag)

/** Fails if the policy file of an earlier turn is gone: the session must not go on without its rules. */
const loadKept = (file: string) =>
  Effect.mapError(
    isAbsolute(file) ? PolicyFile.load(file) : new Policy.PolicyError({ source: file, problem: "it is in no file" }),
    ({ problem, source }) =>
      new Policy.PolicyError({
        source,
        problem: `${problem}. This session has gone by it so far: put it right, or name another with --policy`
      })
  )

/** Loaded only for comparison, so errors do not matter. */
const loadQuietly = (file: string) => Effect.orElseSucceed(PolicyFile.load(file), () => undefined)

/** Whether the project is trusted. Prints which of its instructions are left out or have problems. */
const trusts = Effect.fnUntraced(function*({ folder, isNew }: Asked, home: Home.Home) {
  const isTrusted = yield* Trust.isTrusted(home, folder)
  // A resumed session keeps the instructions that it began with.
  if (isNew !== true) return isTrusted
  const screen = yield* Screen
  const own = yield* ProjectInstructions.ofPerson(home.path)
  yield* Effect.forEach(own.problems, ({ path, what }) => screen.say(`${quote(path)} ${what}`), { discard: true })
  const { problems, sources } = yield* ProjectInstructions.load(folder)
  if (isTrusted) {
    yield* Effect.forEach(problems, ({ path, what }) => screen.say(`${quote(path)} ${what}`), { discard: true })
    return true
  }
  const files = sources.map(({ path }) => path)
  const settings = yield* ProjectSettings.find(home, folder)
  const servers = yield* McpSettings.fileOf(folder)
  const [first, ...more] = [
    ...files,
    ...settings === undefined ? [] : [settings],
    ...existsSync(servers) ? [servers] : [],
    ...yield* Skills.ofProject(folder),
    ...yield* AgentFiles.ofProject(folder)
  ]
  if (first === undefined) return false
  const which = `${quote(first)}${more.length === 0 ? "" : ` and ${more.length} more`}`
  yield* screen.say(`${which} left out: this project is not trusted. To follow what it says from now on: --trust`)
  return false
})

/** The available skills. Prints which cannot be used. */
const skillsFor = Effect.fnUntraced(
  function*({ folder }: Pick<Asked, "folder">, home: Home.Home, isTrusted: boolean) {
    const { problems, remarks, skills } = yield* Skills.load({
      home: home.path,
      folder: isTrusted ? folder : undefined
    })
    yield* Effect.forEach(problems, leaveOut, { discard: true })
    const screen = yield* Screen
    yield* Effect.forEach(remarks, ({ path, reason }) => screen.say(`of the skill ${quote(path)}: ${reason}`), {
      discard: true
    })
    return skills
  }
)

/** The agents that can be had work for this one. Prints which of their files cannot be used. */
const agentsFor = Effect.fnUntraced(
  function*({ folder }: Pick<Asked, "folder">, home: Home.Home, isTrusted: boolean) {
    const { agents, problems } = yield* AgentFiles.load({ home: home.path, folder: isTrusted ? folder : undefined })
    const screen = yield* Screen
    yield* Effect.forEach(
      problems,
      ({ path, reason }) => screen.say(`the agent ${quote(path)} is left out: ${reason}`),
      { discard: true }
    )
    return agents
  }
)

const leaveOut = ({ path, reason }: Skills.Problem) =>
  Effect.flatMap(Screen, (screen) => screen.say(`the skill ${quote(path)} is left out: ${reason}`))

/** A prompt with the skills that it names. */
export const teach = Effect.fnUntraced(
  function*(prompt: string | ReadonlyArray<Item>, skills: ReadonlyArray<Skills.Skill>) {
    const screen = yield* Screen
    const said = typeof prompt === "string" ? [userMessage(prompt)] : prompt
    const named = Skills.named(skills, said.map(text).join("\n"))
    const told = yield* Effect.forEach(named, (skill) =>
      Effect.matchEffect(Skills.instructions(skill), {
        onFailure: (error) => Effect.as(leaveOut({ path: skill.path, reason: diskProblem(error) }), []),
        onSuccess: (item) => Effect.as(screen.say(`the skill ${quote(skill.path)} is used`), [item])
      }))
    return [...said, ...told.flat()]
  }
)

/** Whether the server may search the web; prints a message where it cannot. */
const searches = Effect.fnUntraced(function*({ search }: Asked, { dialect, web_search }: SearchSettings) {
  const screen = yield* Screen
  const isWanted = search ?? web_search ?? false
  if (isWanted && dialect === "chat-completions") {
    yield* screen.say("the web cannot be searched over Chat Completions; the turn goes on without --search")
  }
  return isWanted
})

interface SearchSettings {
  readonly dialect: Dialect
  readonly web_search?: boolean | undefined
}

const selectedCredential = Effect.map(
  Effect.option(Effect.flatMap(Credentials, (credentials) => credentials.selected)),
  Option.map(({ credential }) => credential)
)

/** Tells once, as a session begins, of an effort that was asked for and cannot be had, and refuses a word that is none. */
export const tellEffort = Effect.fnUntraced(function*({ models, reasoning_effort: effort }: Settings, chosen?: string) {
  if (effort === undefined) return
  const { defaultModel, models: catalogue } = yield* Effect.flatMap(Models, ({ known }) => known)
  const model = chosen ?? defaultModel
  const profile = ModelProfile.profileOf(model, { catalogue, models })
  const { efforts = [], reasoning } = profile
  const nearest = ModelProfile.nearestEffort(effort, profile)
  if (reasoning && efforts.length > 0 && !ModelProfile.isEffort(effort, profile)) {
    return yield* new BadInput({ message: `${model} has no effort "${effort}" (it has ${efforts.join(", ")})` })
  }
  if (reasoning && (nearest === effort || efforts.includes(effort))) return
  const screen = yield* Screen
  yield* screen.say(
    reasoning
      ? `${model} has no effort "${effort}"; it is asked with "${nearest}" (it has ${efforts.join(", ")})`
      : `${model} takes no effort; it is asked without "${effort}"`
  )
})

const reasoningFor = (settings: Settings, host: Option.Option<Host.Host>): ReasoningOptions | undefined => {
  const effort = settings.reasoning_effort
  const summary = settings.reasoning_summary ??
    (Option.exists(host, ({ summarizesReasoning }) => summarizesReasoning) ? "auto" : undefined)
  return effort === undefined && summary === undefined ? undefined : defined({ effort, summary })
}

/**
 * What nobody knows the price of cannot be limited by it. With a plan, no call costs anything. `name` is how the limit
 * was asked for.
 */
export const checkPrice = Effect.fnUntraced(
  function*(
    limits: Limits | undefined,
    name: string,
    { models }: Settings,
    host: Option.Option<Host.Host>,
    chosen: string | undefined
  ) {
    if (limits?.cost === undefined || Option.exists(host, ({ account }) => Host.isPlan(account))) return
    const model = chosen ?? (yield* Effect.flatMap(Models, ({ known }) => known)).defaultModel
    if (ModelProfile.profileOf(model, { models }).price !== undefined) return
    return yield* new BadInput({
      message: `${name} needs the price of ${model}, which nobody has said: set it in config.json, in US dollars for ` +
        `a million tokens, as {"models": {"${model}": {"price": {"input": 1, "output": 2}}}}, or limit the tokens`
    })
  }
)
