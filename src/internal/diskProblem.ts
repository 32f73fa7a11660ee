import type { PlatformError } from "@effect/platform/Error"
import * as Predicate from "effect/Predicate"
import { tooManyFiles } from "./tooManyFiles.ts"

/** Why the system refuses a file in the home of effixir, and what helps, as the end of a sentence. */
export const diskProblem = (error: PlatformError): string => {
  const code = codeOf(error)
  return problems[code] ?? (code === "" ? "the system refuses it" : `the system refuses it (${code})`)
}

/** The same for a file that a person has named, who can name another one instead. */
export const fileProblem = (error: PlatformError): string => named[codeOf(error)] ?? diskProblem(error)

/** The same for a file that a person wants to have written. */
export const outputProblem = (error: PlatformError): string => output[codeOf(error)] ?? fileProblem(error)

const elsewhere = "or choose another folder with EFFIXIR_HOME"
const full = "there is no space left on the disk; make some, and try again"
const forbidden = `this user may not do that there; change the rights of the file and its folder, ${elsewhere}`
const noFolder = `a part of its path is a file where a folder is needed; move that file away, ${elsewhere}`
const isFolder = "it is a folder where a file is needed; move that folder away"
const writable = "other users of this machine can change it; see whether it says what you want, and close it to them " +
  "(chmod go-w)"
const isNoFile = "it is a folder, a pipe or a device where a regular file is needed"
const isLarge = "it is larger than 1 MB, which such a file never is"

const problems: { readonly [code: string]: string } = {
  EACCES: forbidden,
  EPERM: forbidden,
  PermissionDenied: forbidden,
  EROFS: "the disk can only be read; make it writable, or choose another folder with EFFIXIR_HOME",
  ENOSPC: full,
  EDQUOT: "the share of the disk that this user has is used up; make room, and try again",
  EFBIG: "it would become larger than files may be here; raise that limit (ulimit -f), and try again",
  ENOTDIR: noFolder,
  EEXIST: noFolder,
  AlreadyExists: noFolder,
  ENOLCK: "files cannot be locked on this disk; choose a folder on another one with EFFIXIR_HOME",
  EOPNOTSUPP: "no folder can be made there; choose another one with EFFIXIR_HOME",
  EISDIR: isFolder,
  ERR_FS_EISDIR: isFolder,
  EFTYPE: `${isNoFile}; move it away`,
  E2BIG: `${isLarge}; move it away`,
  BadResource: "what is there is of another kind; move it away, and try again",
  ELOOP: "its symbolic links lead in a circle; mend them",
  EDANGLING: "its symbolic link leads into a folder that is not there; make that folder, or mend the link",
  ESTALE: "the file that is mounted there was replaced where it comes from; start the container again, or mount its " +
    "folder instead",
  ENAMETOOLONG: "its path is longer than the system allows; choose a shorter one with EFFIXIR_HOME",
  ENOENT: "it is not there",
  NotFound: "it is not there",
  EBUSY: "another program holds it; wait for that one to end, and try again",
  Busy: "another program holds it; wait for that one to end, and try again",
  ETXTBSY: "another program holds it; wait for that one to end, and try again",
  EMFILE: tooManyFiles,
  ENFILE: "too many files are open; close some programs, and try again",
  EFOREIGN: `it belongs to another user of this machine; make it yours (chown), ${elsewhere}`,
  EWRITABLE: writable,
  EIO: "the disk reports a fault; check the disk"
}

const notFound = "there is no such file"
const unreadable = "this user may not read it; change its rights, or name another file"

const named: { readonly [code: string]: string } = {
  EACCES: unreadable,
  EPERM: unreadable,
  PermissionDenied: unreadable,
  ENOENT: notFound,
  NotFound: notFound,
  ENOTDIR: "a part of its path is no folder; correct the path",
  EISDIR: "it is a folder; name a file",
  EFTYPE: `${isNoFile}; name such a file`,
  E2BIG: `${isLarge}; name another file`,
  EFOREIGN: "it belongs to another user of this machine; make it yours (chown), or name another file",
  EWRITABLE: writable,
  ENAMETOOLONG: "its path is longer than the system allows; name a shorter one"
}

const unwritable = "this user may not write there; change the rights of the folder, or name another file"

const output: { readonly [code: string]: string } = {
  EACCES: unwritable,
  EPERM: unwritable,
  PermissionDenied: unwritable,
  EROFS: "the disk can only be read; name a file on another one"
}

/** The error code of the system is more precise than the `reason` of the error; not every error has a code. */
const codeOf = (error: PlatformError): string => {
  if (error._tag === "BadArgument") return ""
  const { cause } = error
  if (Predicate.hasProperty(cause, "code") && Predicate.isString(cause.code)) return cause.code
  return /^(E[A-Z0-9]+):/.exec(error.description ?? "")?.[1] ?? (error.reason === "Unknown" ? "" : error.reason)
}
