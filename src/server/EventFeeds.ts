/**
 * What happens in sessions, for any number of readers: first what the log holds, then each event as it comes. No event of
 * the log is lost or repeated in between, and all come in the order of their numbers.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type AgentEvent, fromStored, isLogged } from "../agent/AgentEvent.ts"
import { linesOf } from "../agent/EventLines.ts"
import { Secrets } from "../auth/Secrets.ts"
import { fromOpen, type Source } from "../internal/LongAnswer.ts"
import { json } from "../internal/visible.ts"
import type { SessionError } from "../session/SessionError.ts"
import { endsTurn, type Stored, type TurnFailed, width } from "../session/SessionEvent.ts"
import { SessionStore } from "../session/SessionStore.ts"
import { tapAppended } from "../session/tapAppended.ts"
import * as FeedReader from "./FeedReader.ts"

/** @since 0.1.0 @category services */
export class EventFeeds extends Context.Tag("effixir/server/EventFeeds")<EventFeeds, {
  /** A store that also tells the feeds what is appended. Agents whose sessions are to be read live must use it. */
  readonly around: (store: typeof SessionStore.Service) => typeof SessionStore.Service
  /**
   * The events of a session with a number above `after`, as server-sent events; it goes on from turn to turn. A reader
   * that leaves more than a bounded part of it unread is cut off, as `LongAnswer` says.
   */
  readonly read: (session: string, after: number) => Stream.Stream<string, SessionError>
  /** The same of what the log holds, without what is yet to come. */
  readonly past: (session: string, after: number) => Stream.Stream<string, SessionError>
  /** Tells a turn as its events come, until the Scope closes. */
  readonly tell: (session: string) => Effect.Effect<Telling, never, Scope.Scope>
  /** Ends all streams: the server ends. Readers have a second to take what they were told last. */
  readonly end: Effect.Effect<void>
}>() {}

/**
 * One turn on its way to the readers.
 *
 * @since 0.1.0
 * @category models
 */
export interface Telling {
  /**
   * Tells an event as an agent emits it, and before it all events of the log that come before it. The end of the turn is
   * told when the Scope closes. A plain function, because it is called for each piece of a text.
   */
  readonly event: (event: AgentEvent) => void
  /** Tells of an end that the log could not get; nothing if it has got one. */
  readonly failed: (end: TurnFailed) => Effect.Effect<void>
}

/** @since 0.1.0 @category models */
export interface Options {
  /** How many characters may wait for one reader. */
  readonly capacity?: number
  /** How often a comment shows that the connection is alive. */
  readonly keepAlive?: Duration.DurationInput
  /**
   * Something of a session that is another value when its log has grown, and costs little to find out. With it, what
   * other processes append is told as well, within a second for 500 sessions that are read, and later where more are.
   */
  readonly grown?: (session: string) => Effect.Effect<unknown>
}

