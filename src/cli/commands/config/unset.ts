/**
 * `effixir config unset KEY`
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import { handler } from "../handler.ts"

const flags = { words: Args.text({ name: "key" }).pipe(Args.repeated) }

export type Flags = Command.Command.ParseConfig<typeof flags>

export const unset = Command.make("unset", flags, handler(() => import("../../handlers/config/unset.ts"))).pipe(
  Command.withDescription("Remove a setting from config.json")
)
