/**
 * `effixir fork ID ["prompt"]`
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { layerSessions } from "../../node/NodeSessions.ts"
import { lastUsed } from "../../session/LastTurn.ts"
import * as SessionJson from "../../session/SessionJson.ts"
import { SessionStore } from "../../session/SessionStore.ts"
import type { Flags } from "../commands/fork.ts"
import * as Common from "../commands/options.ts"
import { BadInput } from "../ExitCode.ts"
import * as FindSession from "../findSession.ts"
import * as Image from "../image.ts"
import * as Prompt from "../prompt.ts"
import * as Envelope from "../render/envelope.ts"
import type { Form } from "../render/Renderer.ts"
import { runTurn } from "../runTurn.ts"
import { Screen } from "../Screen.ts"
import * as SessionSetup from "../sessionSetup.ts"
import { stdinWait } from "../settings.ts"
import * as TurnFlags from "../turnFlags.ts"

export const handle = Effect.fnUntraced(function*(flags: Flags) {
  const { cd, ephemeral, toTurn, words } = flags
  const [given, prompt] = yield* Prompt.positionals(words, 2)
  if (given === undefined) {
    return yield* new BadInput({ message: "Which session? Give its id: effixir fork ID [\"prompt\"]" })
  }
  const to = yield* Common.turnNumber("to-turn", toTurn)
  const { images, search, turn } = yield* TurnFlags.read(flags)
  const { id, log } = yield* FindSession.withLog(FindSession.named(given)).pipe(Effect.provide(layerSessions))
  if (prompt === undefined && images.length === 0) return yield* begin(id, to, { ephemeral, form: turn.form })
  const events = log.map(({ event }) => event)
  const folder = yield* FindSession.folderOf(cd, id, log)
  const { piped, text } = yield* Prompt.read(prompt, stdinWait(folder))
  const { environment, ...chosen } = yield* SessionSetup.choose(id, lastUsed(events), {
    ...flags,
    search,
    folder,
    form: turn.form
  })
  yield* runTurn({
    ...turn,
    session: id,
    fork: { toTurn: to },
    prompt: [Image.message(text, images)],
    piped,
    folder,
    before: SessionSetup.permissionOf(events, Option.none()),
    ...chosen
  }).pipe(Common.override(environment))
}, (run, flags) => TurnFlags.modes(flags)(run))

/** Without a prompt, the fork waits to be resumed. */
const begin = Effect.fnUntraced(
  function*(id: string, turn: number | undefined, is: { readonly ephemeral: boolean; readonly form: Form }) {
    if (is.ephemeral) {
      return yield* new BadInput({
        message: "A fork that is not kept needs a prompt: nothing else could be done with it"
      })
    }
    const screen = yield* Screen
    const store = yield* SessionStore
    const { forkOf, id: fork } = yield* store.fork(id, turn)
    if (is.form === "envelope") return yield* screen.out(Envelope.print(Envelope.begun(fork)))
    if (is.form === "jsonl") {
      return yield* screen.out(`${JSON.stringify({ session_id: fork, parent: SessionJson.parent(forkOf) })}\n`)
    }
    yield* screen.out(`${fork}\n`)
    const where = turn === undefined ? "" : ` up to the end of turn ${turn}`
    yield* screen.err(
      `It shares the past of session ${FindSession.shortId(id)}${where}. To go on with it: effixir resume ${
        FindSession.shortId(fork)
      } "…"\n`
    )
  },
  Effect.provide(layerSessions)
)
