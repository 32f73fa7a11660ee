/**
 * The request that continues a conversation: with the instructions and tools of the agent, so that all requests of a
 * session begin alike and the server finds them in its cache.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { defined } from "../internal/json.ts"
import * as Request from "../responses/Request.ts"
import * as Estimate from "../session/compaction/Estimate.ts"
import * as History from "../session/History.ts"
import { ToolExecutor } from "../tools/ToolExecutor.ts"
import { Step } from "./Step.ts"

/** @since 0.1.0 @category models */
export interface Options {
  readonly sessionId: string
  readonly model: string
  readonly instructions: string
  readonly reasoning: Request.ReasoningOptions | undefined
}

/**
 * A conversation as a recipient can read it: where what stands for its beginning is for another, it is made of the log
 * anew. `isReadable` says whether the server still reads what it has encrypted.
 *
 * @since 0.1.0
 * @category conversions
 */
export const readable = Effect.fnUntraced(
  function*(history: History.History, recipient: History.Recipient, isReadable = true) {
    if (History.isReadableBy(history, recipient, isReadable)) return history
    const { log } = yield* Step
    return History.forRecipient(yield* log, recipient, isReadable)
  }
)

/**
 * @param isReadable whether the server still reads what it has encrypted
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(
  function*(options: Options, history: History.History, account: string, isReadable = true) {
    const { model, sessionId } = options
    const tools = yield* ToolExecutor
    // A later change of effort is part of the conversation.
    const reasoning = defined({ ...options.reasoning, effort: History.effortOf(history) })
    return Request.make({
      model,
      instructions: options.instructions,
      input: History.toInput(history, { model, account }, { isReadable }),
      tools: yield* tools.declarations,
      reasoning: Object.keys(reasoning).length === 0 ? undefined : reasoning,
      cacheKey: sessionId
    })
  }
)

/**
 * The tokens of what every request of an agent holds beside the conversation.
 *
 * @since 0.1.0
 * @category estimating
 */
export const fixedTokens = (options: Pick<Options, "instructions">): Effect.Effect<number, never, ToolExecutor> =>
  Effect.gen(function*() {
    const { declarations } = yield* ToolExecutor
    return Estimate.ofText(options.instructions) + Estimate.ofValue(yield* declarations)
  })
