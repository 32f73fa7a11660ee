/**
 * Whether other users could put something into the home of effixir. It warns of that, and removes their access where
 * possible. Files that another user could have written are refused when they are read; through a folder another user
 * can only make files disappear.
 *
 * @internal
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import { exposureOf, me, octal, type Person } from "../files/exposure.ts"
import { attempt } from "../files/readPlainFile.ts"
import type { Home } from "./Home.ts"

/**
 * Looks at the folders and files of a home, and warns once of each owner and of each folder.
 *
 * @since 0.1.0
 * @category checks
 */
export const check: (home: Home) => Effect.Effect<void, never, FileSystem.FileSystem> = Effect.fnUntraced(
  function*(home) {
    const person = me()
    if (person === undefined) return
    const owners = new Set<number>()
    const folders = [home.path, dirname(home.auth), home.sessions, join(home.path, "skills")]
    for (const path of new Set([...folders, home.auth, home.config, home.trusted])) {
      yield* Effect.ignore(look(path, person, owners))
    }
  }
)

const look = Effect.fnUntraced(function*(path: string, person: Person, owners: Set<number>) {
  const info = yield* attempt("stat", path, () => stat(path))
  const exposure = exposureOf(info, person)
  if (exposure === "Foreign" && !owners.has(info.uid)) {
    owners.add(info.uid)
    yield* Effect.logWarning(
      `${path} belongs to another user of this machine (uid ${info.uid}), who can change or remove what effixir keeps ` +
        "there; make it yours (chown), or choose another folder with EFFIXIR_HOME"
    )
  }
  // In a sticky folder such as /tmp users cannot touch each other's files.
  if (exposure !== "Writable" || !info.isDirectory() || (info.mode & 0o1000) !== 0) return
  const fs = yield* FileSystem.FileSystem
  const closed = info.mode & 0o7755
  const isClosed = yield* Effect.isSuccess(fs.chmod(path, closed))
  const what = isClosed
    ? `it is set back to ${octal(closed)}`
    : "it cannot be set back: close it (chmod go-w), or choose another folder with EFFIXIR_HOME"
  yield* Effect.logWarning(`Other users of this machine could change ${path} (mode ${octal(info.mode)}); ${what}`)
})
