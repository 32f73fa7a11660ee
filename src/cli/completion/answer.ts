/**
 * Answers a shell that asks what may follow. Whatever goes wrong, it only has nothing to say: a person is in the middle
 * of a line.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { realpathSync } from "node:fs"
import { layerHome } from "../../node/NodeHome.ts"
import { layerSessions } from "../../node/NodeSessions.ts"
import * as Home from "../../node/settings/Home.ts"
import * as Settings from "../../node/settings/Settings.ts"
import { isHidden } from "../../responses/account/Model.ts"
import { Models } from "../../responses/account/Models.ts"
import { SessionStore } from "../../session/SessionStore.ts"
import { age, ofPersons, shortId, titleOf } from "../findSession.ts"
import { Screen } from "../Screen.ts"
import type { Asked, Candidate, Completion } from "./complete.ts"

export { complete } from "./complete.ts"

export const answer = ({ before, possible, written }: Completion): Effect.Effect<void, never, Screen> =>
  Effect.gen(function*() {
    const screen = yield* Screen
    const all: ReadonlyArray<Candidate> = typeof possible === "string" ? yield* ask[possible](written) : possible
    const fitting = all.filter(({ value }) => value.startsWith(written))
    const lines = fitting.map(({ text, value }) => `${before}${value}\t${text}\n`)
    yield* screen.out(lines.join(""))
  }).pipe(Effect.catchAllCause(() => Effect.void))

/** As they are listed: this folder's first, by the end of the id. Who writes the beginning of one goes on with it. */
const sessions = Effect.fnUntraced(
  function*(written: string) {
    const all = ofPersons(yield* Effect.flatMap(SessionStore, ({ list }) => list))
    const folder = yield* Effect.orElseSucceed(Effect.try(() => realpathSync(".")), () => "")
    const here = all.filter(({ workspace }) => workspace === folder)
    const now = yield* Clock.currentTimeMillis
    return (here.length > 0 && written === "" ? here : all).map((session) => ({
      value: shortId(session.id).startsWith(written) ? shortId(session.id) : session.id,
      text: `${cut(titleOf(session), 45)}, ${age(session.updatedAt, now)} ago`
    }))
  },
  Effect.provide(layerSessions),
  Effect.orElseSucceed(() => [])
)

const models = Effect.gen(function*() {
  const { models } = yield* Effect.flatMap(Models, ({ known }) => known)
  return models.filter((model) => !isHidden(model)).map(({ name, slug }) => ({ value: slug, text: name }))
}).pipe(Effect.provide(layerHome), Effect.orElseSucceed(() => []))

const profiles = Effect.flatMap(Home.config, Home.profiles).pipe(
  Effect.map((names) => [Home.unnamed, ...names].map((value) => ({ value, text: "" }))),
  Effect.orElseSucceed(() => [])
)

const ask: { readonly [what in Asked]: (written: string) => Effect.Effect<ReadonlyArray<Candidate>> } = {
  sessions,
  models: () => models,
  profiles: () => profiles,
  settings: () => Effect.succeed(Settings.keys.map((value) => ({ value, text: "" })))
}

const cut = (text: string, length: number): string => {
  const characters = [...text]
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}…`
}
