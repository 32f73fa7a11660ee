/**
 * The whole stack on Node, closed: files in the home folder, the environment, the network, and a workspace.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { homedir } from "node:os"
import { join } from "node:path"
import * as Agent from "../agent/Agent.ts"
import * as AgentDefinition from "../agent/children/AgentDefinition.ts"
import * as AgentTool from "../agent/children/AgentTool.ts"
import * as ContextPolicy from "../agent/ContextPolicy.ts"
import * as Hooks from "../agent/hooks/Hooks.ts"
import * as ProjectInstructions from "../agent/ProjectInstructions.ts"
import * as Skills from "../agent/Skills.ts"
import type * as AuthClient from "../auth/AuthClient.ts"
import * as BadSetting from "../auth/ConfigError.ts"
import * as Layers from "../internal/layers.ts"
import { below } from "../internal/paths.ts"
import * as Instructions from "../prompts/Instructions.ts"
import * as ModelProfile from "../responses/account/ModelProfile.ts"
import * as Models from "../responses/account/Models.ts"
import * as Price from "../responses/account/Price.ts"
import * as ChatCompletions from "../responses/chat/ChatCompletions.ts"
import * as Dialect from "../responses/Dialect.ts"
import type { Item } from "../responses/Item.ts"
import type { ReasoningOptions } from "../responses/Request.ts"
import * as Responses from "../responses/Responses.ts"
import * as SocketTransport from "../responses/transport/SocketTransport.ts"
import { SessionStore } from "../session/SessionStore.ts"
import * as BuiltIn from "../tools/builtin/BuiltIn.ts"
import { CommandRunner } from "../tools/command/CommandRunner.ts"
import * as Processes from "../tools/command/Processes.ts"
import * as McpServers from "../tools/mcp/McpServers.ts"
import * as Approver from "../tools/permission/Approver.ts"
import * as Permission from "../tools/permission/Permission.ts"
import * as Policy from "../tools/permission/Policy.ts"
import * as SecretFiles from "../tools/permission/SecretFiles.ts"
import * as ToolExecutor from "../tools/ToolExecutor.ts"
import * as Toolkit from "../tools/Toolkit.ts"
import { Files } from "../tools/workspace/Files.ts"
import { FileSearch } from "../tools/workspace/FileSearch.ts"
import * as SeenFiles from "../tools/workspace/SeenFiles.ts"
import * as Workspace from "../tools/workspace/Workspace.ts"
import type { HookSettings } from "./hooks/HookSettings.ts"
import * as NodeSocketClient from "./network/NodeSocketClient.ts"
import { type HomeServices, layerHome, layerHomeWith } from "./NodeHome.ts"
import { layerPlatform } from "./NodePlatform.ts"
import * as Parts from "./Parts.ts"
import * as ProcessGroup from "./process/ProcessGroup.ts"
import * as NodeSandbox from "./sandbox/NodeSandbox.ts"
import * as Ephemeral from "./session/Ephemeral.ts"
import * as Home from "./settings/Home.ts"
import type * as Settings from "./settings/Settings.ts"
import * as NodeFiles from "./workspace/NodeFiles.ts"
import * as NodeFileSearch from "./workspace/NodeFileSearch.ts"
import * as Surroundings from "./workspace/Surroundings.ts"

export { layerHome, layerPlatform }

/**
 * What tools may need on this machine: a workspace, its files, search, and shell commands. `readable` are folders
 * elsewhere that may be read.
 *
 * @example
 * ```ts
 * import * as Layer from "effect/Layer"
 * import { BuiltIn, ToolExecutor } from "effixir"
 * import { NodeAgent } from "effixir/node"
 *
 * // The built-in tools in a folder, for an agent that you put together.
 * const Tools = Layer.provide(ToolExecutor.layer(BuiltIn.make()), NodeAgent.layerWorkspace("/home/ada/app"))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWorkspace = (
  root: string,
  readable?: ReadonlyArray<string>
): Layer.Layer<
  | Workspace.Workspace
  | Files
  | SeenFiles.SeenFiles
  | CommandRunner
  | FileSearch
  | FileSystem.FileSystem
  | Path.Path,
  PlatformError
> => layerMachine(root, readable, Parts.none)

const layerMachine = (root: string, readable: ReadonlyArray<string> | undefined, parts: Parts.Parts) =>
  Layer.mergeAll(
    Workspace.layer({ root, readable, home: homedir() }),
    Parts.orOwn(parts, Files, NodeFiles.layer),
    SeenFiles.layer,
    Parts.orOwn(parts, CommandRunner, ProcessGroup.layer),
    Parts.orOwn(parts, FileSearch, NodeFileSearch.layer)
  ).pipe(
    Layers.provideMerge(layerPlatform)
  )

/**
 * What the tools of such an agent can have: all that the built-in ones have, and what `Agent.child` needs.
 *
 * @since 0.1.0
 * @category models
 */
