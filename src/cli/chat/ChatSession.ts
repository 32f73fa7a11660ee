/**
 * The session of a conversation: what its next turn is asked with, and the stack that runs it, which stays from turn to
 * turn so that connections stay open.
 */
import { type ConfigError, isConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Agent } from "../../agent/Agent.ts"
import type { Inbox } from "../../agent/Inbox.ts"
import type { Limits } from "../../agent/Limits.ts"
import { defined, same } from "../../internal/json.ts"
import type * as NodeAgent from "../../node/NodeAgent.ts"
import { layerHome } from "../../node/NodeHome.ts"
import * as Home from "../../node/settings/Home.ts"
import * as Trust from "../../node/settings/Trust.ts"
import { Models } from "../../responses/account/Models.ts"
import type { Item } from "../../responses/Item.ts"
import { lastUsed, unfinishedTurn } from "../../session/LastTurn.ts"
import type { PermissionInForce } from "../../session/SessionEvent.ts"
import { makeId, SessionStore } from "../../session/SessionStore.ts"
import { Processes } from "../../tools/command/Processes.ts"
import * as McpServers from "../../tools/mcp/McpServers.ts"
import type { Asking } from "../../tools/permission/Approver.ts"
import type { Mode } from "../../tools/permission/Mode.ts"
import { PolicyError } from "../../tools/permission/Policy.ts"
import * as AgentSetup from "../agentSetup.ts"
import * as Common from "../commands/options.ts"
import * as ExitCode from "../ExitCode.ts"
import * as FindSession from "../findSession.ts"
import { Interruption } from "../Interruption.ts"
import * as Runtime from "../runtime.ts"
import { sayConfig } from "../sayConfig.ts"
import * as SessionSetup from "../sessionSetup.ts"

/** What the next turn is asked with; the settings of the person count for what is not said. */
export interface Asked {
  readonly session: string
  /** Whether it has no turn yet. */
  readonly isNew: boolean
  readonly folder: string
  readonly model: Option.Option<string>
  /** Absent where the settings count. */
  readonly effort?: string | undefined
  readonly permission: Option.Option<Mode>
  readonly policy: Option.Option<string>
  /** The permission that the session had before. */
  readonly before: PermissionInForce
  readonly search: boolean | undefined
  /** What the session's commands were kept in before, if its log tells that. */
  readonly sandbox?: SessionSetup.Chosen["sandbox"]
  /** The MCP servers that the session had before, if its log tells that. */
  readonly mcpServers?: SessionSetup.Chosen["mcpServers"]
  readonly trust: boolean
  readonly limits: Limits
  readonly environment: SessionSetup.Chosen["environment"]
}

/** What flags and files have made of it. */
interface Opened {
  readonly services: Context.Context<Runtime.Services>
  readonly settings: AgentSetup.Read["settings"]
  readonly skills: AgentSetup.Read["skills"]
  readonly permission: Mode
  readonly search: boolean
  readonly isTrusted: boolean
  /** What commands are kept in, if in anything. */
  readonly sandbox: NodeAgent.Options["sandbox"]
  /** The MCP servers that are set up, and those of them that have been started. */
  readonly servers: {
    readonly all: ReadonlyArray<McpServers.Configured>
    readonly running: ReadonlyArray<McpServers.Running>
  }
  /** The model that is asked where none is chosen. */
  readonly usualModel: string
}

/** What a turn runs on, which stays as long as it would be made of the same: MCP servers start once, and stay. */
interface Stack extends Pick<Opened, "servers" | "services"> {
  readonly madeOf: NodeAgent.Options
  readonly scope: Scope.CloseableScope
}

export interface Options extends Pick<NodeAgent.Options, "around" | "aroundCommands" | "ephemeral" | "mcpServers"> {
  readonly approver: Asking
}

