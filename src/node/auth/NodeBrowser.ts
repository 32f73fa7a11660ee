/**
 * The default browser of this machine.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { spawn } from "node:child_process"
import { pathToFileURL } from "node:url"
import { Browser } from "../../auth/Browser.ts"
import { bundled } from "../process/bundled.ts"
import * as ChildEnvironment from "../process/ChildEnvironment.ts"

/**
 * Opens addresses with the person's default browser. A separate process opens it: a browser started from here would
 * inherit our environment with its secrets.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { NodeBrowser, NodeCallbackServer } from "effixir/node"
 *
 * // What a sign-in with a browser needs of this machine.
 * const Here = Layer.merge(NodeBrowser.layer, NodeCallbackServer.layer())
 *
 * const how = Effect.map(NodeBrowser.canOpenBrowser, (can) => can ? "by a browser" : "by a code")
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Browser> = Layer.succeed(Browser, {
  open: (url) =>
    Effect.flatMap(ChildEnvironment.withoutSecrets, (env) =>
      Effect.ignore(Effect.try(() => {
        const child = spawn(process.execPath, ["--input-type=module", "--eval", script, opener(), url], {
          env,
          stdio: "ignore",
          detached: true
        })
        child.once("error", () => {})
        child.unref()
      })))
})

const opener = (): string => pathToFileURL(bundled("open/open.js", "open")).href

/** Without a browser the command fails after it has started; nothing could act on that error, so it is ignored. */
const script = `
  const { default: open } = await import(process.argv[1])
  const child = await open(process.argv[2])
  child.once("error", () => {})
`

/**
 * Whether a browser that is opened here is one that the person sees: there is a display, and this is no SSH session.
 *
 * @since 0.1.0
 * @category config
 */
export const canOpenBrowser: Effect.Effect<boolean, ConfigError> = Effect.map(
  Config.all([
    Config.option(Config.nonEmptyString("DISPLAY")),
    Config.option(Config.nonEmptyString("WAYLAND_DISPLAY")),
    Config.option(Config.nonEmptyString("SSH_CONNECTION"))
  ]),
  ([display, wayland, ssh]) => {
    const hasDisplay = ["darwin", "win32"].includes(process.platform) || Option.isSome(display) ||
      Option.isSome(wayland)
    return hasDisplay && Option.isNone(ssh)
  }
)
