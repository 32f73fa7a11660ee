/**
 * `effixir mcp login NAME`
 */
import * as Effect from "effect/Effect"
import { Browser } from "../../../auth/Browser.ts"
import { shown } from "../../../auth/Secrets.ts"
import * as NodeBrowser from "../../../node/auth/NodeBrowser.ts"
import type { Flags } from "../../commands/mcp/login.ts"
import { signedOut, Stop } from "../../ExitCode.ts"
import * as Say from "../../login/say.ts"
import * as Servers from "../../mcpServers.ts"
import { withProgressLine } from "../../progressLine.ts"
import { Screen } from "../../Screen.ts"

export const handle = Effect.fnUntraced(function*({ cd, words }: Flags) {
  const signed = yield* Servers.toSignIn(words, cd, "login")
  const { login } = yield* Effect.promise(() => import("../../../node/mcp/McpLogin.ts"))
  const screen = yield* Screen
  const where = yield* Say.whereToOpen
  const canOpen = yield* NodeBrowser.canOpenBrowser
  const isSignedIn = yield* login(signed, (address) =>
    Effect.gen(function*() {
      yield* shown(Say.say(`Sign in to ${signed.name} ${where}:`, "", address, ""))
      if (canOpen) yield* Effect.flatMap(Browser, ({ open }) => open(address))
    })).pipe(
      withProgressLine(Effect.succeed(`Waiting for you to sign in to ${signed.name}`)),
      Effect.scoped,
      Effect.provide(NodeBrowser.layer),
      Effect.catchTag("McpProblem", ({ problem }) =>
        Effect.zipRight(
          screen.fail(`Nobody is signed in to ${signed.name}: ${problem}`),
          new Stop({ code: signedOut })
        ))
    )
  yield* screen.err(
    isSignedIn ? `You are signed in to ${signed.name}.\n` : `${signed.name} wants no sign-in.\n`
  )
})
