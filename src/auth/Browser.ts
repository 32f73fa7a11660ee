/**
 * The browser of the person at this machine.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** @since 0.1.0 @category services */
export class Browser extends Context.Tag("effixir/auth/Browser")<Browser, {
  /** Tries to open an address. Failures are ignored, because the person sees the address anyway. */
  readonly open: (url: string) => Effect.Effect<void>
}>() {}

/**
 * Opens nothing.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerNoop: Layer.Layer<Browser> = Layer.succeed(Browser, { open: () => Effect.void })
