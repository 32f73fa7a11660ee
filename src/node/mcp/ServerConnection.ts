/**
 * An MCP server as long as an agent may use it: connected at the beginning, and again when it is needed after the
 * connection was lost.
 *
 * @internal
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import { networkProblem } from "../../internal/networkProblem.ts"
import * as Told from "../../prompts/McpTools.ts"
import * as McpPrompt from "../../tools/mcp/McpPrompt.ts"
import type * as McpServers from "../../tools/mcp/McpServers.ts"
import type * as McpTool from "../../tools/mcp/McpTool.ts"
import { ToolFailure } from "../../tools/Tool.ts"
import * as FileKind from "../../tools/workspace/FileKind.ts"
import type { ProcessWatcher } from "../process/ProcessWatcher.ts"
import * as Connection from "./Connection.ts"
import { maxMessage } from "./StdioTransport.ts"

/** @since 0.1.0 @category models */
export interface Versioned extends McpTool.Listed {
  readonly version: string
}

/**
 * What is known of a server. `problem` says why it could not be started, as the end of a sentence.
 *
 * @since 0.1.0
 * @category models
 */
export interface State {
  readonly tools: ReadonlyArray<Versioned>
  readonly prompts: ReadonlyArray<McpPrompt.Listed>
  readonly hasResources: boolean
  readonly problem: string | undefined
}

/** @since 0.1.0 @category models */
export interface ServerConnection {
  readonly name: string
  readonly configured: McpServers.Configured
  /** The state, once the server is ready or has failed to be. */
  readonly state: Effect.Effect<State>
  /** The state as far as it is known; the same value as long as nothing has changed. */
  readonly now: () => State
  readonly ask: (asked: Request, options?: AskOptions) => Effect.Effect<unknown, ToolFailure>
  /** What a prompt of it says. */
  readonly prompt: McpServers.Running["prompt"]
}

type Request = Omit<Connection.Asked, "onProgress" | "timeout">

/** @since 0.1.0 @category models */
export interface AskOptions {
  readonly progress?: (told: string) => Effect.Effect<void>
  readonly budget?: Connection.Asked["budget"]
  /** The tool as it was described when the call was approved. As another one it is not run. */
  readonly agreed?: { readonly tool: string; readonly called: string; readonly version: string } | undefined
}

/** @since 0.1.0 @category models */
export interface Options extends Pick<Connection.Options, "person" | "within"> {
  readonly folder: string
  readonly watcher: ProcessWatcher
}

interface Live {
  readonly connection: Connection.Connection
  readonly scope: Scope.CloseableScope
  /** How many requests wait for an answer. */
  asking: number
  isForgotten: boolean
}

/** In seconds. */
const usualTimeout = 120

/** Servers say several times in a row that their tools have changed. */
const quietTime = Duration.millis(300)

const nothing: State = { tools: [], prompts: [], hasResources: false, problem: undefined }

