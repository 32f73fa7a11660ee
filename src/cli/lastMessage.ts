/**
 * The file of `--output-last-message`, which gets the answer of a run.
 */
import * as Effect from "effect/Effect"
import type { Stats } from "node:fs"
import { access, chmod, constants, realpath, rename, rm, stat, writeFile } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import { hidden } from "../auth/Secrets.ts"
import { quote } from "../internal/quote.ts"
import { BadInput } from "./ExitCode.ts"

/** Where the answer goes; `write` fails with a sentence. */
export interface LastMessage {
  readonly path: string
  readonly write: (answer: string) => Effect.Effect<void, string>
}

/** Fails at once where the answer could not be written, before a model is asked for it. */
export const at = (given: string): Effect.Effect<LastMessage, BadInput> =>
  Effect.tryPromise({
    try: async (): Promise<LastMessage> => {
      const path = resolve(given)
      const found = await statOf(path)
      if (found?.isDirectory() === true) throw Object.assign(new Error("a folder"), { code: "EISDIR" })
      if (isReplaced(found)) await access(dirname(await targetOf(path)), constants.W_OK)
      return { path, write: (answer) => Effect.flatMap(hidden(answer), (text) => write(path, text)) }
    },
    catch: (error) => new BadInput({ message: `--output-last-message cannot be ${quote(given)}: ${reasonOf(error)}` })
  })

/** The file has the whole answer or is as it was; a pipe or a device is written to. */
const write = (path: string, text: string): Effect.Effect<void, string> =>
  Effect.tryPromise({
    try: async () => {
      const found = await statOf(path)
      if (!isReplaced(found)) return writeFile(path, text)
      const target = await targetOf(path)
      const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`)
      try {
        await writeFile(temporary, text, { flag: "wx" })
        if (found !== undefined) await chmod(temporary, found.mode & 0o777)
        await rename(temporary, target)
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
    },
    catch: (error) => `The answer could not be written to ${quote(path)}: ${reasonOf(error)}`
  })

const statOf = (path: string): Promise<Stats | undefined> =>
  stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined
    throw error
  })

const isReplaced = (found: Stats | undefined): boolean => found === undefined || found.isFile()

/** What a symbolic link leads to is replaced, and not the link. */
const targetOf = (path: string): Promise<string> =>
  realpath(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return path
    throw error
  })

const reasonOf = (error: unknown): string => {
  const { code = "", message = String(error) } = error instanceof Error ? error as NodeJS.ErrnoException : {}
  return reasons[code] ?? `the system refuses it (${code === "" ? message : code})`
}

const forbidden = "this user may not write there; change the rights of its folder, or name another file"

const reasons: { readonly [code: string]: string } = {
  EISDIR: "that is a folder; name a file",
  ENOENT: "its folder is not there; make it, or name another file",
  ENOTDIR: "a part of its path is no folder; correct the path",
  EACCES: forbidden,
  EPERM: forbidden,
  EROFS: "that disk can only be read; name a file on another one",
  ENOSPC: "there is no space left on its disk",
  EDQUOT: "the share of the disk that this user has is used up",
  EFBIG: "it would become larger than files may be here",
  ENAMETOOLONG: "its path is longer than the system allows; name a shorter one",
  ELOOP: "its symbolic links lead in a circle; mend them"
}
