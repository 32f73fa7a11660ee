/**
 * The command that stands for a prompt, and is shown in its place.
 */
import * as ChatPrompts from "../../prompts/ChatPrompts.ts"

const place = "\0"
const [before = "", after = ""] = ChatPrompts.review(place).split(place)

/** Nothing for a prompt that no command of ours has written. */
export const commandOf = (prompt: string): string | undefined => {
  if (prompt === ChatPrompts.init) return "/init"
  if (prompt === ChatPrompts.review("")) return "/review"
  return prompt.length > before.length + after.length && prompt.startsWith(before) && prompt.endsWith(after)
    ? `/review ${prompt.slice(before.length, -after.length)}`
    : undefined
}
