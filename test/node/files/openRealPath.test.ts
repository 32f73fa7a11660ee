import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { closeSync, constants, readFileSync } from "node:fs"
import { openIn, openRealPath } from "../../../src/node/files/openRealPath.ts"

describe("openIn", () => {
  it.scopedLive("opens a file of the folder that is held, whatever has taken its place, and follows no link", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const base = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "effixir-" }), fs.realPath)
      yield* fs.makeDirectory(`${base}/folder`)
      yield* fs.makeDirectory(`${base}/other`)
      yield* fs.writeFileString(`${base}/folder/a.txt`, "asked for")
      yield* fs.writeFileString(`${base}/other/a.txt`, "something else")
      yield* fs.symlink("a.txt", `${base}/folder/link.txt`)
      const held = yield* Effect.acquireRelease(
        Effect.promise(() => openRealPath(`${base}/folder`, constants.O_DIRECTORY)),
        (handle) => Effect.promise(() => handle.close())
      )
      const read = (name: string): string => {
        const fd = openIn(`${base}/folder`, held, name)
        try {
          return readFileSync(fd, "utf8")
        } finally {
          closeSync(fd)
        }
      }
      assert.strictEqual(read("a.txt"), "asked for")
      assert.throws(() => read("link.txt"))

      yield* fs.rename(`${base}/folder`, `${base}/moved`)
      yield* fs.symlink("other", `${base}/folder`)
      // Where a handle does not lead to its files, the path is seen to lead elsewhere.
      if (process.platform === "linux") assert.strictEqual(read("a.txt"), "asked for")
      else assert.throws(() => read("a.txt"))
    }).pipe(Effect.provide(NodeContext.layer)))
})