interface Feed {
  readonly readers: Set<FeedReader.FeedReader>
  /** Appended and not yet told, in the order of the log; `undefined` while no turn is told, and nothing has to wait. */
  untold: Array<Stored> | undefined
  readonly asked: Map<string, FeedReader.Frame>
  hasEnded: boolean
  /** The number of the last event that was told. */
  last: number
  /** How far the log had grown then. */
  grown: unknown
}

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*(options: Options = {}) {
  const { capacity = 1024 * 1024, grown, keepAlive = usualKeepAlive } = options
  const store = yield* SessionStore
  const { hide } = yield* Secrets
  const feeds = new Map<string, Feed>()
  let isOver = false
  /** After the end, when the last reader has left. */
  const left = yield* Deferred.make<void>()

  const feedOf = (session: string): Feed => {
    const known = feeds.get(session)
    if (known !== undefined) return known
    const feed: Feed = { readers: new Set(), untold: undefined, asked: new Map(), hasEnded: false, last: 0, grown: 0 }
    feeds.set(session, feed)
    return feed
  }

  /** A feed lasts as long as somebody reads it or tells it. */
  const tidy = (session: string, feed: Feed) => {
    if (feed.readers.size === 0 && feed.untold === undefined && feeds.get(session) === feed) feeds.delete(session)
  }

  const isRead = () => [...feeds.values()].some(({ readers }) => readers.size > 0)

  const framesOf = framing(hide)

  const publish = (feed: Feed, event: AgentEvent) => {
    feed.last = event.seq
    if (event._tag === "PermissionDecided" || event._tag === "ChildAnswered") feed.asked.delete(event.itemId)
    const isAsked = event._tag === "PermissionRequested"
    if (feed.readers.size === 0 && !isAsked) return
    const frames = framesOf(event)
    if (isAsked) frames.forEach((frame) => feed.asked.set(event.itemId, frame))
    for (const reader of feed.readers) reader.push(frames)
  }

  /** Tells what the log has got, up to a number. */
  const flush = (feed: Feed, upTo: number) => {
    const untold = feed.untold ?? []
    const end = untold.findIndex(({ seq }) => seq > upTo)
    const ready = untold.splice(0, end === -1 ? untold.length : end)
    for (const stored of ready) {
      publish(feed, fromStored(stored))
      if (endsTurn(stored.event)) feed.hasEnded = true
    }
  }

  /** Tells what other processes have appended. */
  const catchUp = Effect.fnUntraced(function*(session: string, feed: Feed) {
    if (grown === undefined || feed.readers.size === 0) return
    const now = yield* grown(session)
    if (now === feed.grown) return
    const events = yield* Effect.orElseSucceed(store.read(session, feed.last), () => [])
    // A turn of this process has begun meanwhile, and looks itself.
    if (feed.untold !== undefined) return
    feed.grown = now
    for (const stored of events) if (stored.seq > feed.last) publish(feed, fromStored(stored))
  })

  const appended = (session: string, stored: Stored) =>
    Effect.suspend(() => {
      const feed = feeds.get(session)
      if (feed === undefined) return Effect.void
      if (feed.untold !== undefined) return Effect.sync(() => void feed.untold?.push(stored))
      return grown === undefined ? Effect.sync(() => publish(feed, fromStored(stored))) : catchUp(session, feed)
    })

  /** The events of a log as they are sent, in pieces. */
  const sent = (events: ReadonlyArray<Stored>, after: number): Generator<string> =>
    pagesOf(
      events,
      (stored) => framesOf(fromStored(stored)).filter(({ seq }) => seq > after).map(({ text }) => text).join("")
    )

  /** What a reader is told before what happens: it may read for days, and then keeps nothing of its past. */
  function* begun(
    { asked, reader }: { readonly asked: Feed["asked"]; readonly reader: FeedReader.FeedReader },
    past: ReadonlyArray<Stored>,
    after: number
  ): Generator<string> {
    // No header leaves before the first bytes.
    yield opening
    yield* sent(past, after)
    const last = past.at(-1)
    // An answer may be in the log, and so in the past, before it is told.
    const answers = new Map(
      past.flatMap(({ event, seq }) => event._tag === "PermissionDecided" ? [[event.itemId, seq] as const] : [])
    )
    reader.begin(
      last === undefined ? 0 : last.seq + width(last.event) - 1,
      [...asked].flatMap(([item, frame]) => frame.seq < (answers.get(item) ?? 0) ? [] : [frame])
    )
  }

  const readPast = (session: string, after: number) => store.read(session, Math.max(0, after - widest))

  const leave = (session: string, feed: Feed, reader: FeedReader.FeedReader) => {
    feed.readers.delete(reader)
    tidy(session, feed)
    if (isOver && !isRead()) Deferred.unsafeDone(left, Effect.void)
  }

  const open = (session: string, after: number) => (cut: () => void): Effect.Effect<Source, SessionError> =>
    Effect.suspend(() => {
      const feed = feedOf(session)
      const reader = FeedReader.make(after, capacity, cut)
      feed.readers.add(reader)
      const close = () => leave(session, feed, reader)
      return Effect.gen(function*() {
        if (isOver) reader.end()
        const size = grown === undefined ? 0 : yield* grown(session)
        const past = yield* readPast(session, after)
        if (feed.last === 0 && feed.untold === undefined) {
          feed.last = past.at(-1)?.seq ?? 0
          feed.grown = size
        }
        let pages: Generator<string> | undefined = begun({ asked: feed.asked, reader }, past, after)
        const take: Source["take"] = (ready) => {
          const page = pages?.next()
          if (page?.done === false) return page.value
          pages = undefined
          return reader.take(ready)
        }
        return { take, close }
      }).pipe(Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Effect.sync(close)))
    })

  const tell = (session: string): Effect.Effect<Telling, never, Scope.Scope> =>
    Effect.acquireRelease(
      Effect.flatMap(Effect.sync(() => feedOf(session)), (feed) =>
        Effect.map(catchUp(session, feed), () => {
          flush(feed, Infinity)
          feed.untold = []
          feed.hasEnded = false
          return feed
        })),
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
        if (isLogged(event)) flush(feed, event.seq)
        else publish(feed, event)
      },
      failed: (end) =>
        Effect.map(DateTime.now, (at) => {
          flush(feed, Infinity)
          if (feed.hasEnded) return
          const frames = framesOf({ ...end, seq: feed.last, at })
          const texts = frames.map(({ text }) => text.replace(/^id: .*\n/, ""))
          for (const reader of feed.readers) {
            reader.push(texts.map((text) => ({ kind: "Shown", seq: Infinity, text })))
          }
        })
    })))

  const endAll = Effect.sync(() => {
    for (const { readers } of feeds.values()) for (const reader of readers) reader.end()
  })

  // Some at a time: thousands of writes at once would keep the pieces of all texts waiting.
  const comments = Effect.suspend(() =>
    Effect.forEach(
      Chunk.chunksOf(Chunk.fromIterable(feeds.values()), 200),
      (some) =>
        Effect.zipLeft(
          Effect.sync(() => {
            for (const { readers } of some) for (const reader of readers) reader.comment(comment)
          }),
          Effect.sleep(Duration.zero)
        ),
      { discard: true }
    )
  )
  yield* comments.pipe(
    Effect.schedule(Schedule.spaced(keepAlive)),
    Effect.forkScoped
  )

  /** The sessions that are read take turns, so that many of them do not keep the disk busy. */
  let turn: Array<[session: string, feed: Feed]> = []
  const look = Effect.suspend(() => {
    if (turn.length === 0) {
      turn = [...feeds].filter(([, { readers, untold }]) => readers.size > 0 && untold === undefined)
    }
    return Effect.forEach(turn.splice(0, 500), ([session, feed]) => catchUp(session, feed), { discard: true })
  })
  if (grown !== undefined) yield* Effect.forkScoped(Effect.schedule(look, Schedule.spaced("1 second")))

  return EventFeeds.of({
    around: tapAppended(appended),
    read: (session, after) => fromOpen(open(session, after)),
    past: (session, after) =>
      Stream.unwrap(
        Effect.map(readPast(session, after), (events) => Stream.fromIteratorSucceed(sent(events, after), 1))
      ),
    tell,
    end: Effect.suspend(() => {
      isOver = true
      const leaving = isRead()
        ? Effect.timeoutOption(Effect.interruptible(Deferred.await(left)), patience)
        : Effect.void
      return Effect.zipRight(endAll, leaving)
    })
  })
})

