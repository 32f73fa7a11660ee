import { existsSync } from "node:fs"
import { tooManyFiles } from "../../internal/tooManyFiles.ts"

/** Why a command could not be started in a folder, for who has written it: a person, or a model. */
export const startProblem = (cause: unknown, folder?: string): string => {
  if (!(cause instanceof Error)) return String(cause)
  const code = "code" in cause ? cause.code : undefined
  if (code === "EMFILE") return tooManyFiles
  if (code === "ENOENT" && folder !== undefined && !existsSync(folder)) return `the folder ${folder} is gone`
  if (code === "E2BIG") {
    return "it is longer than the system takes (128 KiB on Linux); write it into a file, and run that"
  }
  if (code === "ERR_INVALID_ARG_VALUE") {
    return "there is a NUL character in it, which no command can hold; write \\0 for it, as in printf 'a\\0b'"
  }
  return cause.message
}
