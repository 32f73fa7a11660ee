/**
 * Settings of a run: flags first, then the environment, then `config.json`, then defaults.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { choice } from "../internal/choice.ts"
import * as Home from "../node/settings/Home.ts"
import * as Settings from "../node/settings/Settings.ts"
import { Mode } from "../tools/permission/Mode.ts"

/** The settings of a person, from all of these places. */
export const settings = Effect.gen(function*() {
  const home = yield* Home.config
  const stored = yield* Settings.load(home.config)
  const model = yield* Config.option(Config.nonEmptyString("EFFIXIR_MODEL"))
  const transport = yield* choice("EFFIXIR_TRANSPORT", Settings.Transport)
  const dialect = yield* choice("EFFIXIR_DIALECT", Settings.Dialect)
  const permission = yield* choice("EFFIXIR_PERMISSION", Mode)
  return {
    ...stored,
    home,
    /** The model that the person has chosen; else the model list of the account decides. */
    model: Option.getOrElse(model, () => stored.model),
    transport: Option.getOrElse(transport, () => stored.transport ?? "sse"),
    permission: Option.getOrElse(permission, () => stored.permission),
    dialect: Option.getOrElse(dialect, () => stored.dialect ?? "responses")
  }
})
