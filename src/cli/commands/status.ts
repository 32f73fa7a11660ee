/**
 * `effixir status`: who is signed in, why that credential is the one in use, and how much of its plan is used.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { handler } from "./handler.ts"
import * as Common from "./options.ts"

const flags = {
  json: Common.json.pipe(Options.withDescription("Print one JSON object on stdout")),
  refresh: Options.boolean("refresh").pipe(
    Options.withDescription("Refresh the sign-in if it is about to expire, and ask how much of the plan is used")
  ),
  ...Common.credential
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const status = Command.make("status", flags, handler(() => import("../handlers/status.ts"))).pipe(
  Command.withDescription("Show who is signed in, how, and how much of the plan is used")
)
