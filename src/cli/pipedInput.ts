/**
 * What was piped in beside a prompt, as the model gets it.
 */
import * as Effect from "effect/Effect"
import * as Conversation from "../prompts/Conversation.ts"
import { userMessage } from "../responses/Item.ts"
import { Responses } from "../responses/Responses.ts"
import { SessionStore } from "../session/SessionStore.ts"
import { Artifacts } from "../tools/command/Artifacts.ts"

export interface Piped {
  readonly text: string
  /** Whether it had not ended when it was not waited for any more. */
  readonly isCut: boolean
}

/** How much is sent as it is, in characters, and how much of what is longer. */
const most = 64 * 1024
const beginning = 4 * 1024

/** What is too long for a message is kept beside the session, where the tools can read it. */
export const toItem = Effect.fnUntraced(function*(session: string, { isCut, text }: Piped) {
  const { account } = yield* Responses
  // Without a sign-in there will be no session to keep it beside.
  if (text.length <= most || (yield* Effect.isFailure(account))) return userMessage(Conversation.piped(text, isCut))
  const bytes = new TextEncoder().encode(text)
  const location = yield* Effect.scoped(Effect.gen(function*() {
    const store = yield* SessionStore
    yield* store.open(session)
    const { begin } = yield* Artifacts
    const artifact = yield* begin(session, "stdin")
    yield* artifact.write(bytes)
    return artifact.location
  }))
  const start = text.slice(0, beginning).toWellFormed()
  return userMessage(Conversation.pipedToFile(start, isCut, { bytes: bytes.length, location }))
})
