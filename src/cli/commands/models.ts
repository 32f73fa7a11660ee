/**
 * `effixir models`: lists the available models.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { handler } from "./handler.ts"
import * as Common from "./options.ts"

const flags = {
  json: Common.json.pipe(Options.withDescription("Print one JSON object on stdout")),
  refresh: Options.boolean("refresh").pipe(Options.withDescription("Ask the server, however young the list is")),
  all: Options.boolean("all").pipe(Options.withDescription("Also those that are not meant to be chosen")),
  ...Common.credential
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const models = Command.make("models", flags, handler(() => import("../handlers/models.ts"))).pipe(
  Command.withDescription("List the models that can be asked")
)
