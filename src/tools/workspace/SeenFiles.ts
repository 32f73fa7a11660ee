/**
 * The content of a file that each session has last seen, so that it notices a change by somebody else before it
 * overwrites it. Kept in memory only: a session without a remembered content may change the file as it is.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as Layer from "effect/Layer"

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { SeenFiles } from "effixir/tools"
 *
 * // Whether somebody else has changed a file since the session has read it.
 * const hasChanged = Effect.gen(function*() {
 *   const seen = yield* SeenFiles.SeenFiles
 *   yield* seen.note("session", "/home/ada/app/notes.md", "Hello")
 *   return yield* seen.isStale("session", "/home/ada/app/notes.md", "Good bye")
 * }).pipe(Effect.provide(SeenFiles.layer))
 *
 * // For one test alone.
 * const forTest = SeenFiles.make
 * ```
 *
 * @since 0.1.0 @category services
 */
export class SeenFiles extends Context.Tag("effixir/tools/workspace/SeenFiles")<SeenFiles, {
  /** Remembers a content that a session has read, or written itself. */
  readonly note: (session: string, real: string, content: string) => Effect.Effect<void>
  /** Whether the session has last seen another content. */
  readonly isStale: (session: string, real: string, content: string) => Effect.Effect<boolean>
}>() {}

/** How many files are remembered; the one seen longest ago is forgotten first. */
const capacity = 10_000

/** @since 0.1.0 @category constructors */
export const make: Effect.Effect<typeof SeenFiles.Service> = Effect.sync(() => {
  const seen = new Map<string, string>()
  const keyOf = (session: string, real: string) => `${session}\0${real}`
  return SeenFiles.of({
    note: (session, real, content) =>
      Effect.map(digest(content), (hash) => {
        const key = keyOf(session, real)
        seen.delete(key)
        seen.set(key, hash)
        if (seen.size > capacity) seen.delete(seen.keys().next().value ?? key)
      }),
    isStale: (session, real, content) =>
      Effect.suspend(() => {
        const last = seen.get(keyOf(session, real))
        return last === undefined ? Effect.succeed(false) : Effect.map(digest(content), (hash) => hash !== last)
      })
  })
})

/** @since 0.1.0 @category layers */
export const layer: Layer.Layer<SeenFiles> = Layer.effect(SeenFiles, make)

const encoder = new TextEncoder()

const digest = (content: string): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", encoder.encode(content))),
    (hash) => Encoding.encodeHex(new Uint8Array(hash))
  )
