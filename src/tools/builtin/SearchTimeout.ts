/**
 * How long a search may take; after that, the matches found so far are shown.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as CutOutput from "../../prompts/CutOutput.ts"

const limit = Duration.seconds(30)

/** @since 0.1.0 @category limits */
export const note = CutOutput.searchStopped(Duration.format(limit))

/**
 * Whether a search finished in time.
 *
 * @since 0.1.0
 * @category limits
 */
export const endsInTime = <E, R>(search: Effect.Effect<unknown, E, R>): Effect.Effect<boolean, E, R> =>
  Effect.map(Effect.timeoutOption(search, limit), Option.isSome)
