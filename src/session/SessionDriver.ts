/**
 * What keeps the lines of sessions: files, memory, a database.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Ancestors from "./Ancestors.ts"
import { notFound, SessionError } from "./SessionError.ts"
import type * as Summary from "./Summary.ts"

/**
 * What a medium (files, memory, a database) has to implement, in plain strings and numbers. {@link makeEncoded} makes a
 * store of it, and takes care of numbers, keys and events.
 *
 * @since 0.1.0
 * @category drivers
 */
export interface Encoded {
  /** Makes the caller the one writer of a session until the Scope closes; `Busy` if there is one. A new id is a new session. */
  readonly claim: (id: string) => Effect.Effect<Writer, SessionError, Scope.Scope>
  /** Begins a new session that nobody sees before it is published; what is not is gone when the Scope closes. */
  readonly draft: (id: string) => Effect.Effect<Draft, SessionError, Scope.Scope>
  /** The lines of a session; `NotFound` if it has none. Those up to `afterSeq` may be left out, but not the first. */
  readonly read: (id: string, afterSeq: number) => Effect.Effect<Lines, SessionError>
  /**
   * The sessions that have lines and are wanted, in any order; the others need not be looked at. A `revision` changes with
   * the lines.
   */
  readonly list: (isWanted: (id: string) => boolean) => Effect.Effect<ReadonlyArray<Listed>, SessionError>
  /** Deletes a session that has no writer, with all that belongs to it; it may not exist. */
  readonly remove: (id: string) => Effect.Effect<void, SessionError>
}

/**
 * Lines in their order, which may be gone through several times. They may be read while they are; a `SessionError` may be
 * thrown then.
 *
 * @since 0.1.0
 * @category drivers
 */
export interface Lines extends Iterable<string> {
  /** `false` where it is known, faster than by going through them, that no line has this text in it. */
  readonly mayHold?: ((text: string) => boolean) | undefined
}

/** @since 0.1.0 @category drivers */
export interface Listed {
  readonly id: string
  readonly revision: string
}

/**
 * What is remembered of sessions, so that a list need not read all of them. It is believed for the same revision only:
 * losing it costs time.
 *
 * @since 0.1.0
 * @category drivers
 */
export interface Index {
  readonly load: Effect.Effect<Remembered>
  /** Remembers these beside the others, or anew, and forgets the sessions with the ids in `gone`. */
  readonly save: (changed: ReadonlyArray<Indexed>, gone: ReadonlyArray<string>) => Effect.Effect<void>
}

/** @since 0.1.0 @category drivers */
export interface Remembered extends Pick<ReadonlyMap<string, Indexed>, "get" | "keys"> {
  /** The folder that a session works in, which is the same in all revisions; `undefined` for one that is not remembered. */
  readonly workspaceOf: (id: string) => string | null | undefined
}

/** @since 0.1.0 @category drivers */
export interface Indexed {
  readonly revision: string
  readonly summary: Summary.Summary
}

/**
 * The one writer of a session.
 *
 * @since 0.1.0
 * @category drivers
 */
export interface Writer {
  /** The lines that are there when it is claimed. They are gone through before one is added. */
  readonly lines: Lines
  /** Adds a line at the end, for good or not at all. No two lines have the same number or key. */
  readonly append: (line: Line) => Effect.Effect<void, SessionError>
}

/**
 * A session that nobody sees yet.
 *
 * @since 0.1.0
 * @category drivers
 */
export interface Draft extends Pick<Writer, "append"> {
  /** Makes a session of it, as a whole or not at all. */
  readonly publish: Effect.Effect<void, SessionError>
}

/**
 * An event in one line of JSON, with the fields that a database can index.
 *
 * @since 0.1.0
 * @category drivers
 */
export interface Line {
  readonly seq: number
  readonly key: string
  /** In milliseconds since the epoch. */
  readonly at: number
  readonly text: string
  /** What it ends, so that it may be worth waiting until all lines up to it outlive a power cut. */
  readonly ends: "call" | "turn" | undefined
}

/**
 * Keeps the lines of sessions in memory, as long as the program runs.
 *
 * @since 0.1.0
 * @category drivers
 */
export const makeMemory: Effect.Effect<Encoded> = Effect.sync(() => {
  const logs = new Map<string, Array<Line>>()
  const claimed = new Set<string>()
  const linesOf = (id: string, afterSeq = 0) =>
    (logs.get(id) ?? []).filter(({ seq }, at) => at === 0 || seq > afterSeq).map(({ text }) => text)
  const free = (id: string) =>
    Effect.suspend(() => claimed.has(id) ? new SessionError({ reason: "Busy", session: id, detail: "" }) : Effect.void)

  return {
    claim: (id) =>
      Effect.acquireRelease(
        Effect.tap(free(id), () => claimed.add(id)),
        () => Effect.sync(() => claimed.delete(id))
      ).pipe(
        Effect.map(() => ({
          lines: linesOf(id),
          append: (line) =>
            Effect.sync(() => {
              const log = logs.get(id)
              if (log === undefined) logs.set(id, [line])
              else log.push(line)
            })
        }))
      ),
    draft: (id) =>
      Effect.sync(() => {
        const lines: Array<Line> = []
        return {
          append: (line) => Effect.sync(() => void lines.push(line)),
          publish: Effect.sync(() => void logs.set(id, lines))
        }
      }),
    read: (id, afterSeq) => Effect.suspend(() => logs.has(id) ? Effect.succeed(linesOf(id, afterSeq)) : notFound(id)),
    list: (isWanted) =>
      Effect.sync(() =>
        Array.from(logs, ([id, lines]) => ({ id, revision: String(lines.length) })).filter(({ id }) => isWanted(id))
      ),
    remove: (id) => Effect.zipRight(free(id), Effect.sync(() => logs.delete(id)))
  }
})

/**
 * Keeps what is written in memory, on top of what a driver has, which stays as it is.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { SessionStore } from "effixir"
 * import { SessionFiles } from "effixir/node"
 * import { SessionDriver } from "effixir/session"
 *
 * // The sessions on the disk, which a trial reads and never changes.
 * const forTrial = SessionFiles.makeDriver({ folder: "/var/lib/my-agent/sessions" }).pipe(
 *   Effect.flatMap(SessionDriver.makeOverlay),
 *   Effect.map((driver) => SessionStore.makeEncoded(driver))
 * )
 *
 * const forTests = Effect.map(SessionDriver.makeMemory, (driver) => SessionStore.makeEncoded(driver))
 * ```
 *
 * @since 0.1.0
 * @category drivers
 */
export const makeOverlay = (below: Encoded): Effect.Effect<Encoded> =>
  Effect.map(makeMemory, (above) => ({
    claim: Effect.fnUntraced(function*(id) {
      const added = yield* above.claim(id)
      const kept = yield* orEmpty(below.read(id, 0))
      return { ...added, lines: [...kept, ...added.lines] }
    }),
    read: Effect.fnUntraced(function*(id, afterSeq) {
      const kept = yield* orEmpty(below.read(id, afterSeq))
      return kept.length === 0 ? yield* above.read(id, afterSeq) : [...kept, ...yield* orEmpty(above.read(id, 0))]
    }),
    draft: above.draft,
    list: below.list,
    remove: below.remove
  }))

const orEmpty = (lines: Effect.Effect<Lines, SessionError>) =>
  Effect.catchIf(
    Effect.flatMap(lines, Ancestors.inMemory),
    ({ reason }) => reason === "NotFound",
    () => Effect.succeed<ReadonlyArray<string>>([])
  )
