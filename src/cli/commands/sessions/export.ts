/**
 * `effixir sessions export ID`
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { handler } from "../handler.ts"
import * as Common from "../options.ts"

const flags = {
  format: Options.choice("format", ["md", "html", "jsonl"]).pipe(
    Options.withDescription(
      "md (unless told otherwise) to read and to paste, html for one page that needs nothing else, jsonl for the events as the log has them"
    ),
    Options.optional
  ),
  output: Common.filled("output").pipe(
    Options.withPseudoName("FILE"),
    Options.withAlias("o"),
    Options.withDescription("Write to this file, for its owner alone; - is stdout"),
    Options.optional
  ),
  words: Args.text({ name: "session" }).pipe(Args.repeated)
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const exportSession = Command.make(
  "export",
  flags,
  handler(() => import("../../handlers/sessions/export.ts"))
).pipe(
  Command.withDescription("Write a session down for others: as Markdown, as a page, or as JSON lines")
)
