import { type PlatformError, SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { isNotFound } from "./isNotFound.ts"

/**
 * Makes a folder and its missing parents; an existing folder stays as it is. Node's own recursive `mkdir` loops for
 * ever where the system refuses a folder with "not found", as below `/proc`.
 */
export const makeFolder: (
  folder: string,
  mode?: number
) => Effect.Effect<void, PlatformError, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(function*(folder, mode) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const parent = path.dirname(folder)
  const make = Effect.catchIf(
    fs.makeDirectory(folder, mode === undefined ? {} : { mode }),
    isThere,
    (error) =>
      Effect.filterOrFail(
        Effect.orElseFail(fs.stat(folder), () => error),
        ({ type }) => type === "Directory",
        () => error
      )
  )
  yield* Effect.catchIf(make, isNotFound, () =>
    parent === folder
      ? Effect.fail(refused(folder))
      : Effect.zipRight(makeFolder(parent, mode), Effect.catchIf(make, isNotFound, () => Effect.fail(refused(folder)))))
})

const isThere = (error: PlatformError): boolean => error._tag === "SystemError" && error.reason === "AlreadyExists"

const refused = (folder: string): PlatformError =>
  new SystemError({
    reason: "PermissionDenied",
    module: "FileSystem",
    method: "makeDirectory",
    pathOrDescriptor: folder,
    description: "EOPNOTSUPP: no folder can be made there"
  })
