/**
 * What a tool of an MCP server gave, as the model reads it.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Predicate from "effect/Predicate"
import { text } from "../../internal/json.ts"
import * as Told from "../../prompts/McpTools.ts"
import type { Item } from "../../responses/Item.ts"
import { type Output, outputText } from "../../responses/ToolCall.ts"
import * as Tool from "../Tool.ts"
import * as FileKind from "../workspace/FileKind.ts"

/** A larger image would fill the request. In bytes. */
const maxImageSize = 5 * 1024 * 1024

/**
 * The output of a call. What a result has twice, as content and as structured content, is told once; a result that says
 * that it is an error is a failure.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toOutput = (result: unknown): Effect.Effect<Output, Tool.ToolFailure> => {
  const { content, isError, structuredContent } = fieldsOf(result)
  const parts = Array.isArray(content) ? content.flatMap(partsOf) : []
  const [first] = parts
  const output: Output = parts.length === 0
    ? structuredContent === undefined ? "" : JSON.stringify(structuredContent) ?? ""
    : parts.length === 1 && first !== undefined && first.type === "input_text"
    ? String(first["text"])
    : parts
  if (isError === true) return new Tool.ToolFailure({ message: outputText(output) || Told.failed })
  return Effect.succeed(output === "" ? Told.nothing : output)
}

/**
 * What a resource holds.
 *
 * @since 0.1.0
 * @category conversions
 */
export const ofResource = (result: unknown): Output => {
  const { contents } = fieldsOf(result)
  const parts = Array.isArray(contents) ? contents.flatMap(resourceParts) : []
  return parts.length === 0 ? Told.nothing : parts
}

type Fields = { readonly [name: string]: unknown }

const fieldsOf = (value: unknown): Fields => Predicate.isReadonlyRecord(value) ? value : {}

const say = (text: string): Item => ({ type: "input_text", text })

/**
 * One part of what a server gives.
 *
 * @since 0.1.0
 * @category conversions
 */
export const partsOf = (given: unknown): ReadonlyArray<Item> => {
  const part = fieldsOf(given)
  const type = text(part["type"]) ?? "unknown"
  switch (type) {
    case "text":
      return [say(text(part["text"]) ?? "")]
    case "image":
    case "audio":
      return [binary(type, text(part["mimeType"]), text(part["data"]) ?? "")]
    case "resource":
      return resourceParts(part["resource"])
    case "resource_link":
      return [
        say(Told.link(text(part["name"]) ?? "a resource", text(part["uri"]) ?? "", text(part["description"])))
      ]
    default:
      return [say(Told.unknownContent(type.slice(0, 50)))]
  }
}

const resourceParts = (given: unknown): ReadonlyArray<Item> => {
  const resource = fieldsOf(given)
  const uri = text(resource["uri"]) ?? "a resource"
  const blob = text(resource["blob"])
  return blob === undefined
    ? [say(Told.resource(uri, text(resource["text"]) ?? ""))]
    : [binary(uri, text(resource["mimeType"]), blob)]
}

/** An image is shown only if it is one: with something else in its place a server of models refuses the whole request. */
const binary = (what: string, type: string | undefined, base64: string): Item => {
  const isLong = base64.length > maxImageSize * 4 / 3 + 4
  const decoded = isLong ? undefined : Either.getOrUndefined(Encoding.decodeBase64(base64))
  const image = decoded === undefined ? undefined : FileKind.fromBytes(decoded)?.image
  return decoded !== undefined && image !== undefined && FileKind.isWholeImage(decoded, image)
    ? { type: "input_image", image_url: `data:${image};base64,${Encoding.encodeBase64(decoded)}` }
    : say(Told.binary(what, type ?? "unknown", FileKind.size(decoded?.length ?? Math.floor(base64.length * 3 / 4))))
}
