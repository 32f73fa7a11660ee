import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** Reads the beginning of a text file, up to a number of bytes. A character that the limit cuts is left out. */
export const readStart = (
  path: string,
  maxBytes: number
): Effect.Effect<
  { readonly text: string; readonly bytes: number; readonly isCut: boolean },
  PlatformError,
  FileSystem.FileSystem
> =>
  Effect.scoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const handle = yield* fs.open(path, { flag: "r" })
    const { size } = yield* handle.stat
    const bytes = Option.getOrElse(yield* handle.readAlloc(maxBytes), () => new Uint8Array())
    return {
      text: new TextDecoder().decode(bytes, { stream: true }),
      bytes: bytes.length,
      isCut: size > bytes.length
    }
  }))
