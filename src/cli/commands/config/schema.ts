/**
 * `effixir config schema`
 */
import * as Command from "@effect/cli/Command"
import { handler } from "../handler.ts"

export const schema = Command.make("schema", {}, handler(() => import("../../handlers/config/schema.ts"))).pipe(
  Command.withDescription("Print the JSON Schema of config.json")
)
