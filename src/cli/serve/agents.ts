/**
 * The agents of `effixir serve`: a session goes on with what it had before, as `effixir resume` does. Sessions that are
 * asked for in the same way share a stack, which stays for a while after the last of them.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import { type ConfigError, isConfigError } from "effect/ConfigError"
import type * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as RcMap from "effect/RcMap"
import { existsSync } from "node:fs"
import { realpath, stat } from "node:fs/promises"
import { homedir } from "node:os"
import { resolve } from "node:path"
import { Agent } from "../../agent/Agent.ts"
import type { Limits } from "../../agent/Limits.ts"
import { CredentialStore } from "../../auth/CredentialStore.ts"
import { defined } from "../../internal/json.ts"
import { quote } from "../../internal/quote.ts"
import { layerHome } from "../../node/NodeHome.ts"
import type { Item } from "../../responses/Item.ts"
import * as ApiError from "../../server/ApiError.ts"
import { EventFeeds } from "../../server/EventFeeds.ts"
import { Questions } from "../../server/Questions.ts"
import { ServedAgents } from "../../server/ServedAgents.ts"
import { lastTurn, lastUsed, unfinishedTurn } from "../../session/LastTurn.ts"
import type { PermissionInForce } from "../../session/SessionEvent.ts"
import type { SessionStore } from "../../session/SessionStore.ts"
import type * as Toolkit from "../../tools/Toolkit.ts"
import * as AgentSetup from "../agentSetup.ts"
import * as Common from "../commands/options.ts"
import type { Flags } from "../commands/serve.ts"
import type { Interruption } from "../Interruption.ts"
import { modelWindow } from "../modelWindow.ts"
import * as Runtime from "../runtime.ts"
import { sayConfig } from "../sayConfig.ts"
import type { Screen } from "../Screen.ts"
import * as SessionSetup from "../sessionSetup.ts"

/** What a stack is made for. Two sessions that agree in all of it share one. */
interface Key {
  readonly folder: string
  readonly model: string | undefined
  readonly search: boolean | undefined
  readonly sandbox: SessionSetup.Chosen["sandbox"]
  readonly permission: PermissionInForce["permission"]
  readonly policy: string | undefined
  readonly environment: SessionSetup.Chosen["environment"]
}

export interface Options {
  /** The folder of sessions that name none. */
  readonly folder: string
  /** The file of the server's token. */
  readonly tokenFile: string
  readonly flags: Pick<Flags, "auth" | "model" | "permission" | "policy" | "profile" | "trust">
  /** What is put around the store of sessions, or in its place. */
  readonly aroundSessions: (store: typeof SessionStore.Service) => typeof SessionStore.Service
  /** Where the sign-in is, if it is not the home. */
  readonly credentials?: typeof CredentialStore.Service | undefined
  /** Tools beside those of the agent. */
  readonly toolkit?: Toolkit.Toolkit | undefined
}

