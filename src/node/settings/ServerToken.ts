/**
 * The token that clients of a server on this machine have to send, in a file of the person's own.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { randomBytes } from "node:crypto"
import { ConfigError } from "../../auth/ConfigError.ts"
import { Secrets } from "../../auth/Secrets.ts"
import { diskProblem } from "../../internal/diskProblem.ts"
import { isNotFound } from "../../internal/isNotFound.ts"
import { octal } from "../files/exposure.ts"
import { readOwnText } from "../files/readPlainFile.ts"
import { makeNeighbour } from "../files/replaceFile.ts"

/** What is shorter could be guessed. */
const shortest = 16

/**
 * The token of a file. It is made where there is none, in a folder that is there, and is a secret from here on.
 *
 * @example
 * ```ts
 * import { ServerToken } from "effixir/node"
 *
 * const token = ServerToken.load("/home/ada/.my-agent/server-token")
 * ```
 *
 * @since 0.1.0
 * @category loading
 */
export const load: (
  file: string
) => Effect.Effect<Redacted.Redacted, ConfigError, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(
  function*(file) {
    const text = yield* readOwnText(file).pipe(
      Effect.catchIf(isNotFound, () => Effect.zipRight(create(file), readOwnText(file))),
      Effect.tap(close(file)),
      Effect.mapError((error) => unusable(file, diskProblem(error)))
    )
    const token = text.trim()
    if (!/^[\x21-\x7e]+$/.test(token) || token.length < shortest) {
      return yield* unusable(
        file,
        `a token has to be ${shortest} characters or more of plain text without spaces; ` +
          "delete the file to have one made"
      )
    }
    const secret = Redacted.make(token)
    yield* Effect.flatMap(Secrets, ({ add }) => add(secret))
    return secret
  }
)

/** Whole or not at all, and never in the place of one that another process has made meanwhile. */
const create = (file: string): Effect.Effect<void, PlatformError, FileSystem.FileSystem | Path.Path> =>
  Effect.scoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const neighbour = yield* makeNeighbour(file)
    yield* neighbour.file.writeAll(new TextEncoder().encode(`${randomBytes(32).toString("base64url")}\n`))
    yield* neighbour.file.sync
    yield* Effect.catchIf(fs.link(neighbour.path, file), isThere, () => Effect.void)
  }))

const isThere = (error: PlatformError): boolean => error._tag === "SystemError" && error.reason === "AlreadyExists"

/** Who reads the token can do what the person can. */
const close = (file: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const { mode } = yield* fs.stat(file)
    if (process.platform === "win32" || (mode & 0o077) === 0) return
    yield* fs.chmod(file, 0o600)
    yield* Effect.logWarning(
      `Others could read the token in ${file} (mode ${octal(mode)}); now they cannot. Delete it to have a new one made`
    )
  })

const unusable = (file: string, expected: string) => new ConfigError({ key: "The token", source: file, expected })
