/**
 * Says what is wrong with the environment.
 */
import type { ConfigError } from "effect/ConfigError"

/** Of several problems with a variable, the one about its value says most. */
export const sayConfig = (error: ConfigError): string => {
  const [said] = leaves(error).toSorted((a, b) => Number(a._op === "MissingData") - Number(b._op === "MissingData"))
  return said === undefined
    ? "The environment cannot be used"
    : `${[...new Set(said.path)].join("_")} in the environment cannot be used: ${said.message}`
}

const leaves = (error: ConfigError): ReadonlyArray<Exclude<ConfigError, { readonly _op: "And" | "Or" }>> =>
  error._op === "And" || error._op === "Or" ? [...leaves(error.left), ...leaves(error.right)] : [error]
