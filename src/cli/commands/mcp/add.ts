/**
 * `effixir mcp add NAME`
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { handler } from "../handler.ts"
import * as Common from "../options.ts"

const flags = {
  url: Common.filled("url").pipe(
    Options.withPseudoName("URL"),
    Options.withDescription("The address of a server that is reached over HTTP"),
    Options.optional
  ),
  header: Options.text("header").pipe(
    Options.withPseudoName("NAME: VALUE"),
    Options.withDescription("With --url: a header of each request; may be given several times"),
    Options.repeated
  ),
  bearerTokenEnvVar: Common.filled("bearer-token-env-var").pipe(
    Options.withPseudoName("NAME"),
    Options.withDescription("With --url: the variable of the environment that has the token"),
    Options.optional
  ),
  env: Options.text("env").pipe(
    Options.withPseudoName("NAME=VALUE"),
    Options.withDescription("A variable of the environment that the program gets; may be given several times"),
    Options.repeated
  ),
  words: Args.text({ name: "name -- command" }).pipe(Args.repeated)
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const add = Command.make("add", flags, handler(() => import("../../handlers/mcp/add.ts"))).pipe(
  Command.withDescription(
    "Add a server to config.json, whose comments stay. A program and its arguments stand behind --; a server elsewhere is " +
      "named by --url"
  )
)
