/**
 * What a message of the AI SDK says to an agent.
 *
 * @internal
 */
import type { Item } from "../responses/Item.ts"
import * as Approver from "../tools/permission/Approver.ts"
import type { UiChat } from "./Api.ts"

type Parts = typeof UiChat.Type["messages"][number]["parts"]

/** Its texts and its pictures, if it has any. Other files are passed over. */
export const input = (parts: Parts): Item | undefined => {
  const content = parts.flatMap(({ mediaType, text, type, url }): ReadonlyArray<Item> => {
    if (type === "text" && text !== undefined && text.trim() !== "") return [{ type: "input_text", text }]
    return type === "file" && url !== undefined && mediaType?.startsWith("image/") === true
      ? [{ type: "input_image", image_url: url }]
      : []
  })
  return content.length === 0 ? undefined : { type: "message", role: "user", content }
}

/** The answers that it has to questions about calls. */
export const answers = (
  parts: Parts
): ReadonlyArray<{ readonly item: string; readonly answer: Approver.Answer }> =>
  parts.flatMap(({ approval }) =>
    approval?.approved === undefined
      ? []
      : [{ item: approval.id, answer: approval.approved ? Approver.once : Approver.no(approval.reason) }]
  )
