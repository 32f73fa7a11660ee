/**
 * `effixir run "prompt"`, and `effixir "prompt"`.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as SessionStore from "../../session/SessionStore.ts"
import * as Common from "../commands/options.ts"
import type { Flags } from "../commands/run.ts"
import * as Image from "../image.ts"
import * as Prompt from "../prompt.ts"
import { runTurn } from "../runTurn.ts"
import { stdinWait } from "../settings.ts"
import * as TurnFlags from "../turnFlags.ts"

export const handle = Effect.fnUntraced(function*(flags: Flags) {
  const { cd, effort, model, words } = flags
  const [given] = yield* Prompt.positionals(words, 1)
  const { images, search, turn } = yield* TurnFlags.read(flags)
  const folder = Option.getOrElse(cd, () => ".")
  const { piped, text } = yield* Prompt.read(given, stdinWait(folder))
  yield* runTurn({
    ...turn,
    session: yield* SessionStore.makeId,
    isNew: true,
    prompt: [Image.message(text, images)],
    piped,
    folder,
    model,
    search,
    ...Option.isSome(effort) ? { effort: effort.value } : {}
  }).pipe(Common.override(flags))
}, (run, flags) => TurnFlags.modes(flags)(run))