/** @since 0.1.0 @category layers */
export const layer = (options?: Options): Layer.Layer<EventFeeds, never, SessionStore> =>
  Layer.scoped(EventFeeds, make(options))

/**
 * The store that is provided, told to the feeds: for the agents of a host.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerStore: Layer.Layer<SessionStore, never, EventFeeds | SessionStore> = Layer.effect(
  SessionStore,
  Effect.map(Effect.all([EventFeeds, SessionStore]), ([{ around }, store]) => around(store))
)

/**
 * What a stream of events begins with.
 *
 * @internal
 */
export const opening = ": ok\n\n"

/**
 * What it says to show that the connection is alive.
 *
 * @internal
 */
export const comment = ": keep-alive\n\n"

/** @internal */
export const usualKeepAlive = Duration.seconds(15)

/** How long readers may take at the end; one that does not read would take for ever. */
const patience = Duration.seconds(1)

/**
 * Lines of one event have numbers of their own, and a reader may have been cut off among them. No response is so long.
 *
 * @internal
 */
export const widest = 4096

/**
 * The lines of an event as they are sent.
 *
 * @internal
 */
export const framing = (hide: (text: string) => string) => (event: AgentEvent): ReadonlyArray<FeedReader.Frame> =>
  linesOf(event, true).map((line) => {
    const kind = event._tag === "PermissionRequested" ? "Asked" : isLogged(event) ? "Logged" : "Shown"
    const data = hide(json(JSON.stringify(line)))
    return { kind, seq: line.seq, text: `${kind === "Logged" ? `id: ${line.seq}\n` : ""}data: ${data}\n\n` }
  })

/** Some events at a time, so that a long log is never a text as a whole. */
function* pagesOf(events: ReadonlyArray<Stored>, write: (event: Stored) => string): Generator<string> {
  for (const page of Chunk.chunksOf(Chunk.fromIterable(events), 64)) {
    const text = Chunk.toReadonlyArray(page).map(write).join("")
    if (text !== "") yield text
  }
}
