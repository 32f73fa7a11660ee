/**
 * What happens during a turn, in sentences for a person.
 */
import type { Retrying } from "../../agent/AgentEvent.ts"
import * as Visible from "../../internal/visible.ts"
import type { Usage } from "../../responses/Usage.ts"
import type { Compacted, Limit } from "../../session/SessionEvent.ts"

/** `isVoid` if some of an answer has been shown already. */
export const retryLine = ({ attempt, delay, maxAttempts, message }: Retrying, isVoid: boolean): string => {
  const wait = delay < 50 ? "at once" : `in ${secondsOf(delay)} s`
  return `↻ ${Visible.prose(message)}. Trying again ${wait} (attempt ${attempt} of ${maxAttempts})${
    isVoid ? "; the answer begins anew" : ""
  }.`
}

export const loadingLine = "↻ The server is still loading the model. Waiting until it is ready."

/** Told once in a session: the model goes on answering, without some of its earlier reasoning. */
export const removedLine = (removed: ReadonlyArray<string>): string =>
  `note: the server has left out earlier thoughts of the model (${
    removed.map(Visible.prose).join(", ")
  }); the turn goes on without them`

export const notCompactedLine = (message: string): string =>
  `The conversation could not be compacted: ${Visible.prose(message)}. It goes on as it is.`

/** Nothing, if the answer is whole. */
export const cutLine = (finishReason: string): string | undefined =>
  finishReason === "stop" ? undefined : `The answer was cut short by the server (${Visible.line(finishReason)}).`

/** What became of a conversation that was compacted, in one sentence. */
export const compactedLine = (
  { afterTokens, beforeTokens, method }: Pick<Compacted, "afterTokens" | "beforeTokens" | "method">
): string =>
  `↡ The conversation was compacted from about ${grouped(beforeTokens)} to ${grouped(afterTokens)} tokens (${
    method === "hosted" ? "by the server" : "by a summary of the model"
  })${afterTokens > beforeTokens ? ", which is more: there was little to leave out" : ""}; the log keeps all of it.`

export const tokensLine = ({ cachedInputTokens, inputTokens, outputTokens }: Usage): string =>
  `${grouped(inputTokens)} tokens in (${grouped(cachedInputTokens)} from the cache), ${grouped(outputTokens)} out`

/** Without `Intl`, whose data takes longer to load than all the rest that a turn shows takes. */
export const grouped = (tokens: number): string => String(tokens).replaceAll(/\B(?=(?:\d{3})+$)/g, ",")

/** Below three seconds the tenths are shown. */
export const secondsOf = (millis: number): number =>
  millis < 3000 ? Math.round(millis / 100) / 10 : Math.round(millis / 1000)

/** Why a turn was ended before its answer. */
export const limits: { readonly [limit in Limit]: string } = {
  steps: "the model was called as many times as --max-steps allows",
  toolCalls: "as many tools were called as --max-tool-calls allows",
  tokens: "as many tokens were used as --max-tokens allows",
  cost: "as much was spent as --max-cost allows",
  time: "the time of --timeout is over",
  repeats: "the model makes the same call again and again"
}

/** The pictures of a mark that turns while something works. */
export const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
