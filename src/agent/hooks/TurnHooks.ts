/**
 * Hooks around a turn: before it begins, when it has its answer, and before its conversation is compacted.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as HookTexts from "../../prompts/HookTexts.ts"
import { developerMessage, isMessage, type Item, text } from "../../responses/Item.ts"
import { HookStopped } from "../AgentError.ts"
import { Hooks, type Of } from "./Hooks.ts"

/** How many times a hook may have the model go on: one that never ends would spend everything. */
const maxStops = 10

/**
 * What the model is told beside a prompt. `source` is given for the first turn that is run of the session.
 *
 * @since 0.1.0
 * @category hooks
 */
export const beginning = Effect.fnUntraced(
  function*(of: Of, input: ReadonlyArray<Item>, source: "startup" | "resume" | undefined) {
    const { sessionStart, userPromptSubmit } = yield* Hooks
    const items: Array<Item> = []
    if (sessionStart !== undefined && source !== undefined) {
      const { context = [], stop } = yield* sessionStart({ ...of, source })
      if (stop !== undefined) return yield* new HookStopped({ event: "SessionStart", reason: stop })
      items.push(...context.map((one) => toItem("SessionStart", one)))
    }
    if (userPromptSubmit !== undefined) {
      const prompt = input.filter((item) => isMessage(item) && item.role === "user").map(text).join("\n\n")
      const { block, context = [], stop } = yield* userPromptSubmit({ ...of, prompt })
      const reason = block ?? stop
      if (reason !== undefined) return yield* new HookStopped({ event: "UserPromptSubmit", reason })
      items.push(...context.map((one) => toItem("UserPromptSubmit", one)))
    }
    return items
  }
)

/**
 * What the model is to go on with although it has its answer, if a hook wants that. `times` is how often that was so in
 * this turn.
 *
 * @since 0.1.0
 * @category hooks
 */
export const ending = Effect.fnUntraced(function*(of: Of, answer: string, times: number) {
  const { stop } = yield* Hooks
  if (stop === undefined || times >= maxStops) return undefined
  const said = yield* stop({ ...of, answer, isActive: times > 0 })
  return said.block === undefined || said.stop !== undefined ? undefined : toItem("Stop", said.block)
})

/**
 * Why a conversation is not to be compacted, if a hook says so.
 *
 * @since 0.1.0
 * @category hooks
 */
export const compacting = Effect.fnUntraced(function*(sessionId: string, trigger: "auto" | "manual") {
  const { preCompact } = yield* Hooks
  if (preCompact === undefined) return undefined
  const { block, stop } = yield* preCompact({ sessionId, trigger })
  return block ?? stop
})

const toItem = (event: string, said: string): Item => developerMessage(HookTexts.message(event, said))
