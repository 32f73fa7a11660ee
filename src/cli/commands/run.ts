/**
 * `effixir run "prompt"`, and `effixir "prompt"`.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as SessionStore from "../../session/SessionStore.ts"
import { Argv } from "../Argv.ts"
import { converse } from "../converse.ts"
import * as Prompt from "../prompt.ts"

/** What `run` and `resume` have in common. */
export const options = {
  json: Options.boolean("json").pipe(Options.withDescription("Print one JSON object per event on stdout")),
  deltas: Options.boolean("deltas").pipe(Options.withDescription("With --json: texts piece by piece as well")),
  model: Options.text("model").pipe(
    Options.withAlias("m"),
    Options.withDescription("The model to ask"),
    Options.optional
  ),
  cd: Options.text("cd").pipe(
    Options.withAlias("C"),
    Options.withDescription("The folder to work in"),
    Options.optional
  )
}

export const run = Command.make(
  "run",
  { ...options, words: Args.text({ name: "prompt" }).pipe(Args.repeated) },
  Effect.fnUntraced(function*({ cd, deltas, json, model, words }) {
    const [given] = yield* Prompt.positionals(words, 1, yield* Argv)
    const prompt = yield* Prompt.read(given)
    const session = yield* SessionStore.makeId
    yield* converse({ session, prompt, folder: Option.getOrElse(cd, () => "."), model, json, deltas })
  })
).pipe(Command.withDescription("Ask for something to be done in a folder. `-` reads the prompt from stdin"))
