/**
 * Writes a file that its owner alone can read.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { dirname } from "node:path"
import { outputProblem } from "../internal/diskProblem.ts"
import { quote } from "../internal/quote.ts"
import { replaceFile } from "../node/files/replaceFile.ts"
import { BadInput } from "./ExitCode.ts"

/** The disk does not take a file that a person wants. The message is the whole sentence. */
export class NotWritten extends Data.TaggedError("NotWritten")<{ readonly message: string }> {}

/**
 * The file is there whole or not at all; one that is there already is replaced, by way of its links. What is no file, as
 * a pipe or a device, is written to.
 */
export const writeOwn = (
  path: string,
  text: string
): Effect.Effect<void, BadInput | NotWritten, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    if (!(yield* fs.exists(path))) {
      const folder = dirname(path)
      if (!(yield* fs.exists(folder))) {
        return yield* new BadInput({ message: `There is no folder ${quote(folder)}: make it, or name another file` })
      }
      return yield* replaceFile(path, text, 0o600)
    }
    const real = yield* fs.realPath(path)
    const { type } = yield* fs.stat(real)
    if (type === "Directory") {
      return yield* new BadInput({ message: `${quote(path)} is a folder: name a file in it` })
    }
    yield* type === "File" ? replaceFile(real, text, 0o600) : fs.writeFileString(real, text, { flag: "w" })
  }).pipe(
    Effect.catchTags({ SystemError: notWritten(path), BadArgument: notWritten(path) })
  )

const notWritten = (path: string) => (error: PlatformError): NotWritten =>
  new NotWritten({ message: `${quote(path)} cannot be written: ${outputProblem(error)}` })
