/**
 * `effixir acp`
 */
import * as Effect from "effect/Effect"
import { Readable, Writable } from "node:stream"
import * as AcpAgent from "../../acp/AcpAgent.ts"
import * as Overrides from "../../node/settings/Overrides.ts"
import * as Conversations from "../acp/conversations.ts"
import type { Flags } from "../commands/acp.ts"
import { checkPolicy } from "../permissionModes.ts"
import { sandboxFor } from "../sandbox.ts"
import { settings } from "../settings.ts"

/** Nothing but messages of the protocol goes to stdout. */
export const handle = Effect.fnUntraced(function*(flags: Flags) {
  // What cannot be had is told now, and not in the first session.
  const usual = yield* settings(".")
  yield* sandboxFor({ ...usual, folder: "." })
  yield* checkPolicy(flags.policy, usual)
  const input = Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>
  yield* AcpAgent.serve(input, Writable.toWeb(process.stdout)).pipe(
    Effect.scoped,
    Effect.provide(Conversations.layer(flags))
  )
}, (serving, { set }) => Overrides.withOverrides(set)(serving))
