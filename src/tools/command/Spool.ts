/**
 * The output of a command while it comes in: its end in memory, and all of it in an artifact once it is too long to be
 * shown.
 *
 * @internal
 */
import type { PlatformError } from "@effect/platform/Error"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as hideBytes from "../../auth/hideBytes.ts"
import { Secrets } from "../../auth/Secrets.ts"
import type { CallContext } from "../Tool.ts"
import { type Artifact, Artifacts, maxBytes } from "./Artifacts.ts"
import * as BoundedOutput from "./BoundedOutput.ts"
import * as PlainOutput from "./PlainOutput.ts"

/** @since 0.1.0 @category models */
export interface Spool {
  readonly push: (bytes: Chunk.Chunk<Uint8Array>) => Effect.Effect<void>
  readonly read: Effect.Effect<Spooled>
}

/**
 * `location` is where all of the output is, or, if there was a `problem`, its beginning; `removed` the locations of
 * older outputs that were deleted to make room for it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Spooled extends BoundedOutput.Tail {
  readonly location: string | undefined
  readonly removed: ReadonlyArray<string>
  readonly problem: PlatformError | undefined
}

/** @since 0.1.0 @category constructors */
export const make: (
  context: CallContext
) => Effect.Effect<Spool, never, Artifacts | Scope.Scope> = Effect.fnUntraced(
  function*({ callId, progress, sessionId }) {
    const artifacts = yield* Artifacts
    const scope = yield* Effect.scope
    const tail = BoundedOutput.makeTail()
    const plain = PlainOutput.make()
    const hider = hideBytes.make((yield* Secrets).hider())
    let beginning: Array<Uint8Array> = []
    let artifact: Artifact | undefined
    let room = maxBytes
    let problem: PlatformError | undefined

    const begin = Effect.gen(function*() {
      const begun = yield* Effect.provideService(artifacts.begin(sessionId, callId), Scope.Scope, scope)
      yield* Effect.forEach(beginning, (bytes) => write(begun, bytes), { discard: true })
      artifact = begun
      beginning = []
    })

    /** Secrets are removed from the artifact; output beyond its limit is not scanned. */
    const write = (artifact: Artifact, bytes: Uint8Array): Effect.Effect<void, PlatformError> => {
      const part = bytes.subarray(0, room)
      room -= part.length
      return part.length === 0 ? Effect.void : artifact.write(hider.push(part))
    }

    const keep = (bytes: Uint8Array): Effect.Effect<void, PlatformError> => {
      if (problem !== undefined) return Effect.void
      if (artifact !== undefined) return write(artifact, bytes)
      beginning.push(bytes)
      return tail.isCut() ? begin : Effect.void
    }

    /** A command must not fail because its output could not be stored. */
    const giveUp = (error: PlatformError) =>
      Effect.sync(() => {
        problem = error
        beginning = []
      })

    const add = (bytes: Uint8Array) =>
      Effect.suspend(() => {
        if (bytes.length === 0) return Effect.void
        tail.push(bytes)
        return Effect.catchAll(keep(bytes), giveUp)
      })

    return {
      push: (chunk) =>
        Effect.forEach(chunk, (bytes) => Effect.suspend(() => add(plain.push(bytes))), { discard: true }).pipe(
          Effect.zipRight(progress(latest(chunk)))
        ),
      read: Effect.gen(function*() {
        yield* add(plain.rest())
        const shown = tail.read()
        // Invalid bytes take more room once decoded.
        if (shown.isCut && artifact === undefined && problem === undefined) yield* Effect.catchAll(begin, giveUp)
        if (artifact !== undefined) yield* Effect.catchAll(artifact.write(hider.rest()), giveUp)
        return { ...shown, location: artifact?.location, removed: artifact?.removed ?? [], problem }
      })
    }
  }
)

const latest = (chunk: Chunk.Chunk<Uint8Array>): string =>
  Option.match(Chunk.last(chunk), { onNone: () => "", onSome: (bytes) => decoder.decode(bytes.slice(-shownBytes)) })

/** How much of the latest output is shown while the command runs. */
const shownBytes = 1000

const decoder = new TextDecoder()
