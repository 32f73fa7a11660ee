/**
 * `effixir sessions list`
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { realpathSync } from "node:fs"
import { homedir } from "node:os"
import { json as visibleJson, line } from "../../../internal/visible.ts"
import { layerSessions } from "../../../node/NodeSessions.ts"
import * as SessionJson from "../../../session/SessionJson.ts"
import { SessionStore } from "../../../session/SessionStore.ts"
import type { Summary } from "../../../session/Summary.ts"
import type { Flags } from "../../commands/sessions/list.ts"
import * as FindSession from "../../findSession.ts"
import { whileWaiting } from "../../progressLine.ts"
import { Screen } from "../../Screen.ts"
import { padded } from "../../table.ts"
import { cells } from "../../verbatim.ts"

export const handle = Effect.fnUntraced(function*({ all, json }: Flags) {
  const screen = yield* Screen
  const sessions = yield* Effect.flatMap(
    SessionStore,
    (store) => all ? store.list : Effect.map(store.listIn(thisFolder()), FindSession.ofPersons)
  ).pipe(
    Effect.provide(layerSessions),
    whileWaiting("reading the sessions")
  )
  if (json) {
    return yield* screen.out(`${visibleJson(JSON.stringify({ sessions: sessions.map(SessionJson.session) }))}\n`)
  }
  if (sessions.length === 0) {
    const every = yield* Effect.provide(Effect.flatMap(SessionStore, (store) => store.list), layerSessions)
    return yield* screen.err(
      every.length === 0 ? "There is no session yet.\n" : "No session of this folder; --all lists those of others.\n"
    )
  }
  yield* screen.out(toTable(sessions, yield* Clock.currentTimeMillis, all, process.stdout.columns))
  const damaged = sessions.filter((session) => session.damaged > 0).length
  if (damaged > 0) {
    yield* screen.err(
      `The log of ${
        damaged === 1 ? "one of them has damaged lines" : `${damaged} of them has damaged lines`
      }, marked with !; ` +
        "`effixir sessions show ID` says how many.\n"
    )
  }
})

/** Sessions note the real path of their folder. */
const thisFolder = (): string => {
  try {
    return realpathSync(".")
  } catch {
    return process.cwd()
  }
}

/** Titles are cut to the terminal. In a pipe nothing is. */
const toTable = (
  sessions: ReadonlyArray<Summary>,
  now: number,
  hasFolders: boolean,
  columns: number | undefined
): string => {
  const rows = [
    ["ID", "LAST USED", "STATUS", "TURNS", "MODEL"],
    ...sessions.map((session) => [
      FindSession.shortId(session.id),
      `${FindSession.age(session.updatedAt, now)} ago`,
      `${session.status}${session.damaged > 0 ? " !" : ""}`,
      String(session.turns),
      line(session.model ?? "")
    ])
  ]
  const folders = ["FOLDER", ...sessions.map(({ workspace }) => line(tilde(workspace ?? "")))]
  const titles = ["TITLE", ...sessions.map(FindSession.titleOf)]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => cells(row[column] ?? "")))) ?? []
  const folderWidth = hasFolders ? Math.min(40, Math.max(...folders.map(cells))) : 0
  const used = widths.reduce((sum, width) => sum + width + 2, 0) + (hasFolders ? folderWidth + 2 : 0)
  const room = columns === undefined ? Infinity : Math.max(20, columns - used)
  return rows.map((row, at) => {
    const fixed = row.map((cell, column) => padded(cell, widths[column] ?? 0))
    const folder = hasFolders ? [padded(cutStart(folders[at] ?? "", folderWidth), folderWidth)] : []
    return `${[...fixed, ...folder, cut(titles[at] ?? "", room)].join("  ").trimEnd()}\n`
  }).join("")
}

const tilde = (path: string): string =>
  path === homedir() || path.startsWith(`${homedir()}/`) ? `~${path.slice(homedir().length)}` : path

const cut = (text: string, width: number): string => {
  if (cells(text) <= width) return text
  let kept = ""
  let used = 1
  for (const character of text) {
    used += cells(character)
    if (used > width) break
    kept += character
  }
  return `${kept.trimEnd()}…`
}

/** Of a folder, its end says most. */
const cutStart = (text: string, width: number): string =>
  cells(text) <= width ? text : `…${[...text].slice(1 - width).join("")}`
