/**
 * What an open session keeps of its log in memory: what the next turns need, and no more. A log grows without end; of
 * what lies before a compaction only a few events still matter.
 *
 * Of what a later turn may never ask for, the line is kept as it is, and parsed when it is asked for after all.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import * as LineHead from "./LineHead.ts"
import { decodeLine } from "./Log.ts"
import type { Lines } from "./SessionDriver.ts"
import { endsTurn, type SessionEvent, startedSuffix, type Stored, width } from "./SessionEvent.ts"

export interface WorkingSet {
  /** Adds an event that was appended to the log. */
  readonly add: (stored: Stored) => void
  /** What is stored under a key, where it was not left out. */
  readonly get: (key: string) => Stored | undefined
  /** Whether the log has something under a key that is not kept here. */
  readonly isLeftOut: (key: string) => boolean
  /** What the next turns need of the log, in its order. */
  readonly events: () => ReadonlyArray<Stored>
  /** Takes so many numbers that no event has, and gives the first. */
  readonly take: (count: number) => number
  /** Whether there are lines, and not one of them is an event. */
  readonly isCorrupt: () => boolean
}

/** An event, or the line that it will be parsed from. */
interface Entry {
  readonly seq: number
  readonly tag: string
  held: Stored | string
}

/**
 * The working set of a log.
 *
 * @param decode the event of a line, or why it is none
 * @param leavesOut whether what is left out can be read again from the log
 */
export const make = (lines: Lines, decode: typeof decodeLine = decodeLine, leavesOut = true): WorkingSet => {
  const recent = new Map<string, Entry>()
  /** The keys of what was compacted, and the events of it that still matter. */
  const past = new Set<string>()
  let essentials: ReadonlyArray<Stored> = []
  let count = 0
  let next = 1
  /** What was needed when it was last asked for, and what was added since. */
  let view: ReadonlyArray<Stored> | undefined
  let added: Array<Stored> = []

  const eventOf = (key: string, entry: Entry): Stored | undefined => {
    if (!Predicate.isString(entry.held)) return entry.held
    const stored = decode(entry.held)
    if (Predicate.isString(stored)) {
      recent.delete(key)
      return undefined
    }
    entry.held = stored
    return stored
  }

  const get = (key: string): Stored | undefined => {
    const entry = recent.get(key)
    return entry === undefined ? essentials.find((stored) => stored.key === key) : eventOf(key, entry)
  }

  /** Whether an event of an earlier turn says nothing that another one does not say. */
  const isOver = (key: string, { held, tag }: Entry): boolean => {
    if (tag === "ToolStarted") {
      return key.endsWith(startedSuffix) && get(key.slice(0, -startedSuffix.length)) !== undefined
    }
    if (tag === "PermissionDecided") return Predicate.isString(held) ? !held.includes("\"grants\":") : !hasGrants(held)
    return endsTurn({ _tag: tag })
  }

  const needed = (): ReadonlyArray<Stored> => {
    let begin: Entry | undefined
    for (const entry of recent.values()) if (entry.tag === "TurnStarted") begin = entry
    let isBefore = begin !== undefined
    const events = [...essentials]
    for (const [key, entry] of recent) {
      if (entry === begin) isBefore = false
      const stored = isBefore && isOver(key, entry) ? undefined : eventOf(key, entry)
      if (stored !== undefined) events.push(stored)
    }
    return events
  }

  const settle = (more: ReadonlyArray<Stored>): void => {
    essentials = essential([...essentials, ...more])
  }

  const load = (): void => {
    const upTo = leavesOut ? settledUpTo(lines) : 0
    let pending: Array<Stored> = []
    let last: readonly [string, Entry] | undefined
    for (const line of lines) {
      count++
      // Without a compaction most lines are parsed whole, and their heads need not be read before.
      const parsed = upTo === 0 && !mayBeOver.has(LineHead.tagOf(line)) ? decode(line) : ""
      const head = Predicate.isString(parsed)
        ? LineHead.of(line)
        : { key: parsed.key, seq: parsed.seq, tag: parsed.event._tag }
      if (head === undefined || past.has(head.key)) continue
      const { key, seq, tag } = head
      const known = recent.get(key)
      // Of two lines with one key the first counts that is an event.
      if (known !== undefined && eventOf(key, known) !== undefined) continue
      next = Math.max(next, seq + 1)
      if (seq > upTo) {
        const entry: Entry = { seq, tag, held: Predicate.isString(parsed) ? line : parsed }
        recent.set(key, entry)
        if (seq + 1 === next) last = [key, entry]
        // A line that is parsed at once is garbage at once: copying it around in memory costs more than parsing it.
        if (!mayBeOver.has(tag)) eventOf(key, entry)
        continue
      }
      past.add(key)
      const stored = mayMatter.has(tag) ? decode(line) : tag
      if (Predicate.isString(stored)) continue
      pending.push(stored)
      if (pending.length < 256) continue
      settle(pending)
      pending = []
    }
    settle(pending)
    const stored = last && eventOf(...last)
    if (stored !== undefined) next = stored.seq + width(stored.event)
  }
  load()

  return {
    add: (stored) => {
      const { event, key, seq } = stored
      // What was needed before a turn may not be any more once it has begun.
      if (event._tag === "TurnStarted" || event._tag === "Compacted") view = undefined
      else added.push(stored)
      recent.set(key, { seq, tag: event._tag, held: stored })
      if (!leavesOut || event._tag !== "Compacted") return
      const before = [...recent].filter(([, { seq }]) => seq <= event.upTo)
      settle(before.flatMap(([key, entry]) => eventOf(key, entry) ?? []))
      for (const [key] of before) {
        past.add(key)
        recent.delete(key)
      }
    },
    get,
    isLeftOut: (key) => past.has(key) && get(key) === undefined,
    events: () => {
      view = view === undefined ? needed() : added.length === 0 ? view : [...view, ...added]
      added = []
      return view
    },
    take: (count) => {
      next += count
      return next - count
    },
    isCorrupt: () => count > 0 && past.size === 0 && ![...recent.keys()].some((key) => get(key) !== undefined)
  }
}

