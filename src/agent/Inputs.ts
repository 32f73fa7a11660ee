/**
 * Inputs that arrive during a turn: each is logged once, before the model call that gets it.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Item } from "../responses/Item.ts"
import type { SessionError } from "../session/SessionError.ts"
import { InputAdded, type SessionEvent, type TurnResumed } from "../session/SessionEvent.ts"
import type { Inbox, Waiting } from "./Inbox.ts"
import { Step } from "./Step.ts"

/**
 * The inputs of a turn that may have been run before. `inbox` is where new ones wait.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(turnId: string, inbox: Inbox | undefined) {
  const { recall, step } = yield* Step
  const pending = inbox?.pending ?? Effect.succeed<ReadonlyArray<Waiting>>([])
  let count = 0
  const key = () => `${turnId}/input/${count}`

  const recallOne = (n: number) => Effect.map(recall(key(), InputAdded), Option.filter((added) => added.step === n))

  const addOne = (one: Pick<InputAdded, "kind" | "input">, n: number) =>
    step(key(), InputAdded, Effect.succeed(InputAdded.make({ turnId, step: n, ...one })))

  const takeOne = Effect.fnUntraced(function*(waiting: Waiting, n: number) {
    const isKept = Effect.map(recall(key(), InputAdded), Option.isSome)
    const added = yield* addOne(waiting, n).pipe(
      // Once it is in the log it leaves the inbox, even if its event was not emitted.
      Effect.ensuring(
        Effect.ignore(
          Effect.flatMap(isKept, (isKept) => isKept && inbox !== undefined ? inbox.remove(waiting) : Effect.void)
        )
      )
    )
    count++
    return added
  })

  /** Whether there is input for model call `n`; new input counts only if that call may be made. */
  const hasMore = Effect.fnUntraced(function*(n: number, mayAsk: boolean) {
    if (Option.isSome(yield* recallOne(n))) return true
    return mayAsk && (yield* pending).length > 0
  })

  /** Waits until somebody says something. */
  const more = (n: number): Effect.Effect<boolean, SessionError> =>
    inbox === undefined ? Effect.never : Effect.flatMap(
      Effect.zipRight(inbox.arrival, hasMore(n, true)),
      (has) => has ? Effect.succeed(true) : more(n)
    )

  return {
    /** What model call `n` got in an earlier run of this turn. */
    recalled: Effect.fnUntraced(function*(n: number) {
      const heard: Array<InputAdded> = []
      for (let kept = yield* recallOne(n); Option.isSome(kept); kept = yield* recallOne(n)) {
        heard.push(kept.value)
        count++
      }
      return heard
    }),

    /** Adds an input that the turn itself has for model call `n`, or recalls it. */
    add: (n: number, kind: InputAdded["kind"], ...input: ReadonlyArray<Item>) =>
      Effect.tap(addOne({ kind, input }, n), () => {
        count++
      }),

    /** Takes all `steer` inputs for model call `n`. A turn that has its answer continues with the next `followUp`. */
    take: Effect.fnUntraced(function*(n: number, isAnswered: boolean) {
      const waiting = yield* pending
      const steers = waiting.filter(({ kind }) => kind === "steer")
      const next = isAnswered && steers.length === 0 ? waiting.slice(0, 1) : steers
      return yield* Effect.forEach(next, (one) => takeOne(one, n))
    }),

    hasMore,

    more
  }
})

/**
 * A change of effort with which a turn was resumed: the model call that it came before, and how many inputs of that call
 * had come before it.
 *
 * @since 0.1.0
 * @category models
 */
export interface EffortChange {
  readonly step: number
  readonly inputs: number
  readonly event: TurnResumed
}

/**
 * The changes of effort in the events of one turn.
 *
 * @since 0.1.0
 * @category accessors
 */
export const effortChanges = (events: ReadonlyArray<SessionEvent>): ReadonlyArray<EffortChange> => {
  const changes: Array<EffortChange> = []
  let step = 0
  let inputs = 0
  for (const event of events) {
    if (event._tag === "ModelResponded") {
      step++
      inputs = 0
    } else if (event._tag === "InputAdded") inputs++
    else if (event._tag === "TurnResumed" && event.effort !== undefined) changes.push({ step, inputs, event })
  }
  return changes
}

/**
 * The inputs of a model call with the changes of effort where they were made: what was sent once is sent the same ever
 * after.
 *
 * @since 0.1.0
 * @category combining
 */
export const withChanges = (
  inputs: ReadonlyArray<InputAdded>,
  step: number,
  changes: ReadonlyArray<EffortChange> = []
): ReadonlyArray<SessionEvent> =>
  changes.filter((change) => change.step === step).reduceRight<ReadonlyArray<SessionEvent>>(
    (events, change) => events.toSpliced(change.inputs, 0, change.event),
    inputs
  )
