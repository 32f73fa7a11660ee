/**
 * `effixir config`: what is set, where it comes from, and how to change it.
 */
import * as Command from "@effect/cli/Command"
import { get } from "./config/get.ts"
import { list } from "./config/list.ts"
import { path } from "./config/path.ts"
import { schema } from "./config/schema.ts"
import { set } from "./config/set.ts"
import { unset } from "./config/unset.ts"

export const all = [list, get, set, unset, path, schema] as const

export const config = Command.make("config").pipe(
  Command.withDescription("List, get, set and unset settings"),
  Command.withSubcommands(all)
)
