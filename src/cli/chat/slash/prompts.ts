/** The prompts that are written down, and those of MCP servers, as commands of a conversation. */
import * as Effect from "effect/Effect"
import * as OwnPrompts from "../../ownPrompts.ts"
import type { Chat } from "../Chat.ts"
import type { SlashCommand } from "./SlashCommand.ts"

/** Of which servers: those that are ready now, or also those that are starting, which are waited for a moment. */
export type Servers = "ready" | "starting"

export const ofServers = Effect.fnUntraced(function*(chat: Chat, which: Servers) {
  const { servers } = yield* chat.session.open
  if (servers.running.length === 0) return []
  const { load, wait } = yield* Effect.promise(() => import("./serverPrompts.ts"))
  if (which === "starting") yield* wait(servers.running)
  return load(servers.running, servers.all)
})

export const load = Effect.fnUntraced(function*(chat: Chat) {
  const { isTrusted, settings } = yield* chat.session.open
  const prompts = yield* OwnPrompts.load(chat.session.asked().folder, settings.home.prompts, isTrusted)
  return prompts.map(({ fill, name, summary, words }): SlashCommand => ({
    name,
    words,
    summary,
    run: (chat, given) => chat.send(`/${name} ${given}`.trimEnd(), fill(given))
  }))
})
