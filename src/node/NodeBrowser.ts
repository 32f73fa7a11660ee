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
import { Browser } from "../auth/Browser.ts"

/**
 * Opens addresses with the browser that the person has chosen.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Browser> = Layer.succeed(Browser, {
  open: (url) =>
    Effect.ignore(Effect.tryPromise(async () => {
      const { default: open } = await import("open")
      const child = await open(url)
      // Without a browser the command fails after it has started; nobody else would take that up.
      child.once("error", () => {})
      child.unref()
    }))
})

/**
 * Whether a browser that is opened here is one that the person sees: there is a display, and nobody came over the
 * network.
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
