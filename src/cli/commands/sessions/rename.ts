/**
 * `effixir sessions rename ID "title"`
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import { handler } from "../handler.ts"

const flags = { words: Args.text({ name: "session and title" }).pipe(Args.repeated) }

export type Flags = Command.Command.ParseConfig<typeof flags>

export const rename = Command.make("rename", flags, handler(() => import("../../handlers/sessions/rename.ts"))).pipe(
  Command.withDescription("Give a session another title than the first line of its prompt")
)
