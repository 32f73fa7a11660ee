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

export const handle = Effect.fnUntraced(
  function*(
    {
      auth,
      baseUrl,
      cd,
      deltas,
      dialect,
      effort,
      ephemeral,
      image,
      json,
      model,
      permission,
      policy,
      profile,
      trust,
      words,
      ...flags
    }: Flags
  ) {
    const [given] = yield* Prompt.positionals(words, 1)
    const limits = yield* Common.limitsOf(flags)
    const search = Common.searchOf(flags)
    const images = yield* Effect.forEach(image, Image.read)
    const text = yield* Prompt.read(given)
    const session = yield* SessionStore.makeId
    const prompt = [Image.message(text, images)]
    const folder = Option.getOrElse(cd, () => ".")
    yield* runTurn({
      session,
      isNew: true,
      prompt,
      folder,
      model,
      json,
      deltas,
      limits,
      permission,
      policy,
      search,
      trust,
      isEphemeral: ephemeral,
      ...Option.isSome(effort) ? { effort: effort.value } : {}
    }).pipe(Common.override({ auth, baseUrl, dialect, profile }))
  }
)
