/**
 * `effixir mcp remove NAME`
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import { handler } from "../handler.ts"

const flags = { words: Args.text({ name: "name" }).pipe(Args.repeated) }

export type Flags = Command.Command.ParseConfig<typeof flags>

export const remove = Command.make("remove", flags, handler(() => import("../../handlers/mcp/remove.ts"))).pipe(
  Command.withDescription("Remove a server from config.json")
)
