/**
 * The JSON Schema of `config.json`, for editors and for programs that write the file.
 *
 * @since 0.1.0
 */
import * as JSONSchema from "effect/JSONSchema"
import * as Settings from "./Settings.ts"

/**
 * The schema, as `effixir config schema` prints it.
 *
 * @example
 * ```ts
 * import { SettingsSchema } from "effixir/node"
 *
 * const jsonSchema = JSON.stringify(SettingsSchema.make(), null, 2)
 * ```
 *
 * @since 0.1.0
 * @category conversions
 */
export const make = (): object => {
  const { $schema, ...made } = JSONSchema.make(Settings.schema()) as
    & JSONSchema.JsonSchema7Root
    & JSONSchema.JsonSchema7Object
  return {
    $schema: String($schema),
    title: "The settings of effixir",
    description: "`config.json` in the folder of EFFIXIR_HOME. Comments may stand in it.",
    ...made,
    properties: { $schema: { type: "string", description: "Where this schema is" }, ...made.properties }
  }
}
