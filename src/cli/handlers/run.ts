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

export const handle = Effect.fnUntraced(function*(flags: Flags) {
  const { cd, effort, ephemeral, image, words } = flags
  const [given] = yield* Prompt.positionals(words, 1)
  const limits = yield* Common.limitsOf(flags)
  const images = yield* Effect.forEach(image, Image.read)
  const text = yield* Prompt.read(given)
  yield* runTurn({
    session: yield* SessionStore.makeId,
    isNew: true,
    prompt: [Image.message(text, images)],
    folder: Option.getOrElse(cd, () => "."),
    model: flags.model,
    json: flags.json,
    deltas: flags.deltas,
    limits,
    permission: flags.permission,
    policy: flags.policy,
    search: Common.searchOf(flags),
    trust: flags.trust,
    isEphemeral: ephemeral,
    ...Option.isSome(effort) ? { effort: effort.value } : {}
  }).pipe(Common.override(flags))
})