export type ToolRequirements = Agent.Shared | BuiltIn.Requirements

/**
 * `R` is what the tools of `toolkit` need; what of that is not in {@link ToolRequirements}, the layer needs.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<out R = ToolRequirements> {
  /** The folder the agent works in. */
  readonly workspace: string
  /** The default model; without it, the first model that the account offers. */
  readonly model?: string | undefined
  /** Replaces the instructions of a coding agent. */
  readonly instructions?: string
  readonly reasoning?: ReasoningOptions | undefined
  /** Facts about models that a person sets, where their names do not tell them correctly. */
  readonly models?: ModelProfile.Overrides | undefined
  /** At which percentage of the window conversations are compacted; see `ContextPolicy`. */
  readonly compactAt?: number | false | undefined
  /** Which API the server speaks; the Responses API by default. */
  readonly dialect?: Settings.Dialect | undefined
  /** The transport of model calls; server-sent events by default. Chat Completions supports nothing else. */
  readonly transport?: Settings.Transport | undefined
  /** Whether the agent gets the `AGENTS.md` files of the workspace: only if a person trusts them. */
  readonly hasProjectInstructions?: boolean
  /**
   * The items that tell a new session of its surroundings. Without it they are looked at when the session begins, as
   * `Surroundings.toItems` does.
   */
  readonly surroundings?: Effect.Effect<ReadonlyArray<Item>> | undefined
  /** The skills of the agent, as `Skills.load` finds them. It is told of them when a session begins. */
  readonly skills?: ReadonlyArray<Skills.Skill> | undefined
  /** Whether nothing of the sessions is kept. Those that are there already can be gone on with, and stay as they are. */
  readonly isEphemeral?: boolean | undefined
  /** The same, for sessions that outlast this stack, as `Ephemeral.make` gives them. */
  readonly ephemeral?: Ephemeral.Sessions | undefined
  /** Whether the server may search the web for the model. Not supported over Chat Completions. */
  readonly hasWebSearch?: boolean | undefined
  /** What may run without a question; the default is the policy's mode, and without one everything may. */
  readonly permission?: Policy.Mode | undefined
  /** Rules about calls. */
  readonly policy?: Policy.Policy | undefined
  /** Answers questions. Without one, a turn ends where a question comes up, and can resume from there. */
  readonly approver?: Approver.Asking | undefined
  /** What commands are kept in; without it they run as the person would run them. */
  readonly sandbox?: NodeSandbox.Options | undefined
  /** Files that no tool opens, as they hold secrets, beside those that their names tell. */
  readonly secretFiles?: ReadonlyArray<string> | undefined
  /** Stands between the tools and the files that they read and change. */
  readonly around?: ((files: typeof Files.Service) => typeof Files.Service) | undefined
  /** Stands between the sandbox, if there is one, and what starts commands. */
  readonly aroundCommands?: ((runner: typeof CommandRunner.Service) => typeof CommandRunner.Service) | undefined
  /** Stands between the agent and the store of its sessions. */
  readonly aroundSessions?: ((store: typeof SessionStore.Service) => typeof SessionStore.Service) | undefined
  /** Tools in addition to the built-in ones, or in the place of those with the same name. They may have children. */
  readonly toolkit?: Toolkit.Toolkit<R>
  /** The MCP servers whose tools it has besides. They are started with this stack, and stopped with it. */
  readonly mcpServers?: ReadonlyArray<McpServers.Configured> | undefined
  /** Hears of the MCP servers that this stack starts. */
  readonly onMcpServers?: ((servers: ReadonlyArray<McpServers.Running>) => void) | undefined
  /** Agents that can be had work for this one, beside those that are built in; `false` for none at all. */
  readonly agents?: ReadonlyArray<AgentDefinition.AgentDefinition> | false | undefined
  readonly childLimits?: AgentTool.ChildLimits | undefined
  /** Commands that run at certain points of a session. Hooks that are Effects are a layer: `Hooks.layer`. */
  readonly hooks?: HookSettings | undefined
}

