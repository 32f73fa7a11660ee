/**
 * `effixir serve`: sessions over HTTP.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { handler } from "./handler.ts"
import * as Common from "./options.ts"

const flags = {
  host: Common.filled("host").pipe(
    Options.withDescription("Where to listen: 127.0.0.1 unless told otherwise, as others can reach anything else"),
    Options.optional
  ),
  port: Options.text("port").pipe(
    Options.withPseudoName("N"),
    Options.withDescription("Any that is free unless told otherwise"),
    Options.optional
  ),
  tokenFile: Common.filled("token-file").pipe(
    Options.withPseudoName("FILE"),
    Options.withDescription("The file of the token that clients send; made where there is none"),
    Options.optional
  ),
  workspace: Common.workspace,
  maxTurns: Options.text("max-turns").pipe(
    Options.withPseudoName("N"),
    Options.withDescription("How many turns may run at once (32 unless told otherwise)"),
    Options.optional
  ),
  maxBody: Options.text("max-body").pipe(
    Options.withPseudoName("BYTES"),
    Options.withDescription("How large the body of a request may be (1 MiB unless told otherwise)"),
    Options.optional
  ),
  drain: Options.text("drain").pipe(
    Options.withPseudoName("TIME"),
    Options.withDescription("How long turns may still run when the server is stopped: 10s unless told otherwise"),
    Options.optional
  ),
  database: Common.database.pipe(
    Options.withDescription("Serve the sessions of a cluster, whose runners share this Postgres; run none here")
  ),
  allowHost: Options.text("allow-host").pipe(
    Options.withPseudoName("NAME"),
    Options.withDescription("Another name by which clients may ask, as behind a proxy"),
    Options.repeated
  ),
  set: Common.turn.set,
  model: Common.turn.model,
  ...Common.permission,
  ...Common.credential
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const serve = Command.make("serve", flags, handler(() => import("../handlers/serve.ts"))).pipe(
  Command.withDescription("Serve sessions over HTTP, to programs that have the token")
)
