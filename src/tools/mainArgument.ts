/**
 * The argument of a call that tells a person most: a command, or a path.
 *
 * @internal
 */
import { field, parse, text } from "../internal/json.ts"
import type { ToolCall } from "../responses/ToolCall.ts"
import * as ApplyPatch from "./builtin/ApplyPatch.ts"

/** @since 0.1.0 @category conversions */
export const mainArgument = (call: ToolCall): string => {
  if (call.type !== "function_call") {
    return call.name === ApplyPatch.tool.name ? ApplyPatch.summary(call.input) : call.input
  }
  const args = parse(call.arguments)
  const main = text(field(args, "command")) ?? text(field(args, "path"))
  if (main !== undefined) return main
  const [first] = Object.values(typeof args === "object" && args !== null ? args : {})
  return typeof first === "string" ? first : Array.isArray(first) ? "" : call.arguments
}
