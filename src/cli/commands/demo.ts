/**
 * `effixir demo`
 */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"

/** The simulator is loaded when it is wanted: no other command should pay for it when it starts. */
const load = Effect.promise(() => import("../demo.ts"))

export const demo = Command.make("demo", {}, () => Effect.flatMap(load, ({ demo }) => demo)).pipe(
  Command.withDescription("See a whole run with a simulated model: no account, no network")
)