export const make = Effect.fnUntraced(function*(first: Asked, options: Options) {
  const outer = yield* Effect.scope
  const { signal } = yield* Interruption
  let asked = first
  let opened: Opened | undefined
  let stack: Stack | undefined
  /** The model that was last asked where none is chosen; it is shown also while nothing is open. */
  let usualModel: string | undefined
  let home: { readonly map: Layer.MemoMap; readonly scope: Scope.CloseableScope } | undefined

  /** Connections and sign-ins last as long as they are asked for in the same way. */
  const homeFor = Effect.suspend(() =>
    home === undefined
      ? Effect.gen(function*() {
        const scope = yield* Scope.fork(outer, ExecutionStrategy.sequential)
        const map = yield* Layer.makeMemoMap
        yield* Layer.buildWithMemoMap(layerHome, map, scope)
        return home = { map, scope }
      })
      : Effect.succeed(home)
  )

  const stackOf = Effect.fnUntraced(function*(madeOf: NodeAgent.Options, map: Layer.MemoMap) {
    // A server that has failed is tried again.
    const hasFailed = stack?.servers.running.some((server) => server.now().problem !== undefined) === true
    if (stack !== undefined && !hasFailed && isSame(stack.madeOf, madeOf)) return stack
    yield* close
    const scope = yield* Scope.fork(outer, ExecutionStrategy.sequential)
    const mcpServers = McpServers.merge(madeOf.mcpServers ?? [], options.mcpServers ?? [])
    let running: ReadonlyArray<McpServers.Running> = []
    const services = yield* Runtime.build(
      {
        ...madeOf,
        ...options,
        mcpServers,
        onMcpServers: (servers) => {
          running = servers
        }
      },
      map,
      scope
    ).pipe(
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
    )
    return stack = { services, servers: { all: mcpServers, running }, madeOf, scope }
  })

  const open = Effect.suspend(() => opened === undefined ? openAnew : Effect.succeed(opened))

  const openAnew = Effect.gen(function*() {
    const { map } = yield* homeFor
    if (asked.trust) yield* Trust.trust(yield* Home.config, asked.folder)
    const { isTrusted, permission, runtime, search, settings, skills } = yield* AgentSetup.read(asked)
    asked = { ...asked, mcpServers: settings.serverNames }
    const { servers, services } = yield* stackOf(runtime, map)
    const { defaultModel } = yield* Context.get(services, Models).known
    usualModel = settings.model ?? defaultModel
    return opened = {
      services,
      settings,
      skills,
      permission,
      search,
      isTrusted,
      sandbox: runtime.sandbox,
      servers,
      usualModel
    }
  }).pipe(
    (opening) => Effect.suspend(() => Common.override(asked.environment)(opening)),
    Effect.mapError(told)
  )

  /** Runs with the stack as it is asked for now. */
  const use = <A, E>(work: Effect.Effect<A, E, Runtime.Services>) =>
    Effect.flatMap(open, ({ services }) => Effect.provide(work, services))

  const close = Effect.suspend(() => {
    const last = stack
    stack = undefined
    opened = undefined
    return last === undefined ? Effect.void : Scope.close(last.scope, Exit.void)
  })

  const closeHome = Effect.suspend(() => {
    const last = home
    home = undefined
    return last === undefined ? Effect.void : Scope.close(last.scope, Exit.void)
  })

  return {
    asked: () => asked,
    isEphemeral: options.ephemeral !== undefined,
    /** As far as it is known before the first turn. */
    opened: () => opened,
    open,
    use,
    /** Changes what the next turn is asked with. */
    change: (changes: Partial<Asked>) =>
      Effect.suspend(() => {
        const { environment, session } = asked
        asked = { ...asked, ...changes }
        opened = undefined
        if (!same(environment, asked.environment)) return Effect.zipRight(close, closeHome)
        return session === asked.session || stack === undefined
          ? Effect.void
          : Effect.provide(Effect.flatMap(Processes, ({ end }) => end(session)), stack.services)
      }),
    /** The session has its first turn. */
    began: Effect.sync(() => {
      asked = { ...asked, isNew: false }
    }),
    model: () => Option.getOrElse(asked.model, () => usualModel),
    effort: () => "effort" in asked ? asked.effort : opened?.settings.reasoning_effort,
    /** One turn. */
    run: (prompt: ReadonlyArray<Item>, inbox: Inbox) =>
      Stream.unwrap(
        Effect.gen(function*() {
          const { search, services, settings, skills, usualModel } = yield* open
          return yield* Effect.gen(function*() {
            const agent = yield* Agent
            const turn = yield* AgentSetup.ofTurn(settings, search, Option.getOrUndefined(asked.model))
            yield* AgentSetup.checkPrice(
              asked.limits,
              "--max-cost",
              settings,
              turn.host,
              Option.getOrElse(asked.model, () => usualModel)
            )
            if (asked.isNew) yield* AgentSetup.tellEffort(settings, Option.getOrElse(asked.model, () => usualModel))
            return agent.run(asked.session, yield* AgentSetup.teach(prompt, skills), {
              ...turn.options,
              limits: asked.limits,
              inbox,
              whyInterrupted: Effect.map(signal, ExitCode.reasonOf)
            })
          }).pipe(Effect.provide(services))
        }).pipe(
          (turn) => Effect.suspend(() => Common.override(asked.environment)(turn)),
          Effect.mapError(told)
        )
      ),
    compact: Effect.suspend(() =>
      use(
        Effect.flatMap(Agent, ({ compact }) =>
          compact(asked.session, defined({ model: Option.getOrUndefined(asked.model) })))
      )
    ),
    /** The events of the session's log that come after one of them. */
    eventsAfter: (seq: number) =>
      Effect.suspend(() =>
        use(Effect.flatMap(SessionStore, (store) => Effect.orElseSucceed(store.read(asked.session, seq), () => [])))
      )
  }
})

