import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { rmSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "rolldown"

export const layer = NodeContext.layer

/** An empty folder for one test. */
export const makeFolder = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "effixir-" }), fs.realPath)
)

export const put = (path: string, content: string | Uint8Array) =>
  Effect.flatMap(
    FileSystem.FileSystem,
    (fs) => typeof content === "string" ? fs.writeFileString(path, content) : fs.writeFile(path, content)
  )

export const get = (path: string) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path))

export const names = (folder: string) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(folder))

export const mode = (path: string) =>
  Effect.map(Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)), ({ mode }) => mode & 0o777)

/** What a disk says that has no room left. */
export const full = new PlatformError.SystemError({
  reason: "Unknown",
  module: "FileSystem",
  method: "write",
  description: "ENOSPC: no space left on device"
})

/** The file system of this machine, of which some methods do something else. */
export const layerWith = (change: (fs: FileSystem.FileSystem) => Partial<FileSystem.FileSystem>) =>
  Layer.effect(FileSystem.FileSystem, Effect.map(FileSystem.FileSystem, (fs) => ({ ...fs, ...change(fs) }))).pipe(
    Layer.provideMerge(layer)
  )

/** Opens files of which, while `isFull`, only half of what is written gets to the disk. */
export const openOnFullDisk = (isFull: () => boolean) => (fs: FileSystem.FileSystem) => ({
  open: (path: string, options?: FileSystem.OpenFileOptions) =>
    Effect.map(
      fs.open(path, options),
      (file): FileSystem.File =>
        Object.assign(Object.create(file) as FileSystem.File, {
          writeAll: (bytes: Uint8Array) =>
            isFull()
              ? Effect.zipRight(file.writeAll(bytes.subarray(0, bytes.length / 2)), Effect.fail(full))
              : file.writeAll(bytes)
        })
    )
})

const root = fileURLToPath(new URL("../..", import.meta.url))

const bundles = new Map<string, Promise<string>>()

/** Puts a program and all that it imports into one file, of which a start takes a tenth of the time. */
const bundle = (program: string): Promise<string> => {
  const known = bundles.get(program)
  if (known !== undefined) return known
  const file = join(root, "node_modules/.cache/effixir-programs", `${process.pid}-${bundles.size}.mjs`)
  const built = build({
    cwd: root,
    input: "a program",
    platform: "node",
    external: ["fs-native-extensions"],
    logLevel: "silent",
    plugins: [{
      name: "a program",
      resolveId: (id) => id === "a program" ? join(root, "program.mjs") : null,
      load: (id) => id === join(root, "program.mjs") ? program : null
    }],
    output: { file, format: "esm", codeSplitting: false }
  })
  const written = built.then(() => file)
  bundles.set(program, written)
  process.once("exit", () => rmSync(file, { force: true }))
  return written
}

/** Runs a program of its own until the Scope closes, from the moment at which it says `ready`. */
export const startNode = (program: string, ...args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const file = yield* Effect.promise(() => bundle(program))
    const child = yield* Command.start(
      Command.make(process.execPath, file, ...args).pipe(Command.workingDirectory(root), Command.stderr("inherit"))
    )
    const line = yield* child.stdout.pipe(Stream.decodeText(), Stream.splitLines, Stream.take(1), Stream.runHead)
    assert.propertyVal(line, "value", "ready")
    return child
  })

/** Another program that has locked a file. */
export const lockElsewhere = (path: string) =>
  startNode(
    `
    import { openSync } from "node:fs"
    import { tryLock } from "fs-native-extensions"
    if (tryLock(openSync(process.argv[2], "a"))) console.log("ready")
    setInterval(() => {}, 1000)
    `,
    path
  )
