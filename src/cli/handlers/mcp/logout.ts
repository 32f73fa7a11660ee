/**
 * `effixir mcp logout NAME`
 */
import * as Effect from "effect/Effect"
import type { Flags } from "../../commands/mcp/logout.ts"
import * as Servers from "../../mcpServers.ts"
import { Screen } from "../../Screen.ts"

export const handle = Effect.fnUntraced(function*({ cd, words }: Flags) {
  const signed = yield* Servers.toSignIn(words, cd, "logout")
  const { remove } = yield* Effect.promise(() => import("../../../node/mcp/SignIns.ts"))
  const screen = yield* Screen
  const wasSignedIn = yield* remove(signed)
  yield* screen.err(wasSignedIn ? `Signed out of ${signed.name} here.\n` : `Nobody was signed in to ${signed.name}.\n`)
})
