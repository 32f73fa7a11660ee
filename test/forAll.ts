import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as fc from "fast-check"

/** Runs the effect for many values; a value that fails is told in its smallest form. */
export const forAll = <A>(
  arbitrary: fc.Arbitrary<A>,
  check: (value: A) => Effect.Effect<void>,
  parameters?: { readonly numRuns: number }
): Effect.Effect<void> =>
  Effect.flatMap(
    Effect.runtime(),
    (runtime) =>
      Effect.promise(() =>
        fc.assert(fc.asyncProperty(arbitrary, (value) => Runtime.runPromise(runtime)(check(value))), parameters)
      )
  )
