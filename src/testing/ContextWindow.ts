/**
 * The window of a scripted model, and how its server compacts conversations.
 *
 * @example
 * ```ts
 * import { Item, Request } from "effixir"
 * import { ContextWindow, Script } from "effixir/testing"
 *
 * const request = Request.make({ model: "gpt-6.2-sol", instructions: "", input: [Item.userMessage("Hello!")] })
 *
 * ContextWindow.tokensOf(request) // about what a server would count
 * ContextWindow.answer(request, { window: 1 }) // a refusal: it does not fit
 * ContextWindow.withUsage(Script.answer(Script.say("Hi.")), request, { window: 400_000 })
 * ```
 *
 * @since 0.1.0
 */
import { randomBytes } from "node:crypto"
import { isCompaction, type Request } from "../responses/Request.ts"
import * as Usage from "../responses/Usage.ts"
import * as Estimate from "../session/compaction/Estimate.ts"
import * as Script from "./Script.ts"

/**
 * - `window` how many tokens a request may have; a longer one is refused, and the usage of the others is counted
 * - `compaction` whether a request that ends with `compaction_trigger` is answered with an item for the conversation
 *   (`hosted`), or refused; a script sees none of them
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly window?: number | undefined
  readonly compaction?: "hosted" | "refused" | undefined
}

/**
 * What the server answers without asking the model, if it does.
 *
 * @since 0.1.0
 * @category playing
 */
export const answer = (
  request: Request,
  { compaction = "refused", window = Infinity }: Options
): Script.Turn | undefined => {
  if (tokensOf(request) > window) return overflow
  if (request.input.at(-1)?.type !== "compaction_trigger") return undefined
  return compaction === "hosted"
    ? Script.answer({
      id: `cmp_${randomBytes(25).toString("hex")}`,
      type: "compaction",
      encrypted_content: `gAAAAA${randomBytes(256).toString("base64url")}`
    })
    : Script.refuse(400, {
      error: {
        message: "Invalid value: 'compaction_trigger'. Supported values are: 'message', 'reasoning', 'function_call'.",
        type: "invalid_request_error",
        param: `input[${request.input.length - 1}].type`,
        code: "invalid_value"
      }
    })
}

/** @since 0.1.0 @category turns */
export const overflow: Script.Turn = Script.refuse(400, {
  error: {
    message: "Your input exceeds the context window of this model. Please adjust your input and try again.",
    type: "invalid_request_error",
    param: "input",
    code: "context_length_exceeded"
  }
})

/**
 * The turn with the usage that a server with this window would tell.
 *
 * @since 0.1.0
 * @category playing
 */
export const withUsage = (turn: Script.Turn, request: Request, { window }: Options): Script.Turn =>
  turn._tag !== "Answer" || turn.usage !== undefined || window === undefined
    ? turn
    : {
      ...turn,
      usage: { ...Usage.zero, inputTokens: tokensOf(request), outputTokens: Estimate.ofItems(turn.items) }
    }

/**
 * The tokens of a request. What stands for a compacted conversation is short.
 *
 * @since 0.1.0
 * @category counting
 */
export const tokensOf = ({ input, instructions, tools }: Request): number =>
  Estimate.ofText(instructions) + Estimate.ofValue(tools) +
  input.reduce((sum, item) => sum + (isCompaction(item) ? 100 : Estimate.ofItem(item)), 0)