/**
 * Parts that take the place of the stack's own. Where `Permission` is one, `permission` and `policy` must not be set, and
 * where `Approver` is one, `approver` must not.
 *
 * @since 0.1.0
 * @category models
 */
export interface WithParts<in out P, out E, out R> {
  readonly parts?: Layer.Layer<P, E, R> & Parts.HasOne<P>
}

/** @since 0.1.0 @category models */
export type Services =
  | HomeServices
  | Agent.Agent
  | ToolExecutor.ToolExecutor
  | Permission.Permission
  | Responses.Responses
  | Workspace.Workspace

/** @since 0.1.0 @category errors */
export type StackError = ConfigError | BadSetting.ConfigError | PlatformError

/**
 * An agent for a folder of this machine, with everything below it. How it changes a part of a file (`apply_patch` or
 * `edit`) is chosen for the model named here, and stays so if a run or a `prepareStep` uses another one.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 * import { SessionStore, Tool, Toolkit } from "effixir"
 * import { NodeAgent } from "effixir/node"
 *
 * const dice = Tool.make({
 *   name: "dice",
 *   description: "Throws a die",
 *   parameters: Schema.Struct({}),
 *   success: Schema.Number,
 *   handler: () => Effect.succeed(4)
 * })
 *
 * // A coding agent in this folder, with one tool more, and sessions in memory.
 * const AgentLive = NodeAgent.layer({
 *   workspace: ".",
 *   model: "gpt-6.2-sol",
 *   permission: "read-only",
 *   toolkit: Toolkit.make(dice),
 *   parts: SessionStore.layerMemory
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <R = never, P = never, E = never, R2 = never>(
  options: Options<R> & WithParts<P, E, R2>
): Layer.Layer<Services, StackError | E, Exclude<R, ToolRequirements> | R2> => {
  const { parts: brought, toolkit = Toolkit.empty } = options
  return Layers.unwrapEffect(Effect.map(Effect.context<Exclude<R, ToolRequirements>>(), (services) => {
    // TypeScript does not see that whatever is in `R` is in one of the two.
    const open = toolkit as Toolkit.Toolkit<ToolRequirements | Exclude<R, ToolRequirements>>
    const closed = {
      ...options,
      toolkit: Toolkit.provide<ToolRequirements, Exclude<R, ToolRequirements>>(open, services)
    }
    return brought === undefined
      ? layerWithParts(closed, Parts.none)
      : Layer.flatMap(brought, (parts) => layerWithParts(closed, parts))
  }))
}

const layerWithParts = (options: Options, parts: Parts.Parts): Layer.Layer<Services, StackError> =>
  Layers.unwrapEffect(Effect.as(checkPermission(options, parts), layerStack(options, parts)))

const layerStack = (options: Options, parts: Parts.Parts): Layer.Layer<Services, StackError> => {
  // The very same layer, so that what builds several of these with one `MemoMap` has one home.
  const home = parts === Parts.none ? layerHome : layerHomeWith(parts)
  if (options.ephemeral !== undefined) return layerEphemeral(options, parts, home, options.ephemeral)
  return options.isEphemeral === true
    ? Layer.unwrapScoped(Effect.map(ephemeral, (sessions) => layerEphemeral(options, parts, home, sessions)))
    : layerWith(options, parts, home, [])
}

type Home = ReturnType<typeof layerHomeWith>

const ephemeral = Effect.provide(Ephemeral.make, layerPlatform)

const layerEphemeral = (options: Options, parts: Parts.Parts, home: Home, { folder, services }: Ephemeral.Sessions) =>
  layerWith(options, parts, Layers.provideMerge(home)(Layer.succeedContext(services)), [folder])

const layerWith = (options: Options, parts: Parts.Parts, home: Home, readable: ReadonlyArray<string>) =>
  Layers.unwrapEffect(
    Effect.map(
      Models.Models,
      ({ catalogue }) => Layers.unwrapEffect(Effect.map(catalogue, (listing) => layerAgent(options, parts, listing)))
    )
  ).pipe(
    Layers.provideMerge(layerAroundSessions(options)),
    Layers.provideMerge(Processes.layer),
    Layers.provideMerge(home),
    Layers.provideMerge(layerAround(options)),
    Layers.provideMerge(layerSandbox(options)),
    Layers.provideMerge(layerMachine(options.workspace, [...foldersOf(options), ...readable], parts))
  )

const layerAround = ({ around = (files) => files }: Options): Layer.Layer<Files, never, Files> =>
  Layer.effect(Files, Effect.map(Files, around))

const layerSandbox = (
  { aroundCommands = (runner) => runner, sandbox }: Options
): Layer.Layer<CommandRunner, ConfigError, CommandRunner | FileSystem.FileSystem | Workspace.Workspace> =>
  Layer.effect(
    CommandRunner,
    sandbox === undefined ? Effect.map(CommandRunner, aroundCommands) : Effect.gen(function*() {
      const { root } = yield* Workspace.Workspace
      const { path } = yield* Home.config
      return yield* NodeSandbox.around(sandbox, { root, home: path }, aroundCommands(yield* CommandRunner))
    })
  )

const layerAroundSessions = (
  { aroundSessions = (store) => store }: Options
): Layer.Layer<SessionStore, never, SessionStore> =>
  Layer.effect(SessionStore, Effect.map(SessionStore, aroundSessions))

const layerAgent = (options: Options, parts: Parts.Parts, { defaultModel, models: catalogue }: Models.Listing) => {
  const model = options.model ?? defaultModel
  const knowledge: ModelProfile.Knowledge = { catalogue, models: options.models }
  return Layers.unwrapEffect(Effect.gen(function*() {
    const { check, root } = yield* Workspace.Workspace
    const { path: home } = yield* Home.config
    const platform = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
    const preamble = Effect.provide(preambleOf(options, root, home), platform)
    return Agent.layer({
      model,
      instructions: options.instructions ?? Instructions.coding(root),
      reasoning: options.reasoning,
      workspace: root,
      checkWorkspace: check,
      preamble
    }).pipe(
      Layers.provideMerge(
        layerTools(options, model, ModelProfile.profileOf(model, knowledge), { preamble, checkWorkspace: check })
      )
    )
  })).pipe(
    Layers.provide(layerHooks(options)),
    Layers.provideMerge(layerPermission(options, parts)),
    Layers.provide(ContextPolicy.layer({ ...knowledge, percent: options.compactAt })),
    Layers.provide(Layer.succeed(Price.Prices, { of: (model) => ModelProfile.profileOf(model, knowledge).price })),
    Layers.provide(layerSecrets(options)),
    Layers.provideMerge(Parts.orOwn(parts, Responses.Responses, layerResponses(options, knowledge)))
  )
}

/** The tools of the agent and of those that work for it. What is needed for servers is loaded only where there is one. */
const layerTools = (
  options: Options,
  model: string,
  profile: ModelProfile.ModelProfile,
  child: OfChildren
) => {
  const own = tools(options, profile)
  const { mcpServers = [], workspace } = options
  if (!mcpServers.some(McpServers.isEnabled)) {
    return ToolExecutor.layer(Toolkit.merge(own, children(options, own, child)))
  }
  return Layer.unwrapScoped(Effect.gen(function*() {
    const [McpClients, Sample] = yield* Effect.promise(() =>
      Promise.all([import("./mcp/McpClients.ts"), import("./mcp/sample.ts")])
    )
    const { servers, toolkit } = yield* McpClients.make(mcpServers, {
      folder: workspace,
      person: { ...yield* Approver.Approver, sample: Sample.make(yield* Responses.Responses, model) },
      within: yield* keeping(options),
      window: profile.contextWindow
    })
    options.onMcpServers?.(servers)
    const all = Effect.map(toolkit, (ofServers) => Toolkit.merge(own, ofServers))
    const working = children(options, all, child)
    return ToolExecutor.layer(Effect.map(all, (all) => Toolkit.merge(all, working)))
  }))
}

