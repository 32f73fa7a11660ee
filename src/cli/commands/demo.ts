/**
 * `effixir demo`
 */
import * as Command from "@effect/cli/Command"
import { handler } from "./handler.ts"

export const demo = Command.make("demo", {}, handler(() => import("../handlers/demo.ts"))).pipe(
  Command.withDescription("See a whole run with a simulated model: no account, no network")
)
