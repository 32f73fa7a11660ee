/**
 * What the commands of a run are kept in: by the settings, and by what this system can do.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { homedir } from "node:os"
import { resolve } from "node:path"
import * as NodeSandbox from "../node/sandbox/NodeSandbox.ts"
import type { Settings } from "../node/settings/Settings.ts"
import type { Mode } from "../tools/command/Sandbox.ts"
import type * as Policy from "../tools/permission/Policy.ts"
import { BadInput } from "./ExitCode.ts"

interface Asked extends Pick<Settings, "sandbox" | "sandbox_network" | "sandbox_writable"> {
  readonly folder: string
  readonly permission?: Policy.Mode | undefined
}

/**
 * How commands run. A sandbox that was asked for, by whatever setting, must be there before anything runs; the usual one
 * is used where it works. Where nothing may be changed, commands run in one that lets them write nowhere.
 */
export const sandboxFor = Effect.fnUntraced(function*(asked: Asked) {
  const { folder, permission, sandbox_network: network = true, sandbox_writable: writable = [] } = asked
  const mode = modeOf(asked)
  if (mode === "off") return undefined
  if (typeof network !== "boolean") return yield* new BadInput({ message: noHosts })
  const isRequired = asked.sandbox !== undefined
  if (isRequired) yield* requireSandbox(mode)
  const whole = (path: string) => resolve(folder, path.replace(/^~(?=$|\/)/, homedir()))
  const options: NodeSandbox.Options = {
    mode: permission === "read-only" ? "read-only" : mode,
    network,
    writable: writable.map(whole),
    isRequired
  }
  return options
})

/** What the settings ask for; what holds without any. */
export const modeOf = ({ sandbox = "workspace-write" }: Pick<Settings, "sandbox">): Mode => sandbox

/** Whether commands may do more in one than in the other. */
export const isWider = (mode: Mode, than: Mode): boolean => fromWidest.indexOf(mode) < fromWidest.indexOf(than)

const fromWidest = ["off", "workspace-write", "read-only"]

const requireSandbox = Effect.fnUntraced(function*(mode: Mode) {
  const found = yield* NodeSandbox.find
  if (Either.isRight(found)) return
  return yield* new BadInput({ message: `${notHad(mode, found.left)}; or run without one: --sandbox off` })
})

/** Why a sandbox that is asked for cannot be had, and what to do; it ends without a full stop. */
export const notHad = (mode: Mode, { reason, remedy }: NodeSandbox.Missing): string =>
  `The sandbox "${mode}" cannot be had: ${reason}. ${remedy}`

const noHosts = "sandbox_network names hosts, and only all of the network can be let through or kept away: set it to " +
  "true or false"
