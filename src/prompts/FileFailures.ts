/**
 * What the model is told of a path or a file that it cannot use, and what it can do instead.
 *
 * @internal
 */

/** @since 0.1.0 @category paths */
export const outsideWorkspace = (
  { isOfHome, path, root }: { readonly path: string; readonly root: string; readonly isOfHome: boolean }
): string => `${brief(path)} is outside the workspace ${root}${isOfHome ? ", since ~ is the home folder" : ""}`

/** @since 0.1.0 @category paths */
export const onlyInside = (outside: string): string => `${outside}; only files inside it can be used`

/** @since 0.1.0 @category paths */
export const workspaceGone = (root: string): string =>
  `The workspace ${brief(root)} is gone: it was deleted, moved away or unmounted. ` +
  "Nothing can be done there until it is back"

/** @since 0.1.0 @category paths */
export const unusablePath = (path: string): string => `${brief(path)}: not a usable path`

/**
 * The system refuses a path, in its own words where there are no better ones.
 *
 * @since 0.1.0
 * @category paths
 */
export const refusedBySystem = (path: string, reason: string, description: string | undefined): string =>
  `${brief(path)}: ${reasons[reason] ?? tidy(description ?? reason)}`

/**
 * The same in our words: what was resolved is not what is opened.
 *
 * @since 0.1.0
 * @category paths
 */
export const replacedMeanwhile = "something else took its place while it was looked at"

const reasons: { readonly [reason: string]: string } = {
  NotFound: "no such file or folder",
  PermissionDenied: "permission denied",
  AlreadyExists: "exists already"
}

/** The system's own words, without the path that it was told to use. */
const tidy = (description: string): string => description.replace(/, [a-z]+( '.*')?$/s, "")

/** A path may be megabytes long; what is wrong with it comes after it. */
const brief = (path: string): string => path.length > 300 ? `${path.slice(0, 300)}…`.toWellFormed() : path

/** @since 0.1.0 @category files */
export const notFound = (path: string): string => `${path}: no such file or folder`

/** @since 0.1.0 @category files */
export const linkToNowhere = (path: string, target: string): string =>
  `${path} is a link to ${brief(target)}, which is not there; remove the link, or write the file that it leads to`

/** @since 0.1.0 @category files */
export const mayNotRead = (path: string): string => `${path}: permission denied`

/** @since 0.1.0 @category files */
export const noFolder = (path: string): string => `${path} is no folder`

/** @since 0.1.0 @category files */
export const neitherFileNorFolder = (path: string): string => `${path} is neither a file nor a folder`

/** @since 0.1.0 @category files */
export const isFolder = (path: string): string => `${path} is a folder`

/** @since 0.1.0 @category files */
export const cannotReadFolder = (path: string): string => `${path} is a folder; list it with bash (ls)`

/** @since 0.1.0 @category files */
export const notRegularFile = (path: string): string => `${path} is not a regular file`

/** @since 0.1.0 @category files */
export const tooLarge = (path: string, size: string): string =>
  `${path} is too large to read (${size}); use bash with head, tail, sed -n or grep`

/** @since 0.1.0 @category files */
export const imageTooLarge = (
  { maxSize, path, size, type }: {
    readonly path: string
    readonly type: string
    readonly size: string
    readonly maxSize: string
  }
): string => `${path} is too large to show (${type}, ${size}; at most ${maxSize}); make it smaller`

/** @since 0.1.0 @category files */
export const imageCutOff = (
  { path, size, type }: { readonly path: string; readonly type: string; readonly size: string }
): string => `${path} cannot be shown: its end is missing (${type}, ${size}); make or fetch it again`

/** @since 0.1.0 @category files */
export const binary = (path: string, kind: string | undefined, size: string): string =>
  `${path} is a binary file (${kind ?? unknownKind}, ${size}); look at it with bash (file, od -c)`

/** @since 0.1.0 @category files */
export const notUtf8 = (path: string, kind: string | undefined, size: string): string =>
  `${path} is a binary file, or text in another encoding than UTF-8 (${kind ?? unknownKind}, ${size}); ` +
  "look at it with bash (file, iconv, od -c)"

const unknownKind = "of no known type"

/** @since 0.1.0 @category files */
export const noSuchLine = (path: string, count: number, line: number): string =>
  `${path} has ${count} lines; there is no line ${line}`
