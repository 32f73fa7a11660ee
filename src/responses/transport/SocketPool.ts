/**
 * The connections that are kept open from one response of a session to the next.
 *
 * @internal
 */
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as FiberMap from "effect/FiberMap"
import * as Scope from "effect/Scope"
import type { Continuation } from "./Continuation.ts"
import type { Connection } from "./SocketClient.ts"

/**
 * A connection, and the request that it was opened with.
 *
 * @since 0.1.0
 * @category models
 */
export interface Opened {
  readonly connection: Connection
  readonly sent: HttpClientRequest
}

/**
 * One connection, lent to one response at a time.
 *
 * @since 0.1.0
 * @category models
 */
export interface PooledConnection extends Opened {
  /** The account that it belongs to. */
  readonly account: string
  /** In milliseconds since 1970. */
  readonly connectedAt: number
  readonly scope: Scope.CloseableScope
  /** Whether an earlier response has come over it. */
  isUsed: boolean
  /** What the server remembers on it. */
  memory: Continuation | undefined
  /** Whether the response that it is lent to has ended, so that no more of it can arrive. */
  isFree: boolean
}

/**
 * The server ends a connection after an hour, even in the middle of a response: this leaves the last response a quarter
 * of an hour.
 */
const maxAge = Duration.minutes(45)

/** How long a connection waits for the next request. */
const maxIdle = Duration.minutes(5)

/** @since 0.1.0 @category constructors */
export const make = Effect.gen(function*() {
  const scope = yield* Effect.scope
  const idle = new Map<string, PooledConnection>()
  const timers = yield* FiberMap.make<string>()

  const take = Effect.fnUntraced(function*(session: string, account: string) {
    const pooled = idle.get(session)
    if (pooled === undefined) return undefined
    idle.delete(session)
    yield* FiberMap.remove(timers, session)
    const age = (yield* Clock.currentTimeMillis) - pooled.connectedAt
    if (pooled.account === account && age < Duration.toMillis(maxAge) && (yield* pooled.connection.isOpen)) {
      return pooled
    }
    yield* close(pooled)
    return undefined
  })

  /** Keeps the newest connection, because the session continues from its response. */
  const keep = Effect.fnUntraced(function*(session: string, pooled: PooledConnection) {
    const older = idle.get(session)
    idle.set(session, pooled)
    if (older !== undefined) yield* close(older)
    const expire = Effect.suspend(() =>
      idle.get(session) === pooled && idle.delete(session) ? close(pooled) : Effect.void
    )
    // A finalizer cannot be interrupted, and what it forks neither.
    yield* FiberMap.run(timers, session, Effect.interruptible(Effect.delay(expire, maxIdle)))
  })

  const open = <E, R>(account: string, connect: Effect.Effect<Opened, E, R>) =>
    Effect.gen(function*() {
      const own = yield* Scope.fork(scope, ExecutionStrategy.sequential)
      const opened = yield* Effect.onError(
        Scope.extend(connect, own),
        (cause) => Scope.close(own, Exit.failCause(cause))
      )
      const pooled: PooledConnection = {
        ...opened,
        account,
        connectedAt: yield* Clock.currentTimeMillis,
        scope: own,
        isUsed: false,
        memory: undefined,
        isFree: false
      }
      return pooled
    })

  /**
   * The connection of a session, or a new one: if there is none yet, or it belongs to another account, is too old, or
   * is busy with another response. With the Scope it is kept for the next response if it is free, and closed otherwise:
   * the server would otherwise go on with an abandoned response.
   */
  const borrow = <E, R>(session: string, account: string, connect: Effect.Effect<Opened, E, R>) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const pooled = (yield* take(session, account)) ?? (yield* restore(open(account, connect)))
        pooled.isFree = false
        yield* Effect.addFinalizer(() => {
          pooled.isUsed = true
          return pooled.isFree ? keep(session, pooled) : close(pooled)
        })
        return pooled
      })
    )

  return { borrow }
})

const close = (pooled: PooledConnection): Effect.Effect<void> => Scope.close(pooled.scope, Exit.void)
