/**
 * An API key, from a person or a program: never from the command line, which every user of this machine can read.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Credential from "../../auth/Credential.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Keyboard from "../Keyboard.ts"
import * as Prompt from "../prompt.ts"
import { Screen } from "../Screen.ts"

/** A key that a person pastes is not echoed; without a terminal, the key is all of stdin. */
export const read = Effect.gen(function*() {
  const text = yield* Keyboard.isThere() ? typed : Prompt.stdin
  if (text.trim() === "") {
    return yield* new ExitCode.BadInput({
      message: "No API key came in: paste one, or pipe it in, as in `echo \"$KEY\" | effixir login --with-api-key`"
    })
  }
  return yield* Either.match(Credential.readKey(text), {
    onLeft: (problem) =>
      new ExitCode.BadInput({ message: `What came in for --with-api-key is no API key: ${problem}` }),
    onRight: (key) => Effect.succeed<Credential.Credential>(Credential.apiKey(key))
  })
})

const typed = Effect.flatMap(Screen, (screen) =>
  Effect.ensuring(
    Keyboard.hiddenWords(
      "From a program, pipe it in: `echo \"$KEY\" | effixir login --with-api-key`.\n" +
        "Paste the API key and press Enter (it is not shown): "
    ),
    screen.err("\n")
  ))