export const make = Effect.fnUntraced(function*(
  { aroundSessions, credentials, flags, folder: usualFolder, tokenFile, toolkit }: Options
) {
  const questions = yield* Questions
  const outside = yield* Effect.context<FileSystem.FileSystem | Interruption | Path.Path | Screen>()
  const noFlags = {
    auth: flags.auth,
    baseUrl: Option.none(),
    dialect: Option.none(),
    effort: Option.none(),
    profile: flags.profile,
    search: undefined,
    form: "jsonl" as const
  }

  const build = Effect.fnUntraced(function*(key: Key) {
    const { folder, model, permission: kept, policy: keptPolicy, sandbox, search: wanted } = key
    const { runtime, search, settings, skills } = yield* AgentSetup.read({
      isNew: true,
      folder,
      model: Option.fromNullable(model),
      permission: flags.permission,
      policy: flags.policy,
      before: defined({ permission: kept, policy: keptPolicy }),
      form: "jsonl",
      search: wanted,
      sandbox
    })
    const services = yield* Runtime.build(
      {
        ...runtime,
        approver: questions,
        aroundSessions,
        secretFiles: [tokenFile],
        ...defined({ toolkit }),
        ...credentials === undefined ? {} : { parts: Layer.succeed(CredentialStore, credentials) }
      },
      yield* Layer.makeMemoMap,
      yield* Effect.scope
    )
    return { services, settings, skills, search }
  })

  const stacks = yield* RcMap.make({
    lookup: (key: Key) => Common.override(key.environment)(build(key)),
    idleTimeToLive: "5 minutes"
  })

  const folderOf = Effect.fnUntraced(function*(noted: string | undefined) {
    const folder = noted ?? usualFolder
    if (existsSync(folder)) return folder
    return yield* ApiError.make(
      409,
      "WorkspaceGone",
      `The folder that this session worked in is gone: ${quote(folder)}`,
      {
        workspace: folder
      }
    )
  })

  return ServedAgents.of({
    workspace: (named) =>
      Effect.tryPromise({
        try: async () => {
          // A person writes it in the page as in a shell.
          const whole = named?.replace(/^~(?=$|\/)/, homedir()) ?? "."
          const folder = await realpath(resolve(usualFolder, whole))
          if (!(await stat(folder)).isDirectory()) throw new Error()
          return folder
        },
        catch: () => ApiError.make(400, "BadInput", `There is no folder ${quote(named ?? usualFolder)} to work in`)
      }),
    agent: (served) =>
      Effect.gen(function*() {
        const events = served.events.map(({ event }) => event)
        const used = lastUsed(events)
        const first = events.find((event) => event._tag === "SessionStarted")
        const folder = yield* folderOf(first?._tag === "SessionStarted" ? first.workspace : undefined)
        const named = Option.fromNullable(served.model)
        const chosen = Option.isNone(lastTurn(events))
          ? {
            model: Option.orElse(named, () => Option.orElse(Option.fromNullable(used.model), () => flags.model)),
            search: undefined,
            sandbox: undefined,
            mcpServers: undefined,
            environment: { auth: flags.auth, profile: flags.profile }
          }
          : yield* SessionSetup.choose(served.session, used, {
            ...noFlags,
            model: named,
            folder
          })
        const before = SessionSetup.permissionOf(events, unfinishedTurn(events))
        const model = Option.getOrUndefined(chosen.model)
        const stack = yield* RcMap.get(
          stacks,
          Data.struct({
            folder,
            model,
            search: chosen.search,
            sandbox: chosen.sandbox,
            permission: before.permission,
            policy: before.policy,
            environment: Data.struct(chosen.environment)
          })
        )
        yield* SessionSetup.sayOtherServers(chosen.mcpServers, stack.settings.serverNames)
        // A session keeps its effort, none too; a new one has that of the settings.
        const settings = "effort" in chosen ? { ...stack.settings, reasoning_effort: chosen.effort } : stack.settings
        return yield* serving({ ...stack, settings }, model, served.limits).pipe(Common.override(chosen.environment))
      }).pipe(Effect.provide(outside), Effect.mapError(refusalOf)),
    window: (model) =>
      modelWindow(model, usualFolder).pipe(
        Effect.provide(layerHome),
        Effect.provide(outside),
        Effect.orElseSucceed(() => undefined)
      )
  })
})

export const layer = (options: Omit<Options, "aroundSessions">) =>
  Layer.scoped(
    ServedAgents,
    Effect.flatMap(EventFeeds, ({ around }) => make({ ...options, aroundSessions: around }))
  )

interface Stack {
  readonly services: Context.Context<Runtime.Services>
  readonly settings: AgentSetup.Read["settings"]
  readonly skills: AgentSetup.Read["skills"]
  readonly search: boolean
}

const serving = (
  { search, services, settings, skills }: Stack,
  model: string | undefined,
  limits: Limits | undefined
) =>
  Effect.gen(function*() {
    const agent = yield* Agent
    const { host, options } = yield* Effect.mapError(
      AgentSetup.ofTurn(settings, search, model),
      (error) => error._tag === "BadInput" ? ApiError.make(503, "ConfigError", error.message) : error
    )
    yield* Effect.mapError(
      AgentSetup.checkPrice(limits, "limits.cost", settings, host, model ?? settings.model),
      ({ message }) => ApiError.make(400, "BadInput", message)
    )
    const outside = yield* Effect.context<FileSystem.FileSystem | Path.Path | Screen>()
    return {
      agent,
      options,
      teach: (input: ReadonlyArray<Item>) => Effect.provide(AgentSetup.teach(input, skills), outside)
    }
  }).pipe(Effect.provide(services))

/** What is wrong with the settings or the sign-in of the server, as its clients are told. */
const refusalOf = (
  error: ApiError.ApiError | ConfigError | { readonly _tag: string; readonly message: string }
): ApiError.ApiError => {
  if (isConfigError(error)) return ApiError.make(500, "ConfigError", sayConfig(error))
  if (error instanceof ApiError.ApiError) return error
  const { _tag: kind, message } = error
  switch (kind) {
    case "OtherPayer":
      return ApiError.make(409, kind, message)
    case "ConfigError":
    case "PolicyError":
      return ApiError.make(500, kind, message)
    case "BadInput":
      return ApiError.make(409, kind, message)
    default:
      return ApiError.make(503, kind, message)
  }
}