/** What keeps programs in that stay, as it keeps commands in. */
const keeping = Effect.fnUntraced(function*({ sandbox }: Options) {
  if (sandbox === undefined) return undefined
  const { root } = yield* Workspace.Workspace
  const { path: home } = yield* Home.config
  const secrets = yield* SecretFiles.SecretFiles
  return (folders: ReadonlyArray<string>) =>
    Effect.provideService(NodeSandbox.before(sandbox, { root, home }, folders), SecretFiles.SecretFiles, secrets)
})

/** What an agent is told before it hears from the user, or of its task. */
const preambleOf = Effect.fnUntraced(function*(options: Options, root: string, home: string) {
  const own = yield* ProjectInstructions.ofPerson(home)
  const { sources } = options.hasProjectInstructions === true
    ? yield* ProjectInstructions.load(root)
    : ProjectInstructions.none
  return [
    ...yield* (options.surroundings ?? Surroundings.toItems(root)),
    ...ProjectInstructions.toItems([...own.sources, ...sources]),
    ...Skills.toItems(options.skills ?? [])
  ]
})

type OfChildren = Pick<AgentTool.Options<ToolRequirements>, "preamble" | "checkWorkspace">

/** The tool by which others work for the agent, with the same tools; a host's own of that name takes its place. */
const children = (
  { agents = [], childLimits: limits, toolkit: own }: Options,
  toolkit: AgentTool.Options<ToolRequirements>["toolkit"],
  child: OfChildren
): Toolkit.Toolkit<ToolRequirements> =>
  agents === false || limits?.maxDepth === 0 || own?.tools.has(AgentTool.name) === true
    ? Toolkit.empty
    : Toolkit.omit(
      AgentTool.toolkit({ ...child, toolkit, agents: AgentDefinition.withBuiltIn(agents), limits }),
      ...own?.tools.keys() ?? []
    )