/**
 * Begins to connect, and does not wait for it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(configured: McpServers.Configured, options: Options) {
  const { name } = configured
  const outer = yield* Effect.scope
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const lock = yield* Effect.makeSemaphore(1)
  const first = yield* Deferred.make<void>()
  const changes = yield* Queue.sliding<void>(1)
  let state = nothing
  let live: Live | undefined

  const set = (next: State) => {
    // The server may list the same again.
    if (JSON.stringify(next) !== JSON.stringify(state)) state = next
  }

  const look = (connection: Connection.Connection) =>
    Effect.map(
      Effect.all([connection.tools, connection.prompts], { concurrency: "unbounded" }),
      ([tools, prompts]) =>
        set({
          tools: tools.map(versioned),
          prompts,
          hasResources: connection.has("resources"),
          problem: undefined
        })
    )

  const connect = Effect.gen(function*() {
    const server = yield* Either.mapLeft(
      configured.server,
      (problem) => new Connection.McpProblem({ reason: "Unusable", problem })
    )
    const startup_timeout = Connection.startupOf(server)
    const scope = yield* Scope.fork(outer, ExecutionStrategy.sequential)
    const connection = yield* Connection.open(server, {
      ...options,
      name,
      source: configured.source,
      onChanged: () => {
        changes.unsafeOffer(undefined)
      }
    }).pipe(
      Effect.tap(look),
      Scope.extend(scope),
      Effect.timeoutFail({
        duration: Duration.seconds(startup_timeout),
        onTimeout: () =>
          new Connection.McpProblem({
            reason: "TimedOut",
            problem: `it was not ready within ${startup_timeout} s (startup_timeout)`
          })
      }),
      Effect.onExit((exit) => Exit.isFailure(exit) ? Scope.close(scope, exit) : Effect.void)
    )
    // What is left of a program whose connection is lost is stopped at once.
    yield* Effect.forkIn(Effect.zipRight(connection.closed, Scope.close(scope, Exit.void)), outer)
    live = { connection, scope, asking: 0, isForgotten: false }
    return live
  }).pipe(
    // A bug of ours in one server is no failure of the run.
    Effect.catchAllDefect((defect) =>
      new Connection.McpProblem({ reason: "Unusable", problem: networkProblem(defect).slice(0, 300) })
    ),
    Effect.provide(services)
  )

  const current = lock.withPermits(1)(
    Effect.suspend(() => live === undefined || live.connection.isClosed() ? connect : Effect.succeed(live))
  )

  /** Asks nothing more on a connection, unless another one has taken its place already. */
  const forget = (forgotten: Live) =>
    Effect.sync(() => {
      forgotten.isForgotten = true
      if (live === forgotten) live = undefined
    })

  /** Others may still wait for their answers, or have to hear that they were forgotten too. */
  const leave = (left: Live) =>
    Effect.suspend(() => {
      left.asking--
      return left.isForgotten && left.asking === 0
        ? Effect.asVoid(Effect.forkIn(Scope.close(left.scope, Exit.void), outer))
        : Effect.void
    })

  yield* current.pipe(
    Effect.catchAll(({ problem }) => Effect.sync(() => set({ ...nothing, problem }))),
    Effect.ensuring(Deferred.succeed(first, undefined)),
    Effect.forkScoped
  )

  yield* changes.take.pipe(
    Effect.zipRight(Effect.sleep(quietTime)),
    Effect.zipRight(changes.takeAll),
    Effect.zipRight(Effect.suspend(() => live === undefined ? Effect.void : Effect.ignore(look(live.connection)))),
    Effect.forever,
    Effect.forkScoped
  )

  const timeout = Duration.seconds(Either.getOrUndefined(configured.server)?.tool_timeout ?? usualTimeout)

  const askOn = Effect.fnUntraced(function*(
    connection: Connection.Connection,
    asked: Request,
    progress: AskOptions["progress"]
  ) {
    if (progress === undefined) return yield* connection.ask({ ...asked, timeout })
    const told = yield* Queue.sliding<string>(1)
    const onProgress = (text: string) => {
      told.unsafeOffer(text)
    }
    return yield* Effect.raceFirst(
      connection.ask({ ...asked, timeout, onProgress }),
      Effect.forever(Effect.flatMap(told.take, progress))
    )
  })

  const isForgotten = ({ reason }: Connection.McpProblem) => reason === "Forgotten"

  const ask: ServerConnection["ask"] = (asked, { agreed, budget, progress } = {}) => {
    const once = Effect.gen(function*() {
      const used = yield* Effect.mapError(
        current,
        ({ problem }) => new ToolFailure({ message: Told.notConnected(name, problem) })
      )
      // A server that was connected to just now may have other tools than before.
      if (agreed !== undefined && state.tools.find(({ name }) => name === agreed.tool)?.version !== agreed.version) {
        return yield* new ToolFailure({ message: Told.changed(agreed.called) })
      }
      used.asking++
      return yield* askOn(used.connection, { ...asked, budget }, progress).pipe(
        Effect.tapError((error) => isForgotten(error) ? forget(used) : Effect.void),
        Effect.ensuring(leave(used))
      )
    })
    return once.pipe(
      // A server that was started anew does not know the session, and has not run the call.
      Effect.catchIf((error) => error._tag === "McpProblem" && isForgotten(error), () => once),
      Effect.catchTag("McpProblem", (error) => new ToolFailure({ message: toldOf(name, error, timeout) }))
    )
  }

  const server: ServerConnection = {
    name,
    configured,
    state: Effect.map(Deferred.await(first), () => state),
    now: () => state,
    ask,
    prompt: (name, args) =>
      Effect.map(ask({ method: "prompts/get", params: { name, arguments: args } }), McpPrompt.toParts)
  }
  return server
})

const toldOf = (name: string, { problem, reason }: Connection.McpProblem, timeout: Duration.Duration): string => {
  switch (reason) {
    case "Closed":
      return Told.closed(name)
    case "TimedOut":
      return Told.timedOut(name, `${Duration.toSeconds(timeout)} s`)
    case "TooMuch":
      return Told.tooMuch(name, FileKind.size(maxMessage))
    case "Refused":
      return Told.refused(name, problem)
    case "Forgotten":
    case "Unusable":
      return Told.notConnected(name, problem)
  }
}

const versioned = (listed: McpTool.Listed): Versioned => ({
  ...listed,
  version: createHash("sha256").update(JSON.stringify(listed)).digest("hex").slice(0, 32)
})
