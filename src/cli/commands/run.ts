/**
 * `effixir run "prompt"`, and `effixir "prompt"`.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as SessionStore from "../../session/SessionStore.ts"
import { Argv } from "../Argv.ts"
import { beforeTurn, converse } from "../converse.ts"
import * as Prompt from "../prompt.ts"
import * as Options from "./options.ts"

export const run = Command.make(
  "run",
  { ...Options.turn, ...Options.credential, words: Args.text({ name: "prompt" }).pipe(Args.repeated) },
  Effect.fnUntraced(function*({ auth, cd, deltas, json, model, profile, words }) {
    const [given] = yield* Prompt.positionals(words, 1, yield* Argv)
    const prompt = yield* beforeTurn(json)(Prompt.read(given))
    const session = yield* SessionStore.makeId
    yield* converse({ session, prompt, folder: Option.getOrElse(cd, () => "."), model, json, deltas }).pipe(
      Options.override({ auth, profile })
    )
  })
).pipe(Command.withDescription("Ask for something to be done in a folder. `-` reads the prompt from stdin"))
