/** The prompts that are written down, as commands of a conversation. */
import * as Effect from "effect/Effect"
import * as OwnPrompts from "../../ownPrompts.ts"
import type { Chat } from "../Chat.ts"
import type { SlashCommand } from "./SlashCommand.ts"

export const load = Effect.fnUntraced(function*(chat: Chat) {
  const { isTrusted, settings } = yield* chat.session.open
  const prompts = yield* OwnPrompts.load(chat.session.asked().folder, settings.home.prompts, isTrusted)
  return prompts.map(({ fill, name, summary, words }): SlashCommand => ({
    name,
    words,
    summary,
    run: (chat, given) => chat.send(fill(given))
  }))
})
