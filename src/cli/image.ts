/**
 * Images that go along with a prompt.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import { type Item, type Message, userMessage } from "../responses/Item.ts"
import * as FileKind from "../tools/workspace/FileKind.ts"
import { BadInput } from "./ExitCode.ts"

/** What a server takes in one request, with room for the rest. */
const maxBytes = 20 * 1024 * 1024

const emptyImage = "--image is empty: give it a value, or leave it away"

/** Reads an image as a part of a message. Its bytes decide the type, because its name may be wrong. */
export const read = Effect.fnUntraced(function*(path: string) {
  if (path.trim() === "") return yield* new BadInput({ message: emptyImage })
  const fs = yield* FileSystem.FileSystem
  const refuse = (why: string) =>
    new BadInput({ message: `${path} cannot be sent as an image: ${why}; give a png, jpeg, gif or webp file` })
  const info = yield* Effect.mapError(
    fs.stat(path),
    (error) =>
      refuse(error._tag === "SystemError" && error.reason === "NotFound" ? "there is no such file" : error.message)
  )
  if (info.type !== "File") return yield* refuse("it is no file")
  if (info.size > maxBytes) return yield* refuse("it is larger than 20 MiB")
  const bytes = yield* Effect.mapError(fs.readFile(path), (error) => refuse(error.message))
  const type = typeOf(bytes)
  if (type === undefined) return yield* refuse("it is none")
  if (!FileKind.isWholeImage(bytes, type)) return yield* refuse("its end is missing")
  const part: Item = { type: "input_image", image_url: `data:${type};base64,${Encoding.encodeBase64(bytes)}` }
  return part
})

/** A prompt with images. */
export const message = (text: string, images: ReadonlyArray<Item>): Message => {
  const said = userMessage(text)
  return { ...said, content: [...said.content, ...images] }
}

const typeOf = (bytes: Uint8Array): string | undefined => {
  const head = String.fromCharCode(...bytes.subarray(0, 12))
  if (head.startsWith("\u0089PNG\r\n\u001A\n")) return "image/png"
  if (head.startsWith("\u00FF\u00D8\u00FF")) return "image/jpeg"
  if (head.startsWith("GIF87a") || head.startsWith("GIF89a")) return "image/gif"
  return head.startsWith("RIFF") && head.slice(8) === "WEBP" ? "image/webp" : undefined
}
