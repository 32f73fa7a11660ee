import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { execFileSync } from "node:child_process"
import * as Surroundings from "../../../src/node/workspace/Surroundings.ts"
import { text } from "../../../src/responses/Item.ts"
import { layer, makeFolder, put } from "../support.ts"

const told = (folder: string) => Effect.map(Surroundings.toItems(folder), (items) => items.map(text).join())

const git = (folder: string, ...args: ReadonlyArray<string>) =>
  execFileSync("git", ["-C", folder, "-c", "user.name=a", "-c", "user.email=a@b.test", ...args], { stdio: "pipe" })

describe("Where an agent works", () => {
  it.scoped("is told with date, time, time zone, platform and shell", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(new Date(2026, 10, 29, 9, 5, 59).getTime())
      const said = yield* told(yield* makeFolder)
      assert.match(said, /- Date: Sunday, 2026-11-29, 09:05; time zone \S+\n/)
      assert.match(said, /- Platform: linux .*; commands are run by bash\n/)
      assert.include(said, "- Git: the folder is in no repository")
    }).pipe(Effect.provide(layer)))

  it.scoped("is told with the branch, and how many files are changed", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      git(folder, "init", "-b", "feature/one")
      assert.include(yield* told(folder), "on the branch feature/one, nothing is changed")
      yield* put(`${folder}/a.txt`, "one")
      assert.include(yield* told(folder), "on the branch feature/one, 1 file is changed or new")
      git(folder, "add", ".")
      git(folder, "commit", "-m", "one")
      yield* put(`${folder}/a.txt`, "two")
      yield* put(`${folder}/b.txt`, "two")
      assert.include(yield* told(folder), "2 files are changed or new")
      git(folder, "checkout", "--detach")
      assert.include(yield* told(folder), "no branch is checked out, 2 files")
    }).pipe(Effect.provide(layer)))

  it.scoped("says no more of a repository that names programs, and runs none of them", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      git(folder, "init", "-b", "main")
      git(folder, "config", "core.fsmonitor", `touch ${folder}/started`)
      assert.include(yield* told(folder), "- Git: the folder is in a repository")
      assert.notInclude(yield* told(folder), "main")
      assert.isFalse(yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.exists(`${folder}/started`)))
    }).pipe(Effect.provide(layer)))
})
