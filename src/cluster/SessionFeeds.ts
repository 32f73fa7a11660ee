/**
 * What happens in the sessions of a runner, for any number of readers: first what the log holds, then each event as it
 * comes. No event of the log is lost or repeated in between, and all come in the order of their numbers.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Mailbox from "effect/Mailbox"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type AgentEvent, fromStored, isLogged, type PermissionRequested } from "../agent/AgentEvent.ts"
import type { SessionError } from "../session/SessionError.ts"
import { endsTurn, type Stored } from "../session/SessionEvent.ts"
import { SessionStore } from "../session/SessionStore.ts"
import { tapAppended } from "../session/tapAppended.ts"

/**
 * One turn on its way to the readers.
 *
 * @since 0.1.0
 * @category models
 */
export interface Telling {
  /** Tells an event as an agent emits it, and before it all events of the log that come before it. */
  readonly event: (event: AgentEvent) => void
  /** Whether the log has got an end of the turn. */
  readonly hasEnded: () => boolean
  /** Whether the log has got, since the turn is told, the event with this number. */
  readonly has: (seq: number) => boolean
}

/** @since 0.1.0 @category services */
export class SessionFeeds extends Context.Tag("effixir/cluster/SessionFeeds")<SessionFeeds, {
  /** The events of a session with a number above `after`. A reader that does not keep up is cut off, and comes again. */
  readonly read: (session: string, after: number) => Stream.Stream<AgentEvent, SessionError>
  /** Tells a turn as its events come, until the Scope closes. */
  readonly tell: (session: string) => Effect.Effect<Telling, never, Scope.Scope>
}>() {}

/** How many events may wait for one reader. */
const capacity = 8192

interface Feed {
  readonly readers: Set<Mailbox.Mailbox<AgentEvent>>
  /** Appended and not yet told, in the order of the log; `undefined` while no turn is told, and nothing has to wait. */
  untold: Array<Stored> | undefined
  readonly asked: Map<string, AgentEvent & PermissionRequested>
  hasEnded: boolean
  /** The number of the last that was appended since a turn is told. */
  last: number
}

const make = Effect.map(SessionStore, (store) => {
  const feeds = new Map<string, Feed>()

  const feedOf = (session: string): Feed => {
    const known = feeds.get(session)
    if (known !== undefined) return known
    const feed: Feed = { readers: new Set(), untold: undefined, asked: new Map(), hasEnded: false, last: 0 }
    feeds.set(session, feed)
    return feed
  }

  /** A feed lasts as long as somebody reads it or tells it. */
  const tidy = (session: string, { readers, untold }: Feed) => {
    if (readers.size === 0 && untold === undefined) feeds.delete(session)
  }

  const publish = ({ asked, readers }: Feed, event: AgentEvent) => {
    if (event._tag === "PermissionRequested") asked.set(event.itemId, event)
    if (event._tag === "PermissionDecided") asked.delete(event.itemId)
    for (const reader of readers) {
      if (reader.unsafeOffer(event)) continue
      readers.delete(reader)
      reader.unsafeDone(doneExit)
    }
  }

  const flush = (feed: Feed, upTo: number) => {
    const untold = feed.untold ?? []
    const end = untold.findIndex(({ seq }) => seq > upTo)
    for (const stored of untold.splice(0, end === -1 ? untold.length : end)) publish(feed, fromStored(stored))
  }

  const appended = (session: string, stored: Stored) =>
    Effect.sync(() => {
      const feed = feeds.get(session)
      if (feed === undefined) return
      if (endsTurn(stored.event)) feed.hasEnded = true
      feed.last = stored.seq
      if (feed.untold === undefined) publish(feed, fromStored(stored))
      else feed.untold.push(stored)
    })

  const logAfter = (session: string, after: number) =>
    Effect.catchIf(
      store.read(session, after),
      ({ reason }) => reason === "NotFound",
      () => Effect.succeed<ReadonlyArray<Stored>>([])
    )

  const read = (session: string, after: number): Stream.Stream<AgentEvent, SessionError> =>
    Stream.unwrapScoped(Effect.gen(function*() {
      const feed = feedOf(session)
      const reader = yield* Mailbox.make<AgentEvent>({ capacity, strategy: "dropping" })
      yield* Effect.acquireRelease(
        Effect.sync(() => void feed.readers.add(reader)),
        () =>
          Effect.sync(() => {
            feed.readers.delete(reader)
            tidy(session, feed)
          })
      )
      const past = yield* logAfter(session, after)
      let last = past.at(-1)?.seq ?? after
      const asked = Array.from(feed.asked.values())
      const told = new Set(asked.map(({ seq }) => seq))
      const isNew = (event: AgentEvent) => {
        if (event.seq <= last || told.has(event.seq)) return false
        if (isLogged(event)) last = event.seq
        return true
      }
      return Stream.fromIterable(past.map(fromStored)).pipe(
        Stream.concat(Stream.fromIterable(asked)),
        Stream.concat(Stream.filter(Mailbox.toStream(reader), isNew))
      )
    }))

  const tell = (session: string): Effect.Effect<Telling, never, Scope.Scope> =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const feed = feedOf(session)
        feed.untold = []
        feed.hasEnded = false
        feed.last = 0
        return feed
      }),
      (feed) =>
        Effect.sync(() => {
          flush(feed, Infinity)
          feed.untold = undefined
          feed.asked.clear()
          tidy(session, feed)
        })
    ).pipe(Effect.map((feed) => ({
      event: (event) => {
        // Whoever hears of the end may begin the next turn, and that can be only when this one is over.
        if (endsTurn(event)) return
        flush(feed, event.seq)
        if (!isLogged(event)) publish(feed, event)
      },
      hasEnded: () => feed.hasEnded,
      has: (seq) => seq <= feed.last
    })))

  return { feeds: SessionFeeds.of({ read, tell }), store: tapAppended(appended)(store) }
})

const doneExit = Exit.void

/**
 * The feeds, and the store that tells them what is appended: agents whose sessions are to be read must use it, and a runner
 * refuses the turns of others.
 *
 * @example
 * ```ts
 * import * as Layer from "effect/Layer"
 * import { SessionFeeds, SqlSessionStore } from "effixir/cluster"
 *
 * // Its store tells `SessionFeeds.SessionFeeds` of what is added, so that readers need not ask again.
 * const Heard = Layer.provide(SessionFeeds.layer, SqlSessionStore.layer({ takesOver: true }))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<SessionFeeds | SessionStore, never, SessionStore> = Layer.effectContext(
  Effect.map(make, ({ feeds, store }) => Context.make(SessionFeeds, feeds).pipe(Context.add(SessionStore, store)))
)
