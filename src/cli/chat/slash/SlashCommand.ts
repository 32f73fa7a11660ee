/**
 * A command of a conversation: what a person types behind a `/`.
 */
import type * as Effect from "effect/Effect"
import type { Chat, Services } from "../Chat.ts"

export interface SlashCommand {
  readonly name: string
  /** What may follow it, as its help shows it. */
  readonly words?: string
  /** What it does, in one sentence without an end. */
  readonly summary: string
  /** Whether it may run while a turn does. */
  readonly worksAlongside?: boolean
  readonly run: (chat: Chat, words: string) => Effect.Effect<void, { readonly message: string }, Services>
}