/** Whether a stack for the one would be the same for the other. */
const isSame = (a: NodeAgent.Options, b: NodeAgent.Options): boolean => same(comparable(a), comparable(b))

/** Without the functions that the rules of a policy are compiled to. */
const comparable = ({ policy, ...others }: NodeAgent.Options) => ({
  ...others,
  policy: policy === undefined ? undefined : {
    ...policy,
    rules: policy.rules.map(({ name, rule }) => ({ name, rule }))
  }
})

/** What is wrong with settings, as a sentence. */
const told = <E extends { readonly _tag: string }>(
  error: E | ConfigError | PolicyError
): Exclude<E, ConfigError | PolicyError> | ExitCode.BadInput =>
  isConfigError(error)
    ? new ExitCode.BadInput({ message: sayConfig(error) })
    : error instanceof PolicyError
    ? new ExitCode.BadInput({ message: error.message })
    : error as Exclude<E, ConfigError | PolicyError>

export type ChatSession = Effect.Effect.Success<ReturnType<typeof make>>

/** Nothing is asked for by flags. */
const noFlags = {
  profile: Option.none(),
  auth: Option.none(),
  baseUrl: Option.none(),
  dialect: Option.none(),
  model: Option.none(),
  effort: Option.none(),
  search: undefined
}

export type Flags = Omit<SessionSetup.Flags, "folder" | "form">

/** A session that is there already, as it is gone on with, and its log. */
export const existing = Effect.fnUntraced(
  function*(given: string | undefined, cd: Option.Option<string>, flags: Flags = noFlags) {
    const { id, log } = yield* Effect.provide(FindSession.find(given, given === undefined, cd), layerHome)
    const events = log.map(({ event }) => event)
    const folder = yield* FindSession.folderOf(cd, id, log)
    const { effort, environment, mcpServers, model, sandbox, search } = yield* SessionSetup.choose(
      id,
      lastUsed(events),
      {
        ...flags,
        folder,
        form: "text"
      }
    )
    const asked: Pick<
      Asked,
      | "before"
      | "effort"
      | "environment"
      | "folder"
      | "isNew"
      | "mcpServers"
      | "model"
      | "sandbox"
      | "search"
      | "session"
    > = {
      session: id,
      isNew: false,
      folder,
      model,
      effort,
      before: SessionSetup.permissionOf(events, unfinishedTurn(events)),
      search,
      sandbox,
      mcpServers,
      environment
    }
    return { asked, log }
  }
)

/** A session that begins with the next turn. */
export const fresh = Effect.map(makeId, (session) => ({ session, isNew: true, before: {}, mcpServers: undefined }))
