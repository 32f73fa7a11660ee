/**
 * Images that a prompt names by their paths, as a terminal writes them when a file is dropped on it.
 */
import * as Effect from "effect/Effect"
import { stat } from "node:fs/promises"
import { homedir } from "node:os"
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"

const image = /\.(?:png|jpe?g|gif|webp)$/i

/** A path in quotes, or one whose spaces have a backslash before them; it may have an `@` before it. */
const words = /"([^"\n]+)"|'([^'\n]+)'|((?:\\.|[^\s"'\\])+)/g

/** The files that are there, each once. */
export const inText = Effect.fnUntraced(function*(text: string, folder: string) {
  const named = [...text.matchAll(words)].map(([, double, single, bare]) =>
    double ?? single ?? (bare ?? "").replaceAll(/\\(.)/g, "$1")
  ).filter((path) => image.test(path))
  const paths = named.map((path) => resolve(folder, expanded(path.replace(/^@/, ""))))
  return yield* Effect.filter(
    [...new Set(paths)],
    (path) =>
      Effect.tryPromise(() => stat(path)).pipe(Effect.map((info) => info.isFile()), Effect.orElseSucceed(() => false))
  )
})

const expanded = (path: string): string => {
  if (path.startsWith("~/")) return homedir() + path.slice(1)
  try {
    return path.startsWith("file://") ? fileURLToPath(path) : path
  } catch {
    return path
  }
}
