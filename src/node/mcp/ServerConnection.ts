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
import * as Told from "../../prompts/McpTools.ts"
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
  readonly ask: (
    asked: Omit<Connection.Asked, "onProgress" | "timeout">,
    progress?: (told: string) => Effect.Effect<void>
  ) => Effect.Effect<unknown, ToolFailure>
}

/** @since 0.1.0 @category models */
export interface Options {
  readonly folder: string
  readonly watcher: ProcessWatcher
}

/** In seconds. */
const usualTimeout = 120

/** Servers say several times in a row that their tools have changed. */
const quietTime = Duration.millis(300)

const nothing: State = { tools: [], hasResources: false, problem: undefined }

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
  let live: Connection.Connection | undefined

  const set = (next: State) => {
    // The server may list the same again.
    if (JSON.stringify(next) !== JSON.stringify(state)) state = next
  }

  const look = (connection: Connection.Connection) =>
    Effect.map(
      connection.tools,
      (tools) => set({ tools: tools.map(versioned), hasResources: connection.has("resources"), problem: undefined })
    )

  const connect = Effect.gen(function*() {
    const server = yield* Either.mapLeft(
      configured.server,
      (problem) => new Connection.McpProblem({ reason: "Unusable", problem })
    )
    const { startup_timeout = Connection.usualStartup } = server
    const scope = yield* Scope.fork(outer, ExecutionStrategy.sequential)
    const connection = yield* Connection.open(server, {
      ...options,
      name,
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
    live = connection
    return connection
  }).pipe(Effect.provide(services))

  const current = lock.withPermits(1)(
    Effect.suspend(() => live === undefined || live.isClosed() ? connect : Effect.succeed(live))
  )

  yield* current.pipe(
    Effect.catchAll(({ problem }) => Effect.sync(() => set({ ...nothing, problem }))),
    Effect.ensuring(Deferred.succeed(first, undefined)),
    Effect.forkScoped
  )

  yield* changes.take.pipe(
    Effect.zipRight(Effect.sleep(quietTime)),
    Effect.zipRight(changes.takeAll),
    Effect.zipRight(Effect.suspend(() => live === undefined ? Effect.void : Effect.ignore(look(live)))),
    Effect.forever,
    Effect.forkScoped
  )

  const timeout = Duration.seconds(Either.getOrUndefined(configured.server)?.tool_timeout ?? usualTimeout)

  const askOn = Effect.fnUntraced(function*(
    connection: Connection.Connection,
    asked: Omit<Connection.Asked, "onProgress" | "timeout">,
    progress: ((told: string) => Effect.Effect<void>) | undefined
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

  const server: ServerConnection = {
    name,
    configured,
    state: Effect.map(Deferred.await(first), () => state),
    now: () => state,
    ask: (asked, progress) =>
      Effect.gen(function*() {
        const connection = yield* Effect.mapError(current, ({ problem }) =>
          new ToolFailure({ message: Told.notConnected(name, problem) }))
        return yield* askOn(connection, asked, progress).pipe(
          // A server that was started anew does not know the session, and has not run the call.
          Effect.catchIf(isForgotten, () => {
            live = undefined
            return Effect.flatMap(current, (connection) =>
              askOn(connection, asked, progress))
          }),
          Effect.mapError((error) => new ToolFailure({ message: toldOf(name, error, timeout) }))
        )
      })
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
