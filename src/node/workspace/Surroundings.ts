/**
 * The environment of an agent: what a person at this machine knows without looking it up.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { execFile } from "node:child_process"
import { arch, platform, release } from "node:os"
import * as Preamble from "../../prompts/Preamble.ts"
import { developerMessage, type Item } from "../../responses/Item.ts"
import * as ProgramFile from "../../tools/permission/ProgramFile.ts"
import * as SafeGit from "../../tools/permission/SafeGit.ts"
import * as GitRepository from "../../tools/workspace/GitRepository.ts"
import * as ChildEnvironment from "../process/ChildEnvironment.ts"
import * as LocalTime from "./LocalTime.ts"

/**
 * The message that says it. It is made once for a session: a change would invalidate the server's prompt cache.
 *
 * @example
 * ```ts
 * import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
 * import * as Effect from "effect/Effect"
 * import { Agent } from "effixir"
 * import { Surroundings } from "effixir/node"
 *
 * // What a new session is told: the folder, the system, the date.
 * const Writer = Agent.layer({
 *   model: "gpt-6.2-sol",
 *   instructions: "Help.",
 *   preamble: Effect.provide(Surroundings.toItems("/home/ada/app"), NodeFileSystem.layer)
 * })
 * ```
 *
 * @since 0.1.0
 * @category loading
 */
export const toItems: (folder: string) => Effect.Effect<ReadonlyArray<Item>, never, FileSystem.FileSystem> = Effect
  .fnUntraced(function*(folder) {
    const now = yield* LocalTime.now
    const text = Preamble.surroundings({
      date: DateTime.formatIsoDate(now),
      weekday: DateTime.getPart(now, "weekDay"),
      time: timeOf(now),
      timeZone: LocalTime.zoneName(),
      platform: `${platform()} ${release()} (${arch()})`,
      shell: "bash",
      git: yield* look(folder)
    })
    return [developerMessage(text)]
  })

const timeOf = (now: DateTime.Zoned): string =>
  [DateTime.getPart(now, "hours"), DateTime.getPart(now, "minutes")].map((part) => String(part).padStart(2, "0")).join(
    ":"
  )

/** The branch and state, without running anything that the folder could have put in the place of git or its settings. */
const look = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const root = yield* Effect.orElseSucceed(fs.realPath(folder), () => folder)
  if (Option.isNone(yield* GitRepository.topOf(root))) return undefined
  const environment = yield* ChildEnvironment.make()
  return (yield* isSafe(root, environment)) ? read(yield* status(root, environment)) : {}
})

/** As for the `git status` of a model that may only look. */
const isSafe = Effect.fnUntraced(function*(root: string, environment: NodeJS.ProcessEnv) {
  const { movedBy = [], steeredBy = [] } = SafeGit.commands["status"] ?? {}
  return movedBy.every((name) => (environment[name] ?? "") === "") &&
    (yield* ProgramFile.isForeign("git", environment, root)) &&
    !(yield* ProgramFile.isSteered(steeredBy, environment, root)) &&
    (yield* GitRepository.isPlain(root))
})

/** Empty where there is no git, or where it takes too long: this information is not worth a wait. */
const status = (folder: string, env: NodeJS.ProcessEnv): Effect.Effect<string> =>
  Effect.async((resume) => {
    const args = ["-C", folder, "status", "--porcelain", "--branch", "--no-renames"]
    const child = execFile("git", args, { env, timeout: 3000, maxBuffer: 8 * 1024 * 1024 }, (error, stdout) => {
      resume(Effect.succeed(error === null ? stdout : ""))
    })
    return Effect.sync(() => child.kill())
  })

const read = (text: string): Preamble.Git => {
  const [head = "", ...changed] = text.split("\n").filter((line) => line !== "")
  const said = /^## (?:No commits yet on |Initial commit on )?(.+)$/.exec(head)?.[1]
  if (said === undefined) return {}
  return {
    // The upstream branch follows three dots.
    branch: said.startsWith("HEAD (no branch)") ? "" : said.replace(/\.{3}\S+(?: \[.*\])?$/, ""),
    changed: changed.length
  }
}