const tools = (
  { dialect, hasWebSearch, sandbox, toolkit }: Options,
  { applyPatch }: ModelProfile.ModelProfile
): Toolkit.Toolkit<ToolRequirements> => {
  const isChat = dialect === "chat-completions"
  const builtIn = BuiltIn.make({
    // A patch is plain text in a grammar, which Chat Completions cannot express.
    changes: !isChat && applyPatch ? "apply_patch" : "edit",
    sandbox: sandbox !== undefined && NodeSandbox.isInstalled() ? sandbox : undefined,
    webSearch: hasWebSearch === true && !isChat,
    background: true
  })
  return toolkit === undefined ? builtIn : Toolkit.merge(builtIn, toolkit)
}

const foldersOf = ({ skills = [] }: Options): ReadonlyArray<string> => skills.map(({ folder }) => folder)

/** Tools may read nothing of effixir's own folder but skills and artifacts, and searches skip what the policy denies. */
const layerSecrets = (
  options: Options
): Layer.Layer<never, ConfigError, FileSystem.FileSystem | Workspace.Workspace> =>
  Layer.effect(
    SecretFiles.SecretFiles,
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { root } = yield* Workspace.Workspace
      const { path } = yield* Home.config
      const { policy } = options
      return SecretFiles.make({
        home: yield* Effect.orElseSucceed(fs.realPath(path), () => path),
        // A link among effixir's own files is as open as what it leads to.
        skills: (options.skills ?? []).flatMap(({ folder, link }) => link === undefined ? [folder] : [folder, link]),
        listed: yield* Effect.forEach(
          options.secretFiles ?? [],
          (file) => Effect.orElseSucceed(fs.realPath(file), () => file)
        ),
        isDenied: policy === undefined
          ? undefined
          : (file) =>
            Option.exists(Option.fromNullable(below(root, file)), (path) => Policy.denies(policy, "grep", path))
      })
    })
  )

