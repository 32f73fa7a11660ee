/**
 * `effixir run "prompt"`, and `effixir "prompt"`.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as SessionStore from "../../session/SessionStore.ts"
import * as Image from "../image.ts"
import * as Prompt from "../prompt.ts"
import { runTurn } from "../runTurn.ts"
import * as Options from "./options.ts"

export const run = Command.make(
  "run",
  {
    ...Options.turn,
    ...Options.limits,
    ...Options.permission,
    ...Options.credential,
    words: Args.text({ name: "prompt" }).pipe(Args.repeated)
  },
  Effect.fnUntraced(
    function*({ auth, cd, deltas, image, json, model, permission, policy, profile, search, trust, words, ...flags }) {
      const [given] = yield* Prompt.positionals(words, 1)
      const limits = yield* Options.limitsOf(flags)
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
        trust
      }).pipe(Options.override({ auth, profile }))
    }
  )
).pipe(Command.withDescription("Ask for something to be done in a folder. `-` reads the prompt from stdin"))