/**
 * Up to which number the events of a log were compacted, and are not gone through again: a turn that has not completed
 * is gone through from its beginning when it is resumed.
 */
const settledUpTo = (lines: Lines): number => {
  if (lines.mayHold?.("\"event\":{\"_tag\":\"Compacted\"") === false) return 0
  let upTo = 0
  let beforeTurn = 0
  let started: string | undefined
  let latest = ""
  for (const line of lines) {
    const tag = LineHead.of(line)?.tag
    if (tag === undefined || tag === "SessionStarted" || tag === "SessionRenamed") continue
    if (tag === "Compacted") {
      const stored = decodeLine(line)
      if (!Predicate.isString(stored) && stored.event._tag === "Compacted") upTo = stored.event.upTo
      continue
    }
    latest = tag
    if (tag !== "TurnStarted") continue
    started = line
    beforeTurn = upTo
  }
  // Where the beginning of the last turn is damaged, the turn before it is the last.
  if (started === undefined || Predicate.isString(decodeLine(started))) return 0
  return latest === "TurnCompleted" ? upTo : beforeTurn
}

/** What says nothing more when its turn is over. */
const mayBeOver: ReadonlySet<string> = new Set<SessionEvent["_tag"]>([
  "ToolStarted",
  "PermissionDecided",
  "TurnCompleted",
  "TurnFailed",
  "TurnInterrupted",
  "TurnLimited"
])

/** What of a line may be needed although it was compacted. */
const mayMatter: ReadonlySet<string> = new Set<SessionEvent["_tag"]>([
  "SessionStarted",
  "SessionRenamed",
  "TurnStarted",
  "TurnResumed",
  "ModelResponded",
  "PermissionDecided",
  "TurnCompleted",
  "TurnFailed",
  "TurnInterrupted",
  "TurnLimited"
])

/**
 * Of events that were compacted, those that later turns still need: how the session began and what it is called, what a
 * person has allowed for all of it, and what it was last asked with, by whom it was answered, and how its last turn ended.
 */
export const essential = (events: ReadonlyArray<Stored>): ReadonlyArray<Stored> => {
  const last = (is: (event: SessionEvent) => boolean) => events.findLast(({ event }) => is(event))
  const begin = events.findLastIndex(({ event }) => event._tag === "TurnStarted")
  const needed = new Set([
    events.find(({ event }) => event._tag === "TurnStarted" && event.setup !== undefined),
    last((event) => begins(event) && event.setup !== undefined),
    last((event) => begins(event) && event.permission !== undefined),
    last((event) => event._tag === "ModelResponded"),
    ...events.slice(Math.max(begin, 0)).filter(({ event }) => begins(event) || endsTurn(event))
  ])
  return events.filter((stored) =>
    needed.has(stored) || stored.event._tag === "SessionStarted" || stored.event._tag === "SessionRenamed" ||
    hasGrants(stored)
  )
}

const begins = (event: SessionEvent) => event._tag === "TurnStarted" || event._tag === "TurnResumed"

const hasGrants = ({ event }: Stored): boolean => event._tag === "PermissionDecided" && event.grants !== undefined
