import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Tracer from "effect/Tracer"

/**
 * A span around an effect that records only the kind of its failure: a server's message may quote the request, and a
 * tracer keeps the failure that ends a span.
 */
export const redactedSpan = (name: string) =>
<A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<R, Tracer.ParentSpan>> =>
  Effect.suspend(() => {
    let whole: Cause.Cause<E> | undefined
    return effect.pipe(
      Effect.mapErrorCause((cause) => {
        whole = cause
        return Cause.map(cause, kindOf)
      }),
      Effect.withSpan(name),
      Effect.mapErrorCause((brief): Cause.Cause<E> => whole ?? Cause.flatMap(brief, () => Cause.empty))
    )
  })

/** Two words of our own at most: the name of the error, and its reason. */
const kindOf = (error: unknown): string => {
  const inner = Predicate.hasProperty(error, "error") ? error.error : error
  if (!Predicate.hasProperty(inner, "_tag") || !Predicate.isString(inner._tag)) return "Failure"
  const reason = Predicate.hasProperty(inner, "reason") ? inner.reason : undefined
  const word = Predicate.hasProperty(reason, "_tag") ? reason._tag : reason
  return Predicate.isString(word) ? `${inner._tag}: ${word}` : inner._tag
}
