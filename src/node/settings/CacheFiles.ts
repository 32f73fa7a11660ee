/**
 * A cache in files that only their owner can read.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createHash } from "node:crypto"
import { isNotFound } from "../../internal/isNotFound.ts"
import * as StateFile from "../files/StateFile.ts"

/** @since 0.1.0 @category models */
export interface Options {
  readonly folder: string
}

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*({ folder }: Options) {
  const services = Context.pick(FileSystem.FileSystem, Path.Path)(
    yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  )
  const fs = Context.get(services, FileSystem.FileSystem)
  const path = Context.get(services, Path.Path)

  const pathOf = (key: string): string => path.join(folder, nameOf(key))
  const names = fs.readDirectory(folder).pipe(Effect.catchIf(isNotFound, () => Effect.succeed<Array<string>>([])))

  return KeyValueStore.makeStringOnly({
    get: (key) =>
      StateFile.read(pathOf(key)).pipe(
        Effect.asSome,
        Effect.catchIf(isNotFound, () => Effect.succeedNone),
        Effect.provide(services)
      ),
    set: (key, value) => Effect.provide(StateFile.write(pathOf(key), value), services),
    remove: (key) => fs.remove(pathOf(key), { force: true }),
    clear: fs.remove(folder, { recursive: true, force: true }),
    size: Effect.map(names, ({ length }) => length)
  })
})

/**
 * A file for each key, mode 0600 in a folder of mode 0700, replaced as a whole. The folder is made when there is
 * something to keep.
 *
 * @example
 * ```ts
 * import * as NodeContext from "@effect/platform-node/NodeContext"
 * import * as KeyValueStore from "@effect/platform/KeyValueStore"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { CacheFiles } from "effixir/node"
 *
 * const options = { folder: "/home/ada/.my-agent/cache" }
 *
 * const remember = Effect.flatMap(KeyValueStore.KeyValueStore, (cache) => cache.set("answer", "42")).pipe(
 *   Effect.provide(Layer.provide(CacheFiles.layer(options), NodeContext.layer))
 * )
 * const sameAsAnEffect = CacheFiles.make(options)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<KeyValueStore.KeyValueStore, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(KeyValueStore.KeyValueStore, make(options))

/**
 * A key may be longer than a file name, and hold characters that file names cannot. Its first word is kept for people
 * to recognize.
 */
const nameOf = (key: string): string =>
  `${/^[a-z-]*/.exec(key)?.[0] ?? ""}-${createHash("sha256").update(key).digest("hex").slice(0, 32)}.json`
