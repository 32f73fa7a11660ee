/**
 * The branch that is checked out in a folder, read from git's own file: no program is run for a line on the screen.
 *
 * @internal
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { join, resolve } from "node:path"
import * as GitRepository from "../../tools/workspace/GitRepository.ts"

export const of = (folder: string): Effect.Effect<string | undefined, never, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const top = yield* GitRepository.topOf(yield* fs.realPath(folder))
    if (Option.isNone(top)) return undefined
    const git = join(top.value, ".git")
    const isFolder = (yield* fs.stat(git)).type === "Directory"
    const own = isFolder ? git : resolve(top.value, (yield* fs.readFileString(git)).replace(/^gitdir:\s*/, "").trim())
    return /^ref: refs\/heads\/(.{1,200})$/m.exec(yield* fs.readFileString(join(own, "HEAD")))?.[1]
  }).pipe(Effect.orElseSucceed(() => undefined))
