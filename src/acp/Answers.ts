/**
 * What a client is answered: how a turn has ended, and why something is not done.
 *
 * @internal
 */
import type * as Acp from "@agentclientprotocol/sdk"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { TurnEnd } from "../session/SessionEvent.ts"
import * as Sdk from "../vendor/acp.ts"
import { Refused } from "./Conversations.ts"

/** @since 0.1.0 @category constructors */
export const finished: Acp.PromptResponse = { stopReason: "end_turn" }

/**
 * How a turn ended, in the words of the protocol; what they do not cover is an error that says what to do.
 *
 * @since 0.1.0
 * @category conversions
 */
export const ofTurn = (
  end: TurnEnd | undefined,
  exit: Exit.Exit<Acp.PromptResponse, Refused>
): Effect.Effect<Acp.PromptResponse, Refused> => {
  if (end === undefined) return exit
  switch (end._tag) {
    case "TurnCompleted":
      return Effect.succeed({ stopReason: reasons[end.finishReason] ?? "end_turn" })
    case "TurnLimited":
      return Effect.succeed({ stopReason: end.limit === "tokens" ? "max_tokens" : "max_turn_requests" })
    case "TurnInterrupted":
      return Effect.succeed({ stopReason: "cancelled" })
    case "TurnFailed": {
      const { details, kind, message, retryable } = end
      return new Refused({ reason: "Failed", message, details: { kind, retryable, ...details } })
    }
  }
}

const reasons: { readonly [finish: string]: Acp.StopReason } = {
  max_output_tokens: "max_tokens",
  length: "max_tokens",
  content_filter: "refusal",
  refusal: "refusal"
}

/**
 * Clients show the message of most errors, and of internal ones `data.details`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toRequestError = (error: unknown): Acp.RequestError => {
  if (!(error instanceof Refused)) {
    const message = error instanceof Error ? error.message : String(error)
    return new Sdk.RequestError(-32603, message, { details: message })
  }
  const { details, message, reason } = error
  switch (reason) {
    case "SignedOut":
      return new Sdk.RequestError(-32000, message)
    case "NotFound":
      return Sdk.RequestError.sessionNotFound(message)
    case "BadInput":
      return new Sdk.RequestError(-32602, message)
    case "Failed":
      return new Sdk.RequestError(-32603, message, { details: message, ...details })
  }
}
