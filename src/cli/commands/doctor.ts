/**
 * `effixir doctor`: what is set up here, and whether it works.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { handler } from "./handler.ts"
import * as Common from "./options.ts"

const flags = {
  json: Common.json.pipe(Options.withDescription("Print one JSON object on stdout")),
  offline: Options.boolean("offline").pipe(Options.withDescription("Ask no server")),
  database: Common.database.pipe(
    Options.withDescription("Also check the database that runners share, and what they do")
  ),
  ...Common.credential
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const doctor = Command.make("doctor", flags, handler(() => import("../handlers/doctor.ts"))).pipe(
  Command.withDescription("Check whether what is set up here works, and say what to do where it does not")
)
