/**
 * `effixir sessions import TOOL [ID|FILE]`
 */
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { quote } from "../../../internal/quote.ts"
import { prose } from "../../../internal/visible.ts"
import { layerHome } from "../../../node/NodeHome.ts"
import * as ForeignSessions from "../../../node/session/ForeignSessions.ts"
import { Tool } from "../../../session/import/ForeignSession.ts"
import { sentence } from "../../../session/import/Loss.ts"
import * as SessionImport from "../../../session/import/SessionImport.ts"
import type { Flags } from "../../commands/sessions/import.ts"
import { BadInput } from "../../ExitCode.ts"
import { whileWaiting } from "../../progressLine.ts"
import { Screen } from "../../Screen.ts"

export const handle = Effect.fnUntraced(function*({ json, words: [tool, given, ...more] }: Flags) {
  if (!isTool(tool) || more.length > 0) {
    return yield* new BadInput({
      message: `Whose session? effixir sessions import ${Tool.literals.join("|")} [ID or FILE]`
    })
  }
  const source = yield* whileWaiting("looking for the session")(ForeignSessions.find(tool, given, process.cwd()))
  const imported = yield* SessionImport.run(source).pipe(
    whileWaiting("reading the session"),
    Effect.provide(layerHome)
  )
  const screen = yield* Screen
  if (json) return yield* screen.out(`${JSON.stringify(toJson(tool, imported))}\n`)
  yield* screen.out(`${imported.sessionId}\n`)
  yield* screen.err(prose(`${told(tool, imported).join("\n")}\n`))
})

const isTool = (word: string | undefined): word is Tool => Tool.literals.some((tool) => tool === word)

const toJson = (
  tool: Tool,
  { calls, folder, foreignId, losses, sessionId, title, turns }: SessionImport.Imported
) => ({
  session_id: sessionId,
  imported_from: { tool, session_id: foreignId },
  title: title ?? null,
  workspace: folder ?? null,
  turns,
  calls,
  lost: Array.from(losses, ([kind, count]) => ({ kind, count, message: sentence(kind, count) }))
})

const told = (
  tool: Tool,
  { calls, folder, foreignId, losses, sessionId, title, turns }: SessionImport.Imported
): ReadonlyArray<string> => {
  const isGone = folder !== undefined && !existsSync(folder)
  return [
    `Imported ${count(turns, "turn")} with ${count(calls, "call")} of ${SessionImport.formats[tool].name}'s session` +
    `${foreignId === "" ? "" : ` ${foreignId}`}${title === undefined ? "" : `, "${title.replaceAll(/\s+/g, " ")}"`}.`,
    ...Array.from(losses, ([kind, count]) => sentence(kind, count)),
    ...isGone ? [`The folder that it worked in is gone: ${quote(folder)}.`] : [],
    ...folder === undefined
      ? ["It does not say in which folder it worked: it goes on in the one that you are in, or with -C FOLDER."]
      : [],
    `Go on with it: effixir resume ${sessionId} ${isGone ? "-C FOLDER " : ""}"…"`
  ]
}

const count = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`
