/**
 * A prompt as an editor sends it, in the parts that a model takes.
 *
 * @internal
 */
import type * as Acp from "@agentclientprotocol/sdk"
import * as Effect from "effect/Effect"
import * as EditorPrompts from "../prompts/EditorPrompts.ts"
import { type Item, userMessage } from "../responses/Item.ts"
import * as Picture from "../responses/Picture.ts"
import { Refused } from "./Conversations.ts"

/** The pictures that the Responses API takes. */
const pictures: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"])

/**
 * The message of the user. What it points at goes along as text, pictures as such.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toItem = (blocks: ReadonlyArray<Acp.ContentBlock>): Effect.Effect<Item, Refused> =>
  Effect.map(Effect.forEach(blocks, toPart), (content) => ({ ...userMessage(""), content }))

/**
 * Only the words that the person has typed, to tell a command from a prompt.
 *
 * @since 0.1.0
 * @category conversions
 */
export const typed = (blocks: ReadonlyArray<Acp.ContentBlock>): string =>
  blocks.map((block) => block.type === "text" ? block.text : "").join("").trim()

const toPart = (block: Acp.ContentBlock): Effect.Effect<Item, Refused> => {
  switch (block.type) {
    case "text":
      return Effect.succeed(textPart(block.text))
    case "image":
      return pictures.has(block.mimeType)
        ? picture(block.mimeType, block.data)
        : new Refused({
          reason: "BadInput",
          message: `A picture of the type ${block.mimeType} cannot be sent; ${give}`
        })
    case "resource_link":
      return Effect.succeed(textPart(EditorPrompts.link(block.title ?? block.name, block.uri)))
    case "resource": {
      const { resource } = block
      if ("text" in resource) return Effect.succeed(textPart(EditorPrompts.resource(resource.uri, resource.text)))
      const type = resource.mimeType ?? "of no known type"
      return pictures.has(type)
        ? picture(type, resource.blob)
        : Effect.succeed(textPart(EditorPrompts.unreadable(resource.uri, type)))
    }
    default:
      return new Refused({ reason: "BadInput", message: `A part of the type ${block.type} cannot be sent to a model` })
  }
}

const give = "give a png, jpeg, gif or webp"

const textPart = (text: string): Item & { readonly text: string } => ({ type: "input_text", text })

const picture = (type: string, base64: string): Effect.Effect<Item, Refused> => {
  const url = `data:${type};base64,${base64}`
  const problem = Picture.problemOfUrl(url)
  return problem === undefined
    ? Effect.succeed({ type: "input_image", image_url: url })
    : new Refused({ reason: "BadInput", message: `A picture cannot be sent: ${problem}; ${give}` })
}
