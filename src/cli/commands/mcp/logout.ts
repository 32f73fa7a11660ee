/**
 * `effixir mcp logout NAME`
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import { handler } from "../handler.ts"
import * as Common from "../options.ts"

const flags = { cd: Common.turn.cd, words: Args.text({ name: "name" }).pipe(Args.repeated) }

export type Flags = Command.Command.ParseConfig<typeof flags>

export const logout = Command.make("logout", flags, handler(() => import("../../handlers/mcp/logout.ts"))).pipe(
  Command.withDescription("Forget the sign-in to a server")
)
