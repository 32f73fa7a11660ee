/**
 * The last turn of a session, how far it came, and what it was asked with: folds over the events of the log.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 * import { SessionStore } from "effixir"
 * import { LastTurn } from "effixir/session"
 *
 * // What a program shows of a session before it goes on with it.
 * const state = (session: string) =>
 *   Effect.gen(function*() {
 *     const store = yield* SessionStore.SessionStore
 *     const events = (yield* store.read(session)).map(({ event }) => event)
 *     return {
 *       prompt: Option.map(LastTurn.lastTurn(events), ({ started }) => started.input),
 *       hasNoEnd: Option.isSome(LastTurn.openTurn(events)),
 *       canResume: Option.isSome(LastTurn.unfinishedTurn(events)),
 *       permission: LastTurn.lastPermission(events).permission,
 *       model: LastTurn.lastUsed(events).model
 *     }
 *   })
 * ```
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import { defined } from "../internal/json.ts"
import {
  endsTurn,
  type PermissionInForce,
  type SessionEvent,
  type Setup,
  type TurnEnd,
  type TurnStarted
} from "./SessionEvent.ts"

/**
 * The last turn of a session: where it starts, how it last ended unless it was cut off, and how many times it has ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface LastTurn {
  readonly at: number
  readonly started: TurnStarted
  readonly end: TurnEnd | undefined
  readonly ends: number
}

/** @since 0.1.0 @category accessors */
export const lastTurn = (events: ReadonlyArray<SessionEvent>): Option.Option<LastTurn> => {
  const at = events.findLastIndex((event) => event._tag === "TurnStarted")
  const started = events[at]
  if (started?._tag !== "TurnStarted") return Option.none()
  const own = events.slice(at).filter((event) =>
    "turnId" in event && event.turnId === started.turnId && event._tag !== "Compacted"
  )
  const last = own.at(-1)
  return Option.some({
    at,
    started,
    end: last !== undefined && endsTurn(last) ? last : undefined,
    ends: own.filter(endsTurn).length
  })
}

/**
 * The last turn, if it has events after its last end, or no end at all.
 *
 * @since 0.1.0
 * @category accessors
 */
export const openTurn = (events: ReadonlyArray<SessionEvent>): Option.Option<LastTurn> =>
  Option.filter(lastTurn(events), ({ end }) => end === undefined)

/**
 * The last turn, unless it has completed: it can be resumed.
 *
 * @since 0.1.0
 * @category accessors
 */
export const unfinishedTurn = (events: ReadonlyArray<SessionEvent>): Option.Option<LastTurn> =>
  Option.filter(lastTurn(events), ({ end }) => end?._tag !== "TurnCompleted")

/**
 * The permissions of the session's last turn, as far as its log holds them.
 *
 * @since 0.1.0
 * @category accessors
 */
export const lastPermission = (events: ReadonlyArray<SessionEvent>): PermissionInForce => {
  const last = events.findLast((event) =>
    (event._tag === "TurnStarted" || event._tag === "TurnResumed") && event.permission !== undefined
  )
  return last?._tag === "TurnStarted" || last?._tag === "TurnResumed"
    ? defined({ permission: last.permission, policy: last.policy })
    : {}
}

/**
 * What a session was last asked with. A log that is older than `Setup` tells only the account of its last response; what
 * another program has asked, before the session was imported, is no choice of the person here.
 *
 * @since 0.1.0
 * @category models
 */
export interface LastUsed {
  readonly model: string | undefined
  readonly effort: string | undefined
  readonly setup: Setup | undefined
  readonly account: string | undefined
}

/** @since 0.1.0 @category accessors */
export const lastUsed = (events: ReadonlyArray<SessionEvent>): LastUsed => {
  let model: string | undefined
  let effort: string | undefined
  let setup: Setup | undefined
  let account: string | undefined
  let isImported = false
  for (const event of events) {
    if (event._tag === "SessionStarted") {
      isImported = event.importedFrom !== undefined
      model = event.model
    }
    if (event._tag === "TurnStarted" && event.setup !== undefined) isImported = false
    if (isImported) continue
    if (event._tag === "TurnStarted" || event._tag === "TurnResumed") {
      model = event.model ?? model
      effort = event._tag === "TurnStarted" ? event.effort : event.effort ?? effort
      setup = event.setup ?? setup
    } else if (event._tag === "ModelResponded") account = event.account
  }
  return { model, effort, setup, account }
}
