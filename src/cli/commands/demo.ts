/**
 * `effixir demo`
 */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"

/** Loads the simulator only for this command, so that others do not start slower. */
const load = Effect.promise(() => import("../demo.ts"))

export const demo = Command.make("demo", {}, () => Effect.flatMap(load, ({ demo }) => demo)).pipe(
  Command.withDescription("See a whole run with a simulated model: no account, no network")
)
