/**
 * `effixir login`: the ways to sign in, and the choice between them.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { handler } from "./handler.ts"
import * as Common from "./options.ts"

const flags = {
  chatgpt: Options.boolean("chatgpt").pipe(
    Options.withDescription("Continue with ChatGPT, the official sign-in, in a browser")
  ),
  codex: Options.boolean("codex").pipe(
    Options.withDescription("Sign in as the Codex client does, with --device or --browser or what fits")
  ),
  device: Options.boolean("device").pipe(
    Options.withDescription("As the Codex client, with a code to enter in a browser anywhere")
  ),
  browser: Options.boolean("browser").pipe(
    Options.withDescription("As the Codex client, with the browser of this machine")
  ),
  withApiKey: Options.boolean("with-api-key").pipe(
    Options.withDescription("Store an API key, from stdin or typed unseen")
  ),
  fromCodex: Options.boolean("from-codex").pipe(Options.withDescription("Take over the sign-in of Codex")),
  fromPi: Options.boolean("from-pi").pipe(Options.withDescription("Take over the sign-in of Pi")),
  yes: Options.boolean("yes").pipe(Options.withDescription("Do not ask before taking over a sign-in")),
  json: Common.json.pipe(Options.withDescription("Print JSON lines on stdout")),
  database: Common.database.pipe(
    Options.withDescription("Keep it in the database that runners share, sealed with EFFIXIR_CREDENTIAL_KEY")
  ),
  profile: Common.credential.profile
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const login = Command.make("login", flags, handler(() => import("../handlers/login.ts"))).pipe(
  Command.withDescription("Sign in with a ChatGPT plan, or store an API key")
)
