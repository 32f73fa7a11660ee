/**
 * The sandbox of this system around the commands of tools: bubblewrap on Linux, `sandbox-exec` on macOS.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import { execFile } from "node:child_process"
import { quote } from "../../internal/quote.ts"
import { CommandNotStarted, type CommandRunner } from "../../tools/command/CommandRunner.ts"
import type { Mode, Sandbox } from "../../tools/command/Sandbox.ts"
import { SecretFiles } from "../../tools/permission/SecretFiles.ts"
import * as Bubblewrap from "./Bubblewrap.ts"
import * as Refused from "./Refused.ts"
import * as Rules from "./Rules.ts"
import * as Seatbelt from "./Seatbelt.ts"

/**
 * Why there is no sandbox here, and what to do to have one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Missing {
  readonly reason: string
  readonly remedy: string
}

/**
 * What stands before a command to hold it to rules.
 *
 * @since 0.1.0
 * @category models
 */
export type Wrap = (rules: Rules.Rules) => ReadonlyArray<string>

/**
 * The sandbox of this system, once a command has run in it. Finding that out takes as long as a command.
 *
 * @since 0.1.0
 * @category finding
 */
export const find: Effect.Effect<Either.Either<Wrap, Missing>> = Effect.suspend(() => {
  switch (process.platform) {
    case "linux":
      return tried(Bubblewrap.find(), Bubblewrap.wrap, {
        reason: "bubblewrap (bwrap) is not installed",
        remedy: "Install it with the package manager of this system, as in `apt-get install bubblewrap`"
      })
    case "darwin":
      return tried(Seatbelt.find(), Seatbelt.wrap, {
        reason: "/usr/bin/sandbox-exec is not there",
        remedy: "It is a part of macOS: look why it is missing"
      })
    default:
      return Effect.succeed(Either.left({
        reason: `there is none for ${process.platform}`,
        remedy: "On Windows, use effixir in WSL 2 to have one"
      }))
  }
})

/**
 * Whether its program is there, which may still not work.
 *
 * @since 0.1.0
 * @category finding
 */
export const isInstalled = (): boolean =>
  (process.platform === "linux" ? Bubblewrap.find() : process.platform === "darwin" ? Seatbelt.find() : undefined) !==
    undefined

const tried = (
  program: string | undefined,
  wrap: (program: string, rules: Rules.Rules) => ReadonlyArray<string>,
  missing: Missing
): Effect.Effect<Either.Either<Wrap, Missing>> => {
  if (program === undefined) return Effect.succeed(Either.left(missing))
  const [file = program, ...args] = [...wrap(program, strictest), "/bin/sh", "-c", ":"]
  return Effect.async((resume) => {
    const child = execFile(
      file,
      args,
      { timeout: patience, killSignal: "SIGKILL" },
      (error, _, said) =>
        resume(Effect.succeed(
          error === null ? Either.right((rules) => wrap(program, rules)) : Either.left(refused(program, said, error))
        ))
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })
}

/** In milliseconds. */
const patience = 10_000

/** Nothing is written, and no network: what needs most of the system. */
const strictest: Rules.Rules = {
  root: "/",
  writable: [],
  pinned: [],
  protected: [],
  absent: [],
  unwanted: [],
  hidden: [],
  masks: new Map(),
  emptied: [],
  shown: [],
  network: false
}

const refused = (program: string, said: string, error: Error): Missing => ({
  reason: `${program} does not work here (${said.trim().split("\n").at(-1) || error.message.split("\n")[0]})`,
  remedy: process.platform === "linux"
    ? "It needs user namespaces: allow them (sysctl kernel.unprivileged_userns_clone=1, or " +
      "kernel.apparmor_restrict_unprivileged_userns=0), or start the container so that it has them"
    : "A sandbox cannot be set up within another one"
})

/** @since 0.1.0 @category models */
export interface Options {
  readonly mode: Exclude<Mode, "off">
  readonly network: boolean
  /** Folders beside the workspace and the temporary folder in which commands may write. */
  readonly writable: ReadonlyArray<string>
  /** Whether nothing runs where there is no sandbox; else it runs without. */
  readonly isRequired: boolean
}

/**
 * The same runner with its commands in a sandbox. Whether there is one is found out at the first command.
 *
 * @since 0.1.0
 * @category layers
 */
export const around = Effect.fnUntraced(function*(
  { isRequired, mode, network, writable }: Options,
  { home, root }: { readonly root: string; readonly home: string },
  runner: typeof CommandRunner.Service
) {
  const [found, again] = yield* Effect.cachedInvalidateWithTTL(find, Duration.infinity)
  const isReadOnly = mode === "read-only"
  return {
    ...runner,
    start: Effect.fnUntraced(function*(command, folder, options) {
      const sandbox = yield* found
      if (Either.isLeft(sandbox)) {
        // What did not work once, on a machine that was too busy, may work the next time.
        yield* again
        return isRequired
          ? yield* notStarted(sandbox.left)
          : yield* runner.start(command, folder, options)
      }
      const secrets = yield* SecretFiles
      const session = options?.env?.["EFFIXIR_SESSION_ID"]
      const granted = options?.writable
      const rules = Rules.make({ root, home, isReadOnly, network, writable, granted, secrets, session })
      // It is looked at when nothing of the command runs any more.
      yield* Effect.addFinalizer(() => clean(rules))
      const running = yield* runner.start(command, folder, { ...options, within: sandbox.right(rules) })
      return {
        ...running,
        sandbox: { mode, network, writable: rules.writable } satisfies Sandbox,
        ...isReadOnly
          ? {}
          : { refused: (output: string) => Effect.sync(() => Refused.pathsIn(output, { home, rules })) }
      }
    })
  } satisfies typeof CommandRunner.Service
})

/**
 * What stands before the words of a program that stays, so that the same holds for it as for commands; it may write in
 * `folders` as well, and nowhere in `.git`. It is started, and ends, in this Scope. Nothing, where there is no sandbox and
 * none is required.
 *
 * @since 0.1.0
 * @category starting
 */
export const before = Effect.fnUntraced(function*(
  { isRequired, mode, network, writable }: Options,
  { home, root }: { readonly root: string; readonly home: string },
  folders: ReadonlyArray<string>
): Effect.fn.Return<ReadonlyArray<string>, CommandNotStarted, Scope.Scope> {
  const sandbox = yield* find
  if (Either.isLeft(sandbox)) return isRequired ? yield* notStarted(sandbox.left) : []
  const secrets = yield* SecretFiles
  const isReadOnly = mode === "read-only"
  const all = isReadOnly ? [] : [...writable, ...folders]
  const rules = Rules.make({
    root,
    home,
    isReadOnly,
    network,
    writable: all,
    secrets,
    session: undefined,
    keepsGit: true
  })
  yield* Effect.addFinalizer(() => clean(rules))
  return sandbox.right(rules)
})

const clean = (rules: Rules.Rules) =>
  Effect.flatMap(
    Effect.try(() => Rules.removeUnwanted(rules)),
    (removed) =>
      Effect.forEach(removed, (path) =>
        Effect.logWarning(
          `a command has made ${quote(path)}, by which git would take its settings from elsewhere: it was removed`
        ), { discard: true })
  ).pipe(
    Effect.catchAll(() =>
      Effect.logWarning(
        `a command has made one of ${
          rules.unwanted.map(quote).join(", ")
        }, by which git would take its settings from ` +
          "elsewhere, and it cannot be removed: remove it before you use git there"
      )
    )
  )

const notStarted = ({ reason }: Missing) =>
  new CommandNotStarted({ problem: `it must run in a sandbox, and ${reason}` })
