/**
 * `effixir config set KEY VALUE`
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import { handler } from "../handler.ts"

const flags = { words: Args.text({ name: "key and value" }).pipe(Args.repeated) }

export type Flags = Command.Command.ParseConfig<typeof flags>

export const set = Command.make("set", flags, handler(() => import("../../handlers/config/set.ts"))).pipe(
  Command.withDescription("Set a setting in config.json, whose comments stay")
)
