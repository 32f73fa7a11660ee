/**
 * Finds the files that a command would read without naming them: it first runs the program itself with options that
 * list them, and with the same paths, globs and revisions. A preview lists only names, and is given up after a short
 * time.
 *
 * @internal
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { shellQuoted } from "../../internal/shellQuoted.ts"
import { CommandRunner } from "../command/CommandRunner.ts"
import type { Operand, Option as ProgramOption, Preview, Reading } from "./ProgramWords.ts"
import { inCommit } from "./ProgramWords.ts"
import type { Command, Explained } from "./SafeCommands.ts"

/** The longest delay before a read-only command. */
const maxTime = Duration.seconds(2)

const maxBytes = 8 * 1024 * 1024

/**
 * The names of the files whose content a command would show, as the program spells them; none if the preview failed.
 * `folder` is the real path of the one in which the command runs.
 *
 * @since 0.1.0
 * @category previews
 */
export const names: (
  command: Command & { readonly explained: Explained },
  folder: string
) => Effect.Effect<Option.Option<ReadonlyArray<string>>, never, CommandRunner | FileSystem.FileSystem> = Effect
  .fnUntraced(function*({ explained: { program, reading }, isPiped }, folder) {
    const { preview } = program
    if (preview === undefined) return Option.some([])
    const showsContents = doesShow(preview, reading)
    if (!showsContents && preview.isAlways !== true) return Option.some([])
    const has = (names = "") => reading.options.some(({ name }) => names.split(" ").includes(name))
    if (showsContents && has(preview.obscures)) return Option.none()
    const operands = program.style === "git"
      ? yield* objects(reading.operands, folder)
      : yield* paths(reading.operands, folder, isPiped)
    if (operands === undefined) return Option.some([])
    const keeps = `${preview.keeps} ${has(preview.narrows) ? "" : preview.counts ?? ""}`.split(" ")
    const options = reading.options.filter(({ name }) => keeps.includes(name)).flatMap(spelled)
    const found = yield* run([...preview.command, ...options, ...operands], folder, preview.codeOfNothing)
    return showsContents ? found : Option.map(found, () => [])
  })

/** Whether it shows what is in files, and not only what they are called. */
const doesShow = ({ contents, names, shows }: Preview, { options }: Reading): boolean => {
  const has = (names: string) => options.some(({ name }) => names.split(" ").includes(name))
  return has(contents) || shows === "contents" && !has(names)
}

const spelled = ({ name, value }: ProgramOption): ReadonlyArray<string> => {
  if (name === "-NUM") return [`-${value}`]
  if (value === undefined) return [name]
  if (name.startsWith("--")) return [`${name}=${value}`]
  return value.startsWith("-") ? [name + value] : [name, value]
}

/** Paths that exist; a search only in missing paths, or in the output of another command, reads no file. */
const paths = Effect.fnUntraced(function*(operands: ReadonlyArray<Operand>, folder: string, isPiped: boolean) {
  const fs = yield* FileSystem.FileSystem
  const given = operands.filter(({ kind }) => kind === "path").map(({ text }) => text)
  if (given.length === 0) return isPiped ? undefined : ["--"]
  const there = yield* Effect.filter(
    given.filter((path) => path !== "-"),
    (path) => Effect.orElseSucceed(fs.exists(from(folder, path)), () => true)
  )
  return there.length === 0 ? undefined : ["--", ...there]
})

const from = (folder: string, path: string): string => path.startsWith("/") ? path : `${folder}/${path}`

/**
 * Revisions, checked to be commits: the content of any other object has no file name. Paths in commits
 * (`REVISION:PATH`) have been checked already.
 */
const objects = Effect.fnUntraced(function*(operands: ReadonlyArray<Operand>, folder: string) {
  const fs = yield* FileSystem.FileSystem
  const isNamed = ({ isAfterDashes, kind, text }: Operand) =>
    kind === "object" && !isAfterDashes && inCommit(text) !== undefined
  const others = operands.filter((operand) => !isNamed(operand))
  const isOnlyNamed = others.length < operands.length && !others.some(({ isAfterDashes }) => !isAfterDashes)
  if (isOnlyNamed) return undefined
  const after = others.filter(({ isAfterDashes }) => isAfterDashes).map(({ text }) => text)
  // Git takes what comes before `--` for a revision, even where a path of that name exists.
  const before = yield* Effect.forEach(others.filter(({ isAfterDashes }) => !isAfterDashes), ({ text }) =>
    Effect.map(
      Effect.orElseSucceed(fs.exists(from(folder, text)), () => false),
      (isPath) => after.length === 0 && (isPath || /^:|[*?[\\]/.test(text)) ? text : commitOf(text)
    ))
  return after.length === 0 ? before : [...before, "--", ...after]
})

const commitOf = (revision: string): string =>
  revision.split(/(\.{2,3})/).map((part) => part === "" || /^\.+$/.test(part) ? part : `${part}^{commit}`).join("")

/** What the program lists; nothing if it fails, takes too long, or lists too much. */
const run = (words: ReadonlyArray<string>, folder: string, codeOfNothing?: number) =>
  Effect.gen(function*() {
    const runner = yield* CommandRunner
    const running = yield* runner.start(`${words.map(shellQuoted).join(" ")} 2>/dev/null`, folder)
    const chunks: Array<Uint8Array> = []
    let size = 0
    yield* Stream.runForEachWhile(running.output, (chunk) =>
      Effect.sync(() => {
        chunks.push(chunk)
        size += chunk.length
        return size <= maxBytes
      }))
    if (size > maxBytes) return Option.none()
    const ending = yield* running.ending
    const isWell = ending._tag === "Exited" && (ending.code === 0 || ending.code === codeOfNothing && size === 0)
    return isWell ? Option.some(listed(chunks, size)) : Option.none()
  }).pipe(
    Effect.scoped,
    Effect.timeoutTo({ duration: maxTime, onTimeout: () => Option.none(), onSuccess: (names) => names }),
    Effect.orElseSucceed(() => Option.none<ReadonlyArray<string>>())
  )

/** Between commits git writes lines that are empty. A name may begin with one. */
const listed = (chunks: ReadonlyArray<Uint8Array>, size: number): ReadonlyArray<string> => {
  const all = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  const names = new Set(new TextDecoder().decode(all).split("\0"))
  return [...names].flatMap((name) => [name, name.replace(/^\n+/, "")]).filter((name) => name !== "")
}
