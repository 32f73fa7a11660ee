/**
 * `effixir chat`, and `effixir` alone on a terminal: a conversation.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { handler } from "./handler.ts"
import * as Common from "./options.ts"

const { cd, ephemeral, image, model } = Common.turn

const flags = {
  resume: Options.text("resume").pipe(
    Options.withPseudoName("ID"),
    Options.withDescription("Go on with this session; a part of its id may do, of 4 characters or more"),
    Options.optional
  ),
  last: Options.boolean("last").pipe(Options.withDescription("Go on with the session that was used last")),
  plain: Common.plain,
  model,
  cd,
  image: Options.withDescription(image, "Send this image along with the first message (png, jpeg, gif or webp)"),
  ...Common.asking,
  ephemeral: Options.withDescription(
    ephemeral,
    "Keep nothing of this conversation: it cannot be resumed, and a session it goes on with stays as it was"
  ),
  ...Common.limits,
  ...Common.permission,
  ...Common.credential
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const chat = Command.make("chat", flags, handler(() => import("../handlers/chat.ts"))).pipe(
  Command.withDescription(
    "Have a conversation about the work in a folder, on a terminal; `effixir` alone does the same. `/help` in it shows " +
      "its commands and keys"
  )
)
