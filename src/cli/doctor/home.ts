/**
 * What is checked of the home of effixir: the folder, its owners and modes, the sessions, and the settings.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Config from "effect/Config"
import { isConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import { type Stats } from "node:fs"
import { stat } from "node:fs/promises"
import * as Host from "../../auth/Host.ts"
import { diskProblem } from "../../internal/diskProblem.ts"
import { quote } from "../../internal/quote.ts"
import { exposureOf, me, octal, type Person } from "../../node/files/exposure.ts"
import { replaceFile } from "../../node/files/replaceFile.ts"
import { layerSessions } from "../../node/NodeSessions.ts"
import type * as Home from "../../node/settings/Home.ts"
import * as PolicyFile from "../../node/settings/PolicyFile.ts"
import * as ProjectSettings from "../../node/settings/ProjectSettings.ts"
import * as ResolvedSettings from "../../node/settings/ResolvedSettings.ts"
import * as Settings from "../../node/settings/Settings.ts"
import * as Trust from "../../node/settings/Trust.ts"
import { SessionStore } from "../../session/SessionStore.ts"
import { sayConfig } from "../sayConfig.ts"
import { type Check, fail, type Finding, ok, warn } from "./Check.ts"

type Services = FileSystem.FileSystem | Path.Path

/** Something is written there for a moment; where the folder is not there yet, in the one that it would be made in. */
export const writable = (home: Home.Home): Check<Services> => ({
  id: "home.writable",
  look: Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const isThere = yield* Effect.orElseSucceed(fs.exists(home.path), () => true)
    if (!isThere) {
      let folder = path.dirname(home.path)
      while (path.dirname(folder) !== folder && !(yield* Effect.orElseSucceed(fs.exists(folder), () => true))) {
        folder = path.dirname(folder)
      }
      return yield* Effect.match(fs.access(folder, { writable: true }), {
        onFailure: (error) => fail(`${quote(home.path)} cannot be made`, toRemedy(diskProblem(error))),
        onSuccess: () => ok(`${quote(home.path)} is not there yet, and will be made`)
      })
    }
    const file = path.join(home.path, `.doctor-${crypto.randomUUID()}`)
    return yield* replaceFile(file, "effixir doctor\n", 0o600).pipe(
      Effect.zipRight(fs.remove(file, { force: true })),
      Effect.match({
        onFailure: (error) => fail(`Nothing can be written in ${quote(home.path)}`, toRemedy(diskProblem(error))),
        onSuccess: () => ok(`${quote(home.path)} can be written`)
      })
    )
  })
})

/** The end of a sentence that says why and what helps, as sentences of their own. */
const toRemedy = (problem: string): string => `${problem.slice(0, 1).toUpperCase()}${problem.slice(1)}`

/** As many sessions as are looked at one by one. */
const maxFiles = 5000

/** Who owns what is there, and who else can read or change it. */
export const permissions = (home: Home.Home): Check<Services> => ({
  id: "home.permissions",
  look: Effect.gen(function*() {
    const person = me()
    if (person === undefined) return ok("This system knows no owners and modes of files")
    const files = yield* filesOf(home)
    const found = (yield* Effect.forEach(files, (file) => exposedBy(file, person), { concurrency: 16 })).flat()
    const worst = found.find(({ isBad }) => isBad) ?? found[0]
    if (worst === undefined) return ok("What is kept there belongs to this user, and nobody else can change it")
    const more = found.length === 1 ? "" : `, and ${found.length - 1} more like it`
    return (worst.isBad ? fail : warn)(`${quote(worst.path)} ${worst.what}${more}`, worst.remedy)
  })
})

/** The home itself, what is in it, and what is in the folders of sessions and profiles. */
const filesOf = Effect.fnUntraced(function*(home: Home.Home) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const within = (folder: string) =>
    Effect.map(
      Effect.orElseSucceed(fs.readDirectory(folder), () => []),
      (names) => names.map((name) => path.join(folder, name))
    )
  const top = yield* within(home.path)
  const sessions = yield* within(home.sessions)
  const profiles = yield* within(path.join(home.path, "profiles"))
  const below = yield* Effect.forEach([...profiles, ...sessions.slice(0, maxFiles)], within, { concurrency: 16 })
  return [home.path, ...top, ...profiles, ...sessions, ...below.flat()].slice(0, 4 * maxFiles)
})

