/**
 * What a client can choose for the next turn: permission mode, model and effort.
 *
 * @internal
 */
import type * as Acp from "@agentclientprotocol/sdk"
import * as Effect from "effect/Effect"
import { type Choice, type Conversation, Refused, type Setting } from "./Conversations.ts"

/**
 * What the client shows beside the conversation.
 *
 * @since 0.1.0
 * @category conversions
 */
export const shown = (conversation: Conversation) =>
  Effect.map(conversation.settings, (settings) => ({
    modes: {
      currentModeId: settings.mode.now,
      availableModes: settings.mode.choices.map(({ description = null, name, value }) => ({
        id: value,
        name,
        description
      }))
    },
    configOptions: [
      select("mode", "Permission", "mode", settings.mode),
      select("model", "Model", "model", settings.model),
      ...settings.effort === undefined ? [] : [select("effort", "Effort", "thought_level", settings.effort)]
    ]
  }))

/**
 * Refuses what is no option, and a value that the option does not have.
 *
 * @since 0.1.0
 * @category combining
 */
export const choose = Effect.fnUntraced(function*(conversation: Conversation, id: string, value: string) {
  const settings = yield* conversation.settings
  const setting = id === "mode" || id === "model" || id === "effort" ? settings[id] : undefined
  if (setting === undefined) return yield* new Refused({ reason: "BadInput", message: `There is no option "${id}"` })
  if (!setting.choices.some((choice) => choice.value === value)) {
    const all = setting.choices.map((choice) => choice.value).join(", ")
    return yield* new Refused({ reason: "BadInput", message: `There is no ${id} "${value}" (there are ${all})` })
  }
  yield* conversation.choose({ [id]: value })
})

const select = (
  id: string,
  name: string,
  category: Acp.SessionConfigOptionCategory,
  { choices, now }: Setting
): Acp.SessionConfigOption => ({
  id,
  name,
  category,
  type: "select",
  currentValue: now,
  options: choices.map(({ description, name, value }: Choice) => ({ value, name, description: description ?? null }))
})
