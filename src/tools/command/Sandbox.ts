/**
 * What keeps a command in: which files it may write, and whether it reaches the network.
 *
 * @internal
 */
import * as Schema from "effect/Schema"

/**
 * - `off` a command may do what the person may who runs effixir
 * - `workspace-write` it writes in the workspace, in the temporary folder and in what is listed, and nowhere else
 * - `read-only` it writes nowhere
 *
 * @since 0.1.0
 * @category schemas
 */
export const Mode = Schema.Literal("off", "workspace-write", "read-only")

/** @since 0.1.0 @category models */
export type Mode = typeof Mode.Type

/**
 * Whether commands reach the network, or the hosts that they reach.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Network = Schema.Union(Schema.Boolean, Schema.Array(Schema.NonEmptyString))

/**
 * The sandbox that a command ran in. `writable` are the folders in which it could write.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sandbox {
  readonly mode: Exclude<Mode, "off">
  readonly network: boolean
  readonly writable: ReadonlyArray<string>
}

/**
 * Whether an output looks as if the sandbox had refused something. Systems and programs have many words for it.
 *
 * @since 0.1.0
 * @category predicates
 */
export const looksRefused = (output: string, { network }: Sandbox): boolean =>
  refusedFiles.test(output) || !network && refusedNetwork.test(output)

const refusedFiles =
  /read-only file system|EROFS|operation not permitted|EPERM|permission denied|EACCES|device or resource busy|EBUSY|unsupported file type|can only add regular files/i

const refusedNetwork =
  /could not resolve host|name resolution|getaddrinfo|EAI_AGAIN|ENOTFOUND|network is unreachable|ENETUNREACH|failed to connect|couldn't connect|connection refused|ECONNREFUSED|unknown host|no such host/i