interface Exposed {
  readonly path: string
  readonly what: string
  readonly remedy: string
  readonly isBad: boolean
}

const secret = /(?:auth|registrations|host)\.json$/

const exposedBy = (path: string, person: Person): Effect.Effect<ReadonlyArray<Exposed>> =>
  Effect.promise(() => stat(path).catch(() => undefined)).pipe(
    Effect.map((info: Stats | undefined) => {
      if (info === undefined) return []
      const exposure = exposureOf(info, person)
      if (exposure === "Foreign" && person.uid !== 0) {
        return [{
          path,
          what: `belongs to another user (uid ${info.uid})`,
          remedy: `Make it yours (sudo chown ${person.name || person.uid} ${quote(path)}), or choose another folder ` +
            "with EFFIXIR_HOME",
          isBad: true
        }]
      }
      if (exposure === "Writable" && (info.mode & 0o1000) === 0) {
        return [{
          path,
          what: `can be changed by other users (mode ${octal(info.mode)})`,
          remedy: `Close it to them: chmod go-w ${quote(path)}`,
          isBad: true
        }]
      }
      if (exposure !== "None" && secret.test(path)) {
        return [{
          path,
          what: `can be read by other users (mode ${octal(info.mode)}), and holds a sign-in`,
          remedy: `Close it to them: chmod 600 ${quote(path)}`,
          isBad: false
        }]
      }
      return []
    })
  )

/** Whether the logs of the sessions can be read line by line. */
export const sessions: Check<Services> = {
  id: "home.sessions",
  look: Effect.flatMap(SessionStore, ({ list }) => list).pipe(
    Effect.provide(layerSessions),
    Effect.match({
      onFailure: (error) => fail("The sessions cannot be listed", toRemedy(error.message)),
      onSuccess: (all) => {
        const damaged = all.filter((session) => session.damaged > 0)
        const lines = damaged.reduce((sum, session) => sum + session.damaged, 0)
        const [first] = damaged
        return first === undefined
          ? ok(`${counted(all.length, "session")}, without a damaged line`)
          : warn(
            `${counted(lines, "line")} in the ${damaged.length === 1 ? "log" : `logs`} of ${
              counted(damaged.length, "session")
            } damaged; the rest can be used`,
            `See which: effixir sessions show ${first.id}`
          )
      }
    })
  )
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`

/** Whether all that is set can be used. */
export const config = (home: Home.Home): Check<Services> => ({
  id: "config.valid",
  look: Effect.gen(function*() {
    const { settings } = yield* ResolvedSettings.resolve({ home, folder: "." })
    yield* Config.all({ ...Host.addresses, ...Host.billing })
    const path = yield* Path.Path
    if (settings.policy !== undefined) yield* PolicyFile.load(path.resolve(home.path, settings.policy))
    const file = yield* ProjectSettings.find(home, ".")
    if (file !== undefined && !(yield* Trust.isTrusted(home, "."))) {
      return warn(`${quote(file)} does not count: this project is not trusted`, "To trust it: effixir --trust \"…\"")
    }
    const count = Object.keys(settings).length
    return ok(count === 0 ? "Nothing is set" : `${counted(count, "setting")}, which can be used`)
  }).pipe(
    Effect.catchAll((error): Effect.Effect<Finding> =>
      Effect.succeed(
        isConfigError(error)
          ? fail(sayConfig(error), "Correct the variable, or unset it")
          : fail(error.message, error._tag === "PolicyError" ? "Correct the file" : remedyOf(error, home))
      )
    )
  )
})

const remedyOf = ({ key, source }: { readonly key: string; readonly source: string }, home: Home.Home): string =>
  source === home.config && /^[a-z_]+$/.test(key)
    ? `${
      Settings.keys.some((known) => known === key) ? `effixir config set ${key} VALUE, or ` : ""
    }effixir config unset ${key}`
    : `Correct it in ${quote(source)}`
