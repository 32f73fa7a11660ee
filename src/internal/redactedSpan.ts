import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Tracer from "effect/Tracer"

/**
 * A span around an effect that records only the kind of its failure: a server's message may quote the request, and a
 * tracer keeps the failure that ends a span. It holds no place in the code either, which is a path of this machine.
 */
export const redactedSpan = (name: string, options?: Tracer.SpanOptions) =>
<A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<R, Tracer.ParentSpan>> =>
  Effect.suspend(() => {
    let whole: Cause.Cause<E> | undefined
    return effect.pipe(
      Effect.tapErrorCause((cause) => {
        whole = cause
        const kind = kindOfCause(cause)
        return kind === undefined ? Effect.void : Effect.annotateCurrentSpan("error.type", kind)
      }),
      Effect.mapErrorCause(redacted),
      Effect.withSpan(name, { ...options, captureStackTrace: false }),
      Effect.mapErrorCause((brief): Cause.Cause<E> => whole ?? Cause.flatMap(brief, () => Cause.empty))
    )
  })

/** A failure as a span may hold it. */
export const redacted = (cause: Cause.Cause<unknown>): Cause.Cause<string> => {
  const kind = kindOfCause(cause)
  return kind === undefined ? Cause.flatMap(cause, () => Cause.empty) : Cause.fail(kind)
}

/** Two words of our own at most, the name of the error and its reason; nothing for an interruption. */
export const kindOfCause = (cause: Cause.Cause<unknown>): string | undefined => {
  if (Cause.isInterruptedOnly(cause)) return undefined
  const error = Cause.squash(cause)
  const inner = Predicate.hasProperty(error, "error") ? error.error : error
  if (!Predicate.hasProperty(inner, "_tag") || !Predicate.isString(inner._tag)) return "Failure"
  const reason = Predicate.hasProperty(inner, "reason") ? inner.reason : undefined
  const word = Predicate.hasProperty(reason, "_tag") ? reason._tag : reason
  return Predicate.isString(word) ? `${inner._tag}: ${word}` : inner._tag
}
