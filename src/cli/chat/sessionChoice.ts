/** The sessions of a folder, for a person to choose from. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { realpathSync } from "node:fs"
import { line } from "../../internal/visible.ts"
import { layerSessions } from "../../node/NodeSessions.ts"
import * as Home from "../../node/settings/Home.ts"
import { SessionStore } from "../../session/SessionStore.ts"
import type { Summary } from "../../session/Summary.ts"
import * as FindSession from "../findSession.ts"
import type { Choice } from "./Picker.ts"
import * as SessionPreview from "./sessionPreview.ts"

/** The one that was used last first. */
export const here = Effect.fnUntraced(function*(folder: string) {
  const those = yield* Effect.flatMap(SessionStore, (store) => store.listIn(realOf(folder))).pipe(
    Effect.provide(layerSessions)
  )
  const now = yield* Clock.currentTimeMillis
  const { sessions } = yield* Home.config
  return FindSession.ofPersons(those).map((session) => choiceOf(session, now, `${sessions}/${session.id}/log.ndjson`))
})

const choiceOf = (session: Summary, now: number, log: string): Choice<string> => {
  const { model, status, turns, updatedAt } = session
  const age = `${FindSession.age(updatedAt, now)} ago`
  const size = `${turns} ${turns === 1 ? "turn" : "turns"}`
  const heading = `  ${session.id} · ${status}${model === null ? "" : ` · ${line(model)}`}`
  let preview: ReadonlyArray<string> | undefined
  return {
    value: session.id,
    title: FindSession.titleOf(session),
    remark: `${age} · ${size}`,
    preview: () => preview ??= [heading, ...SessionPreview.ofLog(log)]
  }
}

const realOf = (folder: string): string => {
  try {
    return realpathSync(folder)
  } catch {
    return folder
  }
}
