import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { field, text } from "./json.ts"

/**
 * A span that is told of a failure only by the names of the error and its reason: what a server says of a request may
 * quote it, and what a span is told leaves the machine.
 */
export const spanned = (name: string) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    let told: Cause.Cause<E> = Cause.empty
    return self.pipe(
      Effect.catchAllCause((cause) => {
        told = cause
        return Effect.failCause(Cause.map(cause, (error) => new Cause.RuntimeException(nameOf(error))))
      }),
      Effect.withSpan(name),
      Effect.catchAllCause(() => Effect.failCause(told))
    )
  })

const nameOf = (error: unknown): string => {
  const reason = field(error, "reason")
  const names = [text(field(error, "_tag")), text(reason) ?? text(field(reason, "_tag"))]
  return names.filter((name) => name !== undefined).join(": ")
}
