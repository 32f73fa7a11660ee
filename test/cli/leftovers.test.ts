import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync, watch } from "node:fs"
import { isFunctionCallOutput } from "../../src/responses/Item.ts"
import * as Script from "../../src/testing/Script.ts"
import { machine, platform } from "./support.ts"

const content = "0123456789abcde\n".repeat(128 * 1024)

/** Writes a file that takes a while, and once more a small one. */
const script: Script.Script = ({ input }) => {
  const n = input.filter(isFunctionCallOutput).length
  return n < 2
    ? Script.answer(Script.call("write", { path: "a.txt", content: n === 0 ? content : "small" }, `c${n}`))
    : Script.answer(Script.say("All done."))
}

/** Kills whoever makes a temporary file, while it is written. */
const killing = (folder: string, kill: () => void) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      watch(folder, (_event, name) => {
        if (name !== null && isTemporary(name)) kill()
      })
    ),
    (watcher) => Effect.sync(() => watcher.close())
  )

const isTemporary = (name: string) => name.endsWith(".tmp")

describe("a process that is killed while it writes a file", () => {
  it.scopedLive(
    "leaves the old file or the new one, and the next write takes away the rest",
    () =>
      Effect.gen(function*() {
        const { file, folder, fs, run, start } = yield* machine(script)
        const left = () => readdirSync(folder).filter(isTemporary)
        let kills = 0
        while (left().length === 0 && ++kills < 20) {
          yield* Effect.scoped(Effect.gen(function*() {
            const { child, result } = yield* start(["run", "Write"])
            yield* killing(folder, () => child.kill("SIGKILL"))
            yield* result
          }))
        }
        assert.lengthOf(left(), 1, `${kills} kills`)
        if (yield* fs.exists(file("a.txt"))) {
          assert.lengthOf((yield* fs.readFileString(file("a.txt"))).replace(/^\d+\n/, ""), content.length)
        }
        const { code, stderr } = yield* run(["resume", "--last"])
        assert.strictEqual(code, 0, stderr)
        assert.deepStrictEqual(readdirSync(folder), ["a.txt"])
      }).pipe(Effect.provide(platform))
  )
})
