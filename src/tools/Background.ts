/**
 * Work that a call has begun and that goes on beside its turn: it has a handle, can be waited for and stopped, and ends
 * with the turn at the latest.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Children from "../prompts/Children.ts"
import * as ToolFailures from "../prompts/ToolFailures.ts"
import { type Child, type Result, ToolFailure } from "./Tool.ts"

/** How much of one turn goes on at a time. */
const maxRunning = 8

/** Tells what the work is about to do. */
type Progress = (text: string, child: Child) => Effect.Effect<void>

/**
 * `end` is absent as long as it goes on.
 *
 * @since 0.1.0
 * @category models
 */
export interface Report {
  readonly id: string
  readonly title: string
  readonly end: Option.Option<End>
}

/** @since 0.1.0 @category models */
export type End =
  | { readonly _tag: "Done"; readonly result: Result }
  | { readonly _tag: "Failed"; readonly message: string }
  | { readonly _tag: "Stopped" }

/**
 * What a call may do with such work.
 *
 * @since 0.1.0
 * @category models
 */
export interface Background {
  /** Begins it, and gives its handle. What it is about to do is told to who waits for it, and else to `progress`. */
  readonly start: <R>(
    title: string,
    progress: Progress,
    work: (progress: Progress) => Effect.Effect<Result, ToolFailure, R>
  ) => Effect.Effect<string, ToolFailure, R>
  /** Waits until it has ended, for so long at most. */
  readonly wait: (id: string, time: Duration.DurationInput, progress: Progress) => Effect.Effect<Report, ToolFailure>
  readonly stop: (id: string) => Effect.Effect<Report, ToolFailure>
  readonly list: Effect.Effect<ReadonlyArray<Report>>
}

/**
 * The same for the turn itself.
 *
 * @since 0.1.0
 * @category models
 */
export interface OfTurn extends Background {
  /** What has ended and was told to nobody; each once. */
  readonly ended: Effect.Effect<ReadonlyArray<Report>>
  /** Waits until something has ended that was told to nobody; false if nothing goes on. */
  readonly next: Effect.Effect<boolean>
  /** Adds what had begun before the turn was cut off, with how it has ended; nothing if it is there. */
  readonly restore: (id: string, title: string, end: End) => Effect.Effect<void>
}

interface Task {
  readonly id: string
  readonly title: string
  readonly end: Deferred.Deferred<End>
  fiber: Fiber.Fiber<unknown> | undefined
  waiting: Progress | undefined
  isTold: boolean
}

const stopped: End = { _tag: "Stopped" }

/** A bug of the work: who has begun it is told, and whoever runs the program. */
const brokenDown = (title: string, cause: Cause.Cause<never>): Effect.Effect<End> => {
  const defect = Cause.squash(cause)
  const message = ToolFailures.threw(title, defect instanceof Error ? defect.message : String(defect))
  return Effect.as(Effect.logWarning(message, cause), { _tag: "Failed", message })
}

/**
 * It is all interrupted with the Scope. `last` is the number of the last handle that was given before, asked for when
 * the next one is needed: a handle means one thing in all of a session.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Tool } from "effixir"
 * import { Background } from "effixir/tools"
 *
 * const quiet = () => Effect.void
 *
 * // Counts while the turn does something else, and is stopped with the Scope at the latest.
 * const report = Effect.gen(function*() {
 *   const background = yield* Background.make(Effect.succeed(0))
 *   const id = yield* background.start("count", quiet, () => Effect.succeed(new Tool.Result({ output: "412 tests" })))
 *   return yield* background.wait(id, "1 minute", quiet)
 * }).pipe(Effect.scoped)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  last: Effect.Effect<number, ToolFailure>
): Effect.fn.Return<OfTurn, never, Scope.Scope> {
  const before = yield* Effect.cached(last)
  let begun = 0
  const scope = yield* Effect.scope
  const tasks = new Map<string, Task>()
  const ends = yield* Queue.sliding<void>(1)

  const report = ({ end, id, title }: Task): Effect.Effect<Report> =>
    Effect.map(Effect.flatMap(Deferred.poll(end), Effect.transposeOption), (end) => ({ id, title, end }))

  /** Who gets a report of an end has been told. */
  const tell = (task: Task) =>
    Effect.tap(report(task), ({ end }) =>
      Effect.sync(() => {
        task.isTold ||= Option.isSome(end)
      }))

  const find = (id: string) => {
    const task = tasks.get(id)
    return task === undefined ? new ToolFailure({ message: Children.noSuch(id) }) : Effect.succeed(task)
  }

  const all = Effect.suspend(() => Effect.forEach(tasks.values(), report))
  const isRunning = ({ end }: Report) => Option.isNone(end)
  const untold = Effect.suspend(() =>
    Effect.filter(
      [...tasks.values()],
      (task) => Effect.map(report(task), ({ end }) => !task.isTold && Option.isSome(end))
    )
  )

  const next: OfTurn["next"] = Effect.gen(function*() {
    if ((yield* untold).length > 0) return true
    if (!(yield* all).some(isRunning)) return false
    yield* ends.take
    return yield* next
  })

  return {
    start: (title, progress, work) =>
      Effect.gen(function*() {
        const given = yield* before
        if ((yield* all).filter(isRunning).length >= maxRunning) {
          return yield* new ToolFailure({ message: Children.tooMany(maxRunning) })
        }
        const end = yield* Deferred.make<End>()
        const task: Task = {
          id: `a${given + ++begun}`,
          title,
          end,
          fiber: undefined,
          waiting: undefined,
          isTold: false
        }
        tasks.set(task.id, task)
        task.fiber = yield* work((text, child) => (task.waiting ?? progress)(text, child)).pipe(
          Effect.match({
            onFailure: ({ message }): End => ({ _tag: "Failed", message }),
            onSuccess: (result): End => ({ _tag: "Done", result })
          }),
          Effect.catchAllCause((cause) =>
            Cause.isInterruptedOnly(cause) ? Effect.failCause(cause) : brokenDown(title, cause)
          ),
          Effect.onExit((exit) => Deferred.succeed(end, Exit.isSuccess(exit) ? exit.value : stopped)),
          Effect.ensuring(ends.offer(undefined)),
          Effect.interruptible,
          Effect.forkIn(scope)
        )
        return task.id
      }),
    wait: (id, time, progress) =>
      Effect.flatMap(find(id), (task) =>
        Effect.acquireUseRelease(
          Effect.sync(() => {
            task.waiting = progress
          }),
          () => Effect.timeoutOption(Deferred.await(task.end), time),
          () =>
            Effect.sync(() => {
              task.waiting = undefined
            })
        ).pipe(Effect.zipRight(tell(task)))),
    stop: (id) =>
      Effect.flatMap(
        find(id),
        (task) => Effect.zipRight(task.fiber === undefined ? Effect.void : Fiber.interrupt(task.fiber), tell(task))
      ),
    list: all,
    ended: Effect.flatMap(untold, (ended) => Effect.forEach(ended, tell)),
    next,
    restore: (id, title, ended) =>
      Effect.gen(function*() {
        if (tasks.has(id)) return
        const end = yield* Deferred.make<End>()
        yield* Deferred.succeed(end, ended)
        tasks.set(id, { id, title, end, fiber: undefined, waiting: undefined, isTold: false })
      })
  }
})
