/**
 * Whoever can be asked whether a call may run.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"

/**
 * - `text` what the call would do, in a line
 * - `always` what "always" would allow for the rest of the session, in a line
 *
 * @since 0.1.0
 * @category models
 */
export interface Question {
  readonly sessionId: string
  readonly tool: string
  readonly text: string
  readonly always: string
}

/** @since 0.1.0 @category models */
export type Answer = "once" | "always" | "no"

/** @since 0.1.0 @category models */
export interface Asking {
  /** The answer, or nothing if nobody is there to give one. Questions come one at a time. */
  readonly ask: (question: Question) => Effect.Effect<Option.Option<Answer>>
}

/**
 * Nobody, unless somebody is provided: a question is then never waited for.
 *
 * @since 0.1.0
 * @category references
 */
export class Approver extends Context.Reference<Approver>()("effixir/tools/Approver", {
  defaultValue: (): Asking => ({ ask: () => Effect.succeedNone })
}) {}

/** @since 0.1.0 @category layers */
export const layer = (ask: Asking["ask"]): Layer.Layer<never> => Layer.succeed(Approver, { ask })

/**
 * Nobody is there.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerNobody: Layer.Layer<never> = layer(() => Effect.succeedNone)

/**
 * Gives answers in their order, and then nobody is there any more.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerScripted = (...answers: ReadonlyArray<Answer>): Layer.Layer<never> =>
  Layer.effect(
    Approver,
    Effect.map(Ref.make(0), (count) => ({
      ask: () => Effect.map(Ref.getAndUpdate(count, (n) => n + 1), (n) => Option.fromNullable(answers[n]))
    }))
  )
