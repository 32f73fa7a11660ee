/**
 * `effixir runner`: a member of a cluster.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { handler } from "./handler.ts"
import * as Common from "./options.ts"

const flags = {
  database: Common.database.pipe(
    Options.withDescription("The Postgres that all runners share; EFFIXIR_DATABASE_URL unless it is given")
  ),
  listen: Common.filled("listen").pipe(
    Options.withPseudoName("HOST:PORT"),
    Options.withDescription("Where the others reach this runner: 127.0.0.1 and any free port unless told otherwise"),
    Options.optional
  ),
  workspace: Common.workspace,
  drain: Options.text("drain").pipe(
    Options.withPseudoName("TIME"),
    Options.withDescription("How long turns may still run when the runner is stopped: 60s unless told otherwise"),
    Options.optional
  ),
  retention: Options.text("retention").pipe(
    Options.withPseudoName("TIME"),
    Options.withDescription(
      "How long messages of turns that have ended are kept in the database: 24h unless told otherwise"
    ),
    Options.optional
  ),
  set: Common.turn.set,
  model: Common.turn.model,
  ...Common.permission,
  ...Common.credential
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const runner = Command.make("runner", flags, handler(() => import("../handlers/runner.ts"))).pipe(
  Command.withDescription("Run turns of sessions as one of several machines, which take over from each other")
)
