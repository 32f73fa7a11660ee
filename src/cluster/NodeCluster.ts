/**
 * How the machines of a cluster find and ask each other on Node: over sockets, with a database between them.
 *
 * @since 0.1.0
 */
import type * as MessageStorage from "@effect/cluster/MessageStorage"
import * as RunnerAddress from "@effect/cluster/RunnerAddress"
import * as RunnerHealth from "@effect/cluster/RunnerHealth"
import * as Runners from "@effect/cluster/Runners"
import * as RunnerStorage from "@effect/cluster/RunnerStorage"
import type { Sharding } from "@effect/cluster/Sharding"
import * as ShardingConfig from "@effect/cluster/ShardingConfig"
import * as SocketRunner from "@effect/cluster/SocketRunner"
import * as SqlMessageStorage from "@effect/cluster/SqlMessageStorage"
import * as SqlRunnerStorage from "@effect/cluster/SqlRunnerStorage"
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import { Socket } from "@effect/platform/Socket"
import type * as SocketServer from "@effect/platform/SocketServer"
import * as RpcClient from "@effect/rpc/RpcClient"
import * as RpcSerialization from "@effect/rpc/RpcSerialization"
import type { SqlClient } from "@effect/sql/SqlClient"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Retention from "./Retention.ts"

/**
 * - `host`, `port` where the others reach this runner
 * - `listen` where it listens, if that is another address
 * - `drain` how long turns that run may go on when it ends
 * - `retention` how long the messages of turns that have ended are kept, and the epochs of removed sessions: a day by default
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly host: string
  readonly port: number
  readonly listen?: { readonly host: string; readonly port: number } | undefined
  readonly drain?: Duration.DurationInput | undefined
  readonly retention?: Duration.DurationInput | undefined
}

/**
 * A runner that is not heard of for so long has lost its sessions to the others. It is told by the clock of the database.
 *
 * @internal
 */
export const expiration = Duration.seconds(7)

const common: Partial<ShardingConfig.ShardingConfig["Type"]> = {
  // The locks of a process that hangs would last as long as its connections.
  shardLockDisableAdvisory: true,
  shardLockExpiration: expiration,
  // It is also how long a renewal may take, before the runner gives up its sessions.
  shardLockRefreshInterval: Duration.millis(2300),
  refreshAssignmentsInterval: Duration.millis(500),
  runnerHealthCheckInterval: Duration.seconds(1),
  entityMessagePollInterval: Duration.seconds(1)
}

/** Small messages must not wait for each other. */
const clientProtocol: Layer.Layer<Runners.RpcClientProtocol, never, RpcSerialization.RpcSerialization> = Layer.effect(
  Runners.RpcClientProtocol,
  Effect.map(
    RpcSerialization.RpcSerialization,
    (serialization) =>
      Effect.fnUntraced(function*({ host, port }: RunnerAddress.RunnerAddress) {
        const socket = yield* NodeSocket.makeNet({ host, port, noDelay: true, openTimeout: 1000, timeout: 5500 })
        return yield* RpcClient.makeProtocolSocket().pipe(
          Effect.provideService(Socket, socket),
          Effect.provideService(RpcSerialization.RpcSerialization, serialization)
        )
      }, Effect.orDie)
  )
)

/** One that is dead refuses the connection at once, and one that hangs does not answer. */
const health = Layer.effect(
  RunnerHealth.RunnerHealth,
  Effect.map(Runners.Runners, (runners) => ({
    isAlive: (address: RunnerAddress.RunnerAddress) =>
      runners.ping(address).pipe(
        Effect.timeout("1500 millis"),
        Effect.retry({ times: 2, schedule: Schedule.spaced("300 millis") }),
        Effect.isSuccess
      )
  }))
)

/** Several machines that make the tables at the same moment disturb each other, once; some of it is told as a defect. */
const again = Schedule.intersect(Schedule.jittered(Schedule.spaced("200 millis")), Schedule.recurs(20))
const untilMade = <A, E, R>(tables: Layer.Layer<A, E, R>): Layer.Layer<A, never, R> =>
  Layer.catchAllCause(tables, (cause) => Layer.fail(cause)).pipe(
    Layer.retry(again),
    Layer.catchAll((cause) => Layer.die(Cause.squash(cause)))
  )
const messages = untilMade(SqlMessageStorage.layer)

/**
 * One connection renews the locks of a runner and releases them. Hundreds that are released at once, as when it ends, would
 * keep the renewal waiting for so long that it gives up its turns.
 */
const releasingInTurn = Layer.effect(
  RunnerStorage.RunnerStorage,
  Effect.gen(function*() {
    const storage = yield* RunnerStorage.RunnerStorage
    const one = yield* Effect.makeSemaphore(1)
    return RunnerStorage.RunnerStorage.of({
      ...storage,
      release: (address, shard) => one.withPermits(1)(storage.release(address, shard))
    })
  })
)
const runners = Layer.provide(releasingInTurn, untilMade(SqlRunnerStorage.layer))

/**
 * A runner: it takes its share of the sessions, and gives them back when it ends. Whoever reaches its port can have turns run:
 * it has to be on a network of its own.
 *
 * @example
 * ```ts
 * import * as Layer from "effect/Layer"
 * import { NodeCluster, SessionAgents, SessionFeeds, SessionRunner, SqlSessionStore } from "effixir/cluster"
 *
 * // A machine that runs turns, of an `Agent` and over a `SqlClient` that you provide.
 * const Runner = SessionRunner.layer.pipe(
 *   Layer.provide([SessionAgents.layer, SessionFeeds.layer]),
 *   Layer.provide(SqlSessionStore.layer({ takesOver: true })),
 *   Layer.provide(NodeCluster.layerRunner({ host: "10.0.0.7", port: 34_431, drain: "30 seconds" }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerRunner = (
  { drain = "60 seconds", host, listen, port, retention = "1 day" }: Options
): Layer.Layer<
  MessageStorage.MessageStorage | Runners.Runners | Sharding,
  SocketServer.SocketServerError,
  SqlClient
> =>
  SocketRunner.layer.pipe(
    Layer.provide(NodeSocketServer.layer({ ...listen ?? { host, port }, noDelay: true })),
    Layer.provide(Layer.provide(health, Layer.provide(Runners.layerRpc, clientProtocol))),
    Layer.provide(clientProtocol),
    Layer.provideMerge(Layer.merge(Retention.layer(retention), messages)),
    Layer.provide(runners),
    Layer.provide(ShardingConfig.layer({
      ...common,
      runnerAddress: Option.some(RunnerAddress.make(host, port)),
      entityTerminationTimeout: drain
    })),
    Layer.provide(RpcSerialization.layerMsgPack)
  )

/**
 * A process that asks the runners and runs nothing itself.
 *
 * @example
 * ```ts
 * import * as Layer from "effect/Layer"
 * import { ClusterSessions, NodeCluster } from "effixir/cluster"
 *
 * const SessionsLive = Layer.provide(ClusterSessions.layer, NodeCluster.layerClient)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerClient: Layer.Layer<
  MessageStorage.MessageStorage | Runners.Runners | Sharding,
  never,
  SqlClient
> = SocketRunner.layerClientOnly.pipe(
  Layer.provide(clientProtocol),
  Layer.provideMerge(messages),
  Layer.provide(runners),
  Layer.provide(ShardingConfig.layer({ ...common, runnerAddress: Option.none() })),
  Layer.provide(RpcSerialization.layerMsgPack)
)
