/**
 * `effixir sessions rename ID "title"`
 */
import * as Effect from "effect/Effect"
import { line } from "../../../internal/visible.ts"
import { layerSessions } from "../../../node/NodeSessions.ts"
import { SessionStore } from "../../../session/SessionStore.ts"
import { toTitle } from "../../../session/Summary.ts"
import type { Flags } from "../../commands/sessions/rename.ts"
import { BadInput } from "../../ExitCode.ts"
import * as FindSession from "../../findSession.ts"
import * as Prompt from "../../prompt.ts"
import { Screen } from "../../Screen.ts"

export const handle = Effect.fnUntraced(function*({ words }: Flags) {
  const [given, wanted = "", ...more] = words
  if (given === undefined) {
    return yield* new BadInput({ message: "Which session? effixir sessions rename ID \"title\"" })
  }
  if (more.length > 0) yield* Prompt.positionals(words, 2)
  const title = toTitle(wanted)
  if (title === "") return yield* new BadInput({ message: "The title is empty: effixir sessions rename ID \"title\"" })
  const screen = yield* Screen
  const store = yield* SessionStore
  const id = yield* FindSession.named(given)
  yield* store.rename(id, title)
  yield* screen.err(`Session ${FindSession.shortId(id)} is now called: ${line(title)}\n`)
}, Effect.provide(layerSessions))
