import * as Effect from "effect/Effect"
import { profileOf } from "../responses/account/ModelProfile.ts"
import { Models } from "../responses/account/Models.ts"
import { settings } from "./settings.ts"

/** How many tokens a model takes, if that is known: by the settings for this folder, else by the last list of the account. */
export const modelWindow = Effect.fnUntraced(function*(model: string, folder = ".") {
  const { models } = yield* settings(folder)
  const { models: catalogue } = yield* Effect.flatMap(Models, ({ known }) => known)
  return profileOf(model, { catalogue, models }).contextWindow
})
