/**
 * `effixir serve --database`: the sessions of a cluster over HTTP. It runs no turns itself: what it is asked, it asks the
 * runner that has the session.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { Secrets } from "../../auth/Secrets.ts"
import * as ClusterSessions from "../../cluster/ClusterSessions.ts"
import * as NodeCluster from "../../cluster/NodeCluster.ts"
import type { Refused } from "../../cluster/Refused.ts"
import { userMessage } from "../../responses/Item.ts"
import * as ApiError from "../../server/ApiError.ts"
import * as EventFeeds from "../../server/EventFeeds.ts"
import { Questions } from "../../server/Questions.ts"
import * as Refusal from "../../server/Refusal.ts"
import { ServedAgents } from "../../server/ServedAgents.ts"
import { Turns } from "../../server/Turns.ts"
import { openTurn } from "../../session/LastTurn.ts"
import * as Database from "../cluster/database.ts"

const refusal = ({ details, kind, message }: Refused) => ApiError.make(Refusal.statusOf(kind), kind, message, details)

const layerTurns = Layer.effect(
  Turns,
  Effect.map(ClusterSessions.ClusterSessions, (sessions) =>
    Turns.of({
      start: Effect.fnUntraced(function*(session, { input, key = crypto.randomUUID(), limits, model }) {
        const { known, running } = yield* Effect.mapError(sessions.state(session, key), refusal)
        if (known !== null) return known.turnId
        if (running !== null && running.key !== key) {
          return yield* Refusal.turnRunning(session, running.turnId ?? undefined)
        }
        const items = typeof input === "string" ? [userMessage(input)] : input
        const begun = yield* Effect.mapError(sessions.start(session, { key, input: items, limits, model }), refusal)
        return begun.turnId
      }),
      interrupt: (session) =>
        Effect.map(Effect.orElseSucceed(sessions.interrupt(session), () => null), Option.fromNullable),
      steer: (session, text) => Effect.mapError(sessions.say(session, "steer", [userMessage(text)]), refusal),
      // Whatever a log leaves open goes on, on some runner.
      isAlive: (_, events) => Option.isSome(openTurn(events.map(({ event }) => event))),
      goOn: Effect.void,
      drain: () => Effect.void
    }))
)

const layerQuestions = Layer.effect(
  Questions,
  Effect.map(ClusterSessions.ClusterSessions, ({ answer }) =>
    Questions.of({
      ask: () => Effect.succeedNone,
      answer: (session, item, given) => Effect.orElseSucceed(answer(session, item, given), () => false),
      sessions: () => new Set(),
      waiting: Stream.empty
    }))
)

const layerFeeds = Layer.effect(
  EventFeeds.EventFeeds,
  Effect.gen(function*() {
    const sessions = yield* ClusterSessions.ClusterSessions
    const { hide } = yield* Secrets
    const framesOf = EventFeeds.framing(hide)
    const isOver = yield* Deferred.make<void>()
    const read = (session: string, after: number): Stream.Stream<string> => {
      const frames = sessions.events(session, Math.max(0, after - EventFeeds.widest)).pipe(
        Stream.map((event) =>
          framesOf(event).filter(({ kind, seq }) => kind === "Asked" || seq > after).map(({ text }) => text).join("")
        ),
        Stream.filter((text) => text !== "")
      )
      const comments = Stream.as(Stream.fromSchedule(Schedule.spaced(EventFeeds.usualKeepAlive)), EventFeeds.comment)
      return Stream.concat(Stream.make(EventFeeds.opening), Stream.merge(frames, comments)).pipe(
        Stream.interruptWhenDeferred(isOver)
      )
    }
    return EventFeeds.EventFeeds.of({
      around: (store) => store,
      read,
      // Runners write the ends of turns that have died.
      past: () => Stream.empty,
      tell: () => Effect.succeed({ event: () => Effect.void, failed: () => Effect.void }),
      end: Effect.asVoid(Deferred.succeed(isOver, undefined))
    })
  })
)

/** Folders are those of the runners. */
const layerAgents = Layer.succeed(
  ServedAgents,
  ServedAgents.of({
    workspace: (named) => Effect.succeed(named),
    agent: () => Effect.fail(ApiError.make(500, "Defect", "A gateway runs no turns")),
    window: () => Effect.succeed(undefined)
  })
)

/** All that a server of sessions needs, from the cluster that shares a database. */
export const layer = (url: Redacted.Redacted) =>
  Layer.mergeAll(layerTurns, layerQuestions, layerFeeds, layerAgents).pipe(
    Layer.provideMerge(ClusterSessions.layer),
    Layer.provide(NodeCluster.layerClient),
    Layer.provideMerge(Database.layerSessions()),
    Layer.provide(Database.layerClient(url))
  )