/**
 * What a person has set is not passed over: a `Permission` of the host's own knows neither a mode nor a policy, and one
 * approver is asked.
 */
const checkPermission = ({ approver, permission, policy }: Options, parts: Parts.Parts) => {
  const unheard = (key: string, expected: string) =>
    new BadSetting.ConfigError({ key, source: "the options of the layer", expected })
  if (approver !== undefined && Parts.has(parts, Approver.Approver)) {
    return unheard("approver", "expected none beside an Approver of your own, which is asked alone")
  }
  const key = permission !== undefined ? "permission" : policy !== undefined ? "policy" : undefined
  return key === undefined || !Parts.has(parts, Permission.Permission)
    ? Effect.void
    : unheard(key, "expected none beside a Permission of your own, which decides alone")
}

/** The code for them is loaded only where there are some. */
const layerHooks = (
  { ephemeral, hooks, isEphemeral = ephemeral !== undefined }: Options
): Layer.Layer<never, ConfigError, CommandRunner | Workspace.Workspace> =>
  hooks === undefined
    ? Layer.empty
    : Layers.unwrapEffect(Effect.gen(function*() {
      const { sessions } = yield* Home.config
      const { make } = yield* Effect.promise(() => import("./hooks/CommandHooks.ts"))
      const log = (session: string) => isEphemeral ? undefined : join(sessions, session, "log.ndjson")
      return Hooks.layer(yield* make(hooks, log))
    }))

const layerPermission = ({ approver, permission, policy }: Options, parts: Parts.Parts) =>
  Layer.merge(
    Parts.orOwn(
      parts,
      Permission.Permission,
      policy === undefined
        ? Permission.layerMode(permission ?? "auto")
        : Permission.layerPolicy({ ...policy, otherwise: permission ?? policy.otherwise })
    ),
    Parts.orOwn(
      parts,
      Approver.Approver,
      approver === undefined ? Approver.layerNobody : Layer.succeed(Approver.Approver, approver)
    )
  )

const layerResponses = (
  { dialect: wanted, transport }: Options,
  knowledge: ModelProfile.Knowledge
): Layer.Layer<Responses.Responses, ConfigError, AuthClient.AuthClient | Models.Models> =>
  Layers.unwrapEffect(Effect.gen(function*() {
    const baseUrl = yield* Config.option(Config.nonEmptyString("OPENAI_BASE_URL"))
    const { list } = yield* Models.Models
    const spoken = wanted === "chat-completions" ? ChatCompletions.dialect : Dialect.responses
    const options: Responses.Options = {
      ...knowledge,
      dialect: Option.isSome(baseUrl) ? { ...spoken, advice: advice(spoken) } : spoken,
      available: Effect.map(
        list({ refresh: true }),
        ({ models, source }) => source === "fallback" ? [] : models.map(({ slug }) => slug)
      )
    }
    switch (spoken === Dialect.responses ? transport : "sse") {
      case "websocket":
        return Layer.provide(SocketTransport.layerWebSocket(options), NodeSocketClient.layerConfig())
      case "auto":
        return Layer.provide(SocketTransport.layerAuto(options), NodeSocketClient.layerConfig())
      default:
        return Responses.layerWith(options)
    }
  }))

/** Added when a custom server does not know the path. */
const advice = (dialect: Dialect.Dialect): string => {
  const check =
    `there is no ${dialect.path} below OPENAI_BASE_URL; check that address, which ends in /v1 for most servers`
  return dialect === Dialect.responses
    ? `${check}, or set EFFIXIR_DIALECT=chat-completions for a server that knows nothing else`
    : check
}
