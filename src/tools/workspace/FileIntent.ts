/**
 * What a call is about to do to one file, as the log keeps it: enough to tell later whether the call has done its work.
 *
 * @since 0.1.0
 */

/**
 * - `path` relative to the root of the workspace, with its links followed
 * - `before` the version that the file has when the call begins; left out where it is not known
 * - `after` the version that the call gives it
 *
 * A version is the SHA-256 of the content in hexadecimal digits, `-> TARGET` for a symbolic link, or `absent`.
 *
 * @since 0.1.0
 * @category models
 */
export interface FileIntent {
  readonly path: string
  readonly before?: string
  readonly after: string
}
