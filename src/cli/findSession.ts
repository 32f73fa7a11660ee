/**
 * Finds the session that a person means: by its id or any part of it, or as the one that was used last.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { existsSync } from "node:fs"
import { quote } from "../internal/quote.ts"
import { line } from "../internal/visible.ts"
import { SessionError } from "../session/SessionError.ts"
import type { Stored } from "../session/SessionEvent.ts"
import { SessionStore } from "../session/SessionStore.ts"
import type { Summary } from "../session/Summary.ts"
import * as DamagedLines from "./damagedLines.ts"
import { BadInput } from "./ExitCode.ts"
import { Screen } from "./Screen.ts"
import { span } from "./time.ts"

/** How many characters of an id a person has to type at least: a typing error must not name a session. */
const shortest = 4

/** How many of the sessions that an id could mean are listed. */
const listed = 10

/** The whole id. Any part of an id names the session, if it is in no other. */
export const named = Effect.fnUntraced(function*(given: string) {
  const part = given.trim().toLowerCase()
  if (part === "") return yield* new BadInput({ message: "The id of the session is empty: give it, or a part of it" })
  // Ids of ours need no list.
  if (/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(part)) return part
  const sessions = yield* Effect.flatMap(SessionStore, (store) => store.list)
  if (sessions.some(({ id }) => id === given.trim())) return given.trim()
  if (part.length < shortest) {
    return yield* new BadInput({
      message: `There is no session "${given}". Of an id, give at least ${shortest} characters`
    })
  }
  const [first, ...more] = sessions.filter(({ id }) => id.toLowerCase().includes(part))
  if (first === undefined) {
    return yield* new SessionError({ reason: "NotFound", session: given, detail: "" })
  }
  if (more.length === 0) return first.id
  return yield* new BadInput({ message: clash(given, [first, ...more], yield* Clock.currentTimeMillis) })
})

const clash = (given: string, sessions: ReadonlyArray<Summary>, now: number): string =>
  [
    `${sessions.length} sessions have "${given}" in their id. Give more of the one that is meant:`,
    ...sessions.slice(0, listed).map((session) =>
      `${session.id}  ${titleOf(session)} (${age(session.updatedAt, now)} ago)`
    ),
    ...sessions.length > listed ? [`… and ${sessions.length - listed} more`] : []
  ].join("\n")

/** A title as it is shown in one line. */
export const titleOf = ({ title }: Pick<Summary, "title">): string =>
  title === null || title === "" ? "(no prompt)" : line(title)

/** How long ago, in one unit or two. */
export const age = (at: number, now: number): string => span(Duration.millis(Math.max(0, now - at)))

/**
 * What is shown as a short id. The beginnings of ids are alike when the sessions began within a minute; their ends are
 * random.
 */
export const shortId = (id: string): string => id.length > 12 ? id.slice(-8) : id

/** The folder to work in, which must be there. */
export const folderOf = Effect.fnUntraced(
  function*(cd: Option.Option<string>, id: string, log: ReadonlyArray<Stored>) {
    if (Option.isSome(cd)) return cd.value
    const workspace = yield* workspaceOf(id, log)
    if (existsSync(workspace)) return workspace
    return yield* new BadInput({
      message: `The folder that this session worked in is gone: ${quote(workspace)}. To go on in another one: -C FOLDER`
    })
  }
)

/** A session that was begun by a program may have no folder; one whose first line is damaged has lost it. */
const workspaceOf = (id: string, log: ReadonlyArray<Stored>) => {
  const first = log.find(({ event }) => event._tag === "SessionStarted")?.event
  return first?._tag === "SessionStarted"
    ? Effect.succeed(first.workspace ?? ".")
    : new BadInput({
      message: `The line that says in which folder session ${id} works is damaged: name the folder with -C`
    })
}

/** Sessions that a person has begun; the others work for a call of theirs. */
export const ofPersons = (sessions: ReadonlyArray<Summary>): ReadonlyArray<Summary> =>
  sessions.filter(({ parent }) => parent === null)

/**
 * The session that was used last. One whose folder is gone is passed over, unless another folder is named: it could not
 * go on.
 */
const last = Effect.fnUntraced(function*(cd: Option.Option<string>) {
  const sessions = ofPersons(yield* Effect.flatMap(SessionStore, (store) => store.list))
  const found = sessions.find(({ workspace }) => Option.isSome(cd) || workspace === null || existsSync(workspace))
  const [newest] = sessions
  if (newest === undefined) {
    return yield* new BadInput({ message: "There is no session yet; start one with `effixir \"…\"`" })
  }
  const gone = `the folder of session ${shortId(newest.id)} is gone: ${quote(newest.workspace ?? "")}`
  if (found === undefined) {
    return yield* new BadInput({
      message: `No session can go on where it was: ${gone}. To go on in another one: -C FOLDER`
    })
  }
  if (found !== newest) {
    const screen = yield* Screen
    yield* screen.say(`${gone}; the last one before it goes on. To go on with the other: resume it with -C FOLDER`)
  }
  return found.id
})

/** The session that a person means, and its log. */
export const find = Effect.fnUntraced(
  function*(given: string | undefined, isLast: boolean, cd: Option.Option<string>) {
    if (given === undefined && !isLast) {
      return yield* new BadInput({ message: "Which session? Give its id, or --last for the one that was used last" })
    }
    if (given === "") {
      return yield* new BadInput({
        message: "The id of the session is empty: give it, a part of it, or --last for the one that was used last"
      })
    }
    return yield* withLog(given === undefined ? last(cd) : named(given))
  }
)

/** A session, and its log. */
export const withLog = Effect.fnUntraced(function*<E, R>(found: Effect.Effect<string, E, R>) {
  const id = yield* found
  return { id, log: yield* logOf(id) }
})

/** The events of a session; says which lines of its log are none. */
const logOf = Effect.fnUntraced(function*(id: string) {
  const { damaged, events } = yield* Effect.flatMap(SessionStore, (store) => store.inspect(id))
  yield* DamagedLines.say(damaged, "the session goes on with the others")
  return events
})

/** The lines of a session, as far as they are there; says so where the past of a fork is lost. */
export const linesOf = Effect.fnUntraced(function*(id: string) {
  const store = yield* SessionStore
  return yield* Effect.catchIf(
    store.lines(id),
    ({ reason }) => reason === "PastLost",
    ({ detail }) =>
      Effect.gen(function*() {
        const screen = yield* Screen
        yield* screen.say(`what was before this fork is missing: ${detail}`)
        return yield* store.ownLines(id)
      })
  )
})
