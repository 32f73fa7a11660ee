/**
 * Outputs too long for the model's context, stored in full beside the session.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

/**
 * How much of one artifact is kept at most, in bytes.
 *
 * @since 0.1.0
 * @category limits
 */
export const maxBytes = 64 * 1024 * 1024

/**
 * How much of all artifacts of a session is kept, in bytes: the oldest go when a new one begins. Those that are still
 * being written do not count.
 *
 * @since 0.1.0
 * @category limits
 */
export const maxSessionBytes = 512 * 1024 * 1024

/**
 * An artifact that is being written. `location` is where a person, or a shell command, finds it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Artifact {
  readonly location: string
  /** The locations of older artifacts of the session that were deleted to make room for this one. */
  readonly removed: ReadonlyArray<string>
  /** Adds bytes at the end. What is above the limit is dropped. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, PlatformError>
}

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { Artifacts } from "effixir/tools"
 *
 * // Keeps a long output in full, and says where.
 * const keep = (session: string, callId: string, output: string) =>
 *   Effect.gen(function*() {
 *     const artifacts = yield* Artifacts.Artifacts
 *     const { location, write } = yield* artifacts.begin(session, callId)
 *     yield* write(new TextEncoder().encode(output))
 *     return location
 *   }).pipe(Effect.scoped)
 *
 * const untilTheProgramEnds = Effect.provide(keep("session", "call", "a long output"), Artifacts.layerMemory)
 *
 * // A test that looks at what was kept.
 * const kept = new Map<string, Array<Uint8Array>>()
 * const ForTest = Layer.succeed(Artifacts.Artifacts, Artifacts.makeMemory(kept))
 * ```
 *
 * @since 0.1.0 @category services
 */
export class Artifacts extends Context.Tag("effixir/tools/command/Artifacts")<Artifacts, {
  /** Begins an artifact for a call. A second one for the same call gets its own location. */
  readonly begin: (session: string, callId: string) => Effect.Effect<Artifact, PlatformError, Scope.Scope>
}>() {}

/**
 * A name for an artifact of a call, whatever the model has chosen as its id.
 *
 * @since 0.1.0
 * @category naming
 */
export const nameOf = (callId: string, n: number): string => {
  const name = callId.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, 64)
  return `${name === "" ? "call" : name}${n === 1 ? "" : `-${n}`}.txt`
}

/**
 * Passes on as many bytes as the limit allows.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Artifacts } from "effixir/tools"
 *
 * // An artifact of a store of your own.
 * const begin = (files: Map<string, number>, callId: string): Artifacts.Artifact => {
 *   const old = Artifacts.outdated(Array.from(files, ([location, size]) => ({ location, size })))
 *   for (const { location } of old) files.delete(location)
 *   const location = Artifacts.nameOf(callId, 1)
 *   return {
 *     location,
 *     removed: old.map((one) => one.location),
 *     write: Artifacts.limited((bytes) =>
 *       Effect.sync(() => void files.set(location, (files.get(location) ?? 0) + bytes.length))
 *     )
 *   }
 * }
 * ```
 *
 * @since 0.1.0
 * @category bounding
 */
export const limited = (
  write: (bytes: Uint8Array) => Effect.Effect<void, PlatformError>
): Artifact["write"] => {
  let left = maxBytes
  return (bytes) =>
    Effect.suspend(() => {
      const part = bytes.subarray(0, left)
      left -= part.length
      return part.length === 0 ? Effect.void : write(part)
    })
}

/**
 * Which artifacts of a session, given with the oldest first, have to go so that one more has room.
 *
 * @since 0.1.0
 * @category bounding
 */
export const outdated = <A extends { readonly size: number }>(kept: ReadonlyArray<A>): ReadonlyArray<A> => {
  let excess = kept.reduce((sum, { size }) => sum + size, 0) - (maxSessionBytes - maxBytes)
  return kept.filter(({ size }) => {
    if (excess <= 0) return false
    excess -= size
    return true
  })
}

/**
 * Keeps artifacts as long as the program runs, in the map that it is given.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMemory = (kept: Map<string, Array<Uint8Array>>): typeof Artifacts.Service => {
  const open = new Set<string>()
  const makeRoom = (session: string): ReadonlyArray<string> => {
    const closed = Array.from(kept, ([location, pieces]) => ({ location, size: sizeOf(pieces) }))
      .filter(({ location }) => location.startsWith(`${session}/`) && !open.has(location))
    return outdated(closed).map(({ location }) => {
      kept.delete(location)
      return location
    })
  }
  return {
    begin: (session, callId) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          let n = 1
          while (kept.has(`${session}/${nameOf(callId, n)}`)) n++
          const location = `${session}/${nameOf(callId, n)}`
          const pieces: Array<Uint8Array> = []
          kept.set(location, pieces)
          open.add(location)
          return {
            location,
            removed: makeRoom(session),
            write: limited((bytes) => Effect.sync(() => void pieces.push(bytes)))
          }
        }),
        ({ location }) => Effect.sync(() => open.delete(location))
      )
  }
}

const sizeOf = (pieces: ReadonlyArray<Uint8Array>): number => pieces.reduce((sum, { length }) => sum + length, 0)

/** @since 0.1.0 @category layers */
export const layerMemory: Layer.Layer<Artifacts> = Layer.sync(Artifacts, () => makeMemory(new Map()))
