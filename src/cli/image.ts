/**
 * Images that go along with a prompt.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import { type Item, type Message, userMessage } from "../responses/Item.ts"
import * as Picture from "../responses/Picture.ts"
import { BadInput } from "./ExitCode.ts"

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
  if (info.size > Picture.maxSize) return yield* refuse("it is larger than 20 MiB")
  const bytes = yield* Effect.mapError(fs.readFile(path), (error) => refuse(error.message))
  const problem = Picture.problemOf(bytes)
  if (problem !== undefined) return yield* refuse(problem)
  const part: Item = {
    type: "input_image",
    image_url: `data:${Picture.typeOf(bytes) ?? ""};base64,${Encoding.encodeBase64(bytes)}`
  }
  return part
})

/** A prompt with images. */
export const message = (text: string, images: ReadonlyArray<Item>): Message => {
  const said = userMessage(text)
  return { ...said, content: [...said.content, ...images] }
}
