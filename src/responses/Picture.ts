/**
 * Whether a picture can be sent: a server refuses one that is none, or was cut off, and with it the whole conversation.
 *
 * @internal
 */
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Predicate from "effect/Predicate"
import { isItem, type Item } from "./Item.ts"

/** What a server takes in one request, with room for the rest. In bytes. */
export const maxSize = 20 * 1024 * 1024

/** The media type of a picture that models are shown, by its bytes. */
export const typeOf = (bytes: Uint8Array): string | undefined => {
  const head = String.fromCharCode(...bytes.subarray(0, 12))
  if (head.startsWith("\u0089PNG\r\n\u001A\n")) return "image/png"
  if (head.startsWith("\u00FF\u00D8\u00FF")) return "image/jpeg"
  if (head.startsWith("GIF87a") || head.startsWith("GIF89a")) return "image/gif"
  return head.startsWith("RIFF") && head.slice(8) === "WEBP" ? "image/webp" : undefined
}

/** Whether the end of a picture is there. */
export const isWhole = (bytes: Uint8Array, type: string): boolean => {
  switch (type) {
    case "image/png":
      return endsWith(bytes, [0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82])
    case "image/jpeg":
      return endsWith(bytes, [0xff, 0xd9])
    case "image/gif":
      return endsWith(bytes, [0x3b])
    case "image/webp":
      // The header says how long the rest is.
      return bytes.length >= 12 && bytes.length >= new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true) + 8
    default:
      return true
  }
}

/** Programs may write something of their own behind a picture. */
const endsWith = (bytes: Uint8Array, end: ReadonlyArray<number>): boolean => {
  const from = Math.max(0, bytes.length - end.length - trailing)
  for (let at = bytes.length - end.length; at >= from; at--) {
    if (end.every((byte, index) => bytes[at + index] === byte)) return true
  }
  return false
}

/** In bytes. */
const trailing = 64 * 1024

/** Why bytes cannot be sent as a picture, as the end of a sentence; nothing if they can. */
export const problemOf = (bytes: Uint8Array): string | undefined => {
  if (bytes.length > maxSize) return "it is larger than 20 MiB"
  const type = typeOf(bytes)
  if (type === undefined) return "it is none"
  return isWhole(bytes, type) ? undefined : "its end is missing"
}

/** The same of the address of a picture. What another server has is not looked at. */
export const problemOfUrl = (url: string): string | undefined => {
  const base64 = /^data:[^,]*;base64,(.*)$/s.exec(url)?.[1]
  if (base64 === undefined) return undefined
  if (base64.length > maxSize * 4 / 3 + 4) return "it is larger than 20 MiB"
  // Some leave out what fills up the end.
  const bytes = Encoding.decodeBase64(base64.padEnd(Math.ceil(base64.length / 4) * 4, "="))
  return Either.isLeft(bytes) ? "it is none" : problemOf(bytes.right)
}

/** What is wrong with the first picture of some messages that cannot be sent, if there is one. */
export const problemIn = (items: ReadonlyArray<Item>): string | undefined => {
  for (const item of items) {
    for (const part of [item["content"], item["output"]].flatMap((content) => Array.isArray(content) ? content : [])) {
      if (!isItem(part)) continue
      const problem = part.type === "input_image" && Predicate.isString(part["image_url"])
        ? problemOfUrl(part["image_url"])
        : undefined
      if (problem !== undefined) return problem
    }
  }
  return undefined
}
