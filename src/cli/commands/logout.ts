/**
 * `effixir logout`
 */
import * as Command from "@effect/cli/Command"
import { handler } from "./handler.ts"
import * as Common from "./options.ts"

const flags = { profile: Common.credential.profile }

export type Flags = Command.Command.ParseConfig<typeof flags>

export const logout = Command.make("logout", flags, handler(() => import("../handlers/logout.ts"))).pipe(
  Command.withDescription("Forget the stored sign-in, and end it at the server")
)
