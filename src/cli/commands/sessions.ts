/**
 * `effixir sessions`: what there is to look after sessions with.
 */
import * as Command from "@effect/cli/Command"
import { remove } from "./sessions/delete.ts"
import { exportSession } from "./sessions/export.ts"
import { importSession } from "./sessions/import.ts"
import { list } from "./sessions/list.ts"
import { rename } from "./sessions/rename.ts"
import { show } from "./sessions/show.ts"

export const all = [list, show, rename, exportSession, importSession, remove] as const

export const sessions = Command.make("sessions").pipe(
  Command.withDescription("List, show, rename, export, import and delete sessions"),
  Command.withSubcommands(all)
)
