/**
 * `effixir sessions delete ID…`
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { layerSessions } from "../../../node/NodeSessions.ts"
import { neededBy, SessionError } from "../../../session/SessionError.ts"
import { SessionStore } from "../../../session/SessionStore.ts"
import { descendantsOf, type Summary } from "../../../session/Summary.ts"
import type { Flags } from "../../commands/sessions/delete.ts"
import * as Confirm from "../../confirm.ts"
import { BadInput } from "../../ExitCode.ts"
import * as FindSession from "../../findSession.ts"
import { Screen } from "../../Screen.ts"

export const handle = Effect.fnUntraced(function*({ json, words, yes }: Flags) {
  if (words.length === 0) return yield* new BadInput({ message: "Which sessions? Give their ids" })
  const screen = yield* Screen
  const store = yield* SessionStore
  // All are known before the first is deleted.
  const ids = new Set(yield* Effect.forEach(words, FindSession.named))
  const all = yield* store.list
  const sessions = yield* Effect.forEach(ids, (id) => {
    const session = all.find((one) => one.id === id)
    return session === undefined
      ? new SessionError({ reason: "NotFound", session: id, detail: "" })
      : Effect.succeed(session)
  })
  for (const { id } of sessions) {
    const forks = all.filter(({ forkOf, id: fork }) => forkOf?.sessionId === id && !ids.has(fork))
    if (forks.length > 0) {
      return yield* new SessionError({ reason: "Forked", session: id, detail: neededBy(forks.map(({ id }) => id)) })
    }
  }
  if (!yes) yield* Confirm.ask(question(sessions, yield* Clock.currentTimeMillis), "--yes")
  const deleted: Array<string> = []
  // What has worked for a session goes with it.
  const withChildren = sessions.flatMap((session) => [session, ...descendantsOf(session, all)])
  for (const { id } of forksFirst([...new Map(withChildren.map((one) => [one.id, one])).values()])) {
    yield* Effect.tapError(
      store.remove(id),
      () => deleted.length === 0 ? Effect.void : screen.say(`Deleted before that: ${deleted.join(", ")}`)
    )
    deleted.push(id)
  }
  if (json) return yield* screen.out(`${JSON.stringify({ deleted })}\n`)
  yield* screen.err(deleted.length === 1 ? "The session is deleted.\n" : `${deleted.length} sessions are deleted.\n`)
}, Effect.provide(layerSessions))

const question = (sessions: ReadonlyArray<Summary>, now: number): string => {
  const rows = sessions.map((session) =>
    `  ${FindSession.shortId(session.id)}  ${FindSession.titleOf(session)} (${
      session.turns === 1 ? "1 turn" : `${session.turns} turns`
    }, ${FindSession.age(session.updatedAt, now)} ago)`
  )
  return `${sessions.length === 1 ? "This session" : `These ${sessions.length} sessions`} would be deleted for good:\n${
    rows.join("\n")
  }\n`
}

/** A session goes after all that share its past. */
const forksFirst = (sessions: ReadonlyArray<Summary>): ReadonlyArray<Summary> => {
  const depthOf = ({ forkOf }: Summary, seen: ReadonlySet<string> = new Set()): number => {
    const from = sessions.find(({ id }) => id === forkOf?.sessionId)
    return from === undefined || seen.has(from.id) ? 0 : 1 + depthOf(from, new Set([...seen, from.id]))
  }
  return sessions.map((session) => ({ session, depth: depthOf(session) }))
    .toSorted((a, b) => b.depth - a.depth)
    .map(({ session }) => session)
}
