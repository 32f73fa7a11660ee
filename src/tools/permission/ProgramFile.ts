/**
 * Whether a file of the workspace decides what a program does, whatever its arguments: by being the program, or its
 * configuration.
 *
 * @internal
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { isWithin } from "../../internal/paths.ts"

/** @since 0.1.0 @category models */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Whether a shell finds a program of this name outside of the workspace, or nowhere. A PATH with the current folder
 * fails: the program may appear there later.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isForeign: (
  program: string,
  environment: Environment,
  root: string
) => Effect.Effect<boolean, never, FileSystem.FileSystem> = Effect.fnUntraced(function*(program, environment, root) {
  const fs = yield* FileSystem.FileSystem
  // Without a PATH a shell uses a default, which may contain the current folder.
  for (const folder of (environment["PATH"] ?? "").split(":")) {
    if (!folder.startsWith("/")) return false
    const file = `${folder}/${program}`
    const isThere = yield* Effect.orElseSucceed(
      Effect.map(fs.stat(file), ({ mode, type }) => type === "File" && (mode & 0o111) !== 0),
      () => false
    )
    if (!isThere) continue
    const real = yield* Effect.orElseSucceed(fs.realPath(file), () => root)
    const place = yield* Effect.orElseSucceed(fs.realPath(folder), () => root)
    return !isWithin(root, real) && !isWithin(root, place)
  }
  return true
})

/**
 * Whether one of these variables names a file of the workspace, or one that depends on the folder. `HOME/.gitconfig` is
 * a file below the folder that a variable names, and has no effect while it does not exist.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isSteered: (
  variables: ReadonlyArray<string>,
  environment: Environment,
  root: string
) => Effect.Effect<boolean, never, FileSystem.FileSystem> = Effect.fnUntraced(
  function*(variables, environment, root) {
    const fs = yield* FileSystem.FileSystem
    const real = (path: string) => Effect.orElseSucceed(fs.realPath(path), () => path)
    for (const variable of variables) {
      const [name = "", ...below] = variable.split("/")
      const value = environment[name] ?? ""
      if (value === "") continue
      if (!value.startsWith("/")) return true
      const file = [value, ...below].join("/")
      const folder = file.slice(0, file.lastIndexOf("/")) || "/"
      const isThere = below.length === 0 || (yield* Effect.orElseSucceed(fs.exists(file), () => true))
      if (isThere && (isWithin(root, yield* real(file)) || isWithin(root, yield* real(folder)))) return true
    }
    return false
  }
)
