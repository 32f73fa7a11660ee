/**
 * What is too long for the model's context, kept as a whole beside the session.
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
 * An artifact that is being written. `location` is where a person, or a shell command, finds it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Artifact {
  readonly location: string
  /** Adds bytes at the end. What is above the limit is dropped. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, PlatformError>
}

/** @since 0.1.0 @category services */
export class Artifacts extends Context.Tag("effixir/tools/Artifacts")<Artifacts, {
  /** Begins an artifact for a call. A second one for the same call is another one. */
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
 * Keeps artifacts as long as the program runs, in the map that it is given.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMemory = (kept: Map<string, Array<Uint8Array>>): typeof Artifacts.Service => ({
  begin: (session, callId) =>
    Effect.sync(() => {
      let n = 1
      while (kept.has(`${session}/${nameOf(callId, n)}`)) n++
      const location = `${session}/${nameOf(callId, n)}`
      const pieces: Array<Uint8Array> = []
      kept.set(location, pieces)
      return { location, write: limited((bytes) => Effect.sync(() => void pieces.push(bytes))) }
    })
})

/** @since 0.1.0 @category layers */
export const layerMemory: Layer.Layer<Artifacts> = Layer.sync(Artifacts, () => makeMemory(new Map()))
