/**
 * `effixir mcp login NAME`
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import { handler } from "../handler.ts"
import * as Common from "../options.ts"

const flags = { cd: Common.turn.cd, words: Args.text({ name: "name" }).pipe(Args.repeated) }

export type Flags = Command.Command.ParseConfig<typeof flags>

export const login = Command.make("login", flags, handler(() => import("../../handlers/mcp/login.ts"))).pipe(
  Command.withDescription("Sign in to a server that wants it, in a browser of this machine")
)
