/**
 * Tools by which a turn waits for hours or days: until a time, or for somebody's answer.
 *
 * A turn that waits on a runner takes no fiber and no memory there: it ends for its runner, and its log stays open. A message
 * with the time of its delivery lies in the database, and whichever runner has the session then goes on with the turn.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { waitForAnswer, waitUntil } from "../prompts/ToolDescriptions.ts"
import * as ToolFailures from "../prompts/ToolFailures.ts"
import * as ToolOutputs from "../prompts/ToolOutputs.ts"
import type { Stored, ToolStarted } from "../session/SessionEvent.ts"
import * as Tool from "../tools/Tool.ts"
import * as Toolkit from "../tools/Toolkit.ts"

/**
 * What a turn can do on a runner.
 *
 * - `suspend` ends it for its runner, until a time (in milliseconds) or until somebody says something
 * - `woken` why it goes on: with the words that somebody has said, or without, as the time has come
 *
 * @internal
 */
export interface Suspension {
  readonly suspend: (until: number | undefined) => Effect.Effect<never>
  readonly woken: { readonly words: string | undefined } | undefined
}

/**
 * The suspension of the turn that a fiber works for; none where no runner runs it.
 *
 * @internal
 */
export const suspension: FiberRef.FiberRef<Suspension | undefined> = globalValue(
  "effixir/cluster/Waits/suspension",
  () => FiberRef.unsafeMake<Suspension | undefined>(undefined)
)

/** A time, or how long from now. */
const read = (text: string): Option.Option<(now: number) => number> =>
  Option.orElse(
    Option.map(Option.fromNullable(durationOf(text)), (duration) => (now: number) => now + Duration.toMillis(duration)),
    // Other words with a number in them are times of the year 2001 to `Date`.
    () => date.test(text) ? Option.map(DateTime.make(text), (time) => () => time.epochMillis) : Option.none()
  )

const date = /^\s*\d{4}-\d{2}-\d{2}/

const durationOf = (text: string): Duration.Duration | undefined => {
  const [, amount, unit] = /^\s*(\d+(?:\.\d+)?)\s*(second|minute|hour|day|week)s?\s*$/.exec(text) ?? []
  const make = units[unit ?? ""]
  const duration = amount === undefined ? undefined : make?.(Number(amount))
  return duration !== undefined && Duration.lessThanOrEqualTo(duration, longest) ? duration : undefined
}

/** A hundred years: a message whose time is no date any more cannot be left. */
const longest = Duration.days(36_525)

const units: { readonly [unit: string]: (amount: number) => Duration.Duration } = {
  second: Duration.seconds,
  minute: Duration.minutes,
  hour: Duration.hours,
  day: Duration.days,
  week: Duration.weeks
}

const Time = Schema.String.pipe(
  Schema.filter((text) =>
    Option.isSome(read(text)) || "expected a time such as 2030-01-31T09:00:00Z, or how long, such as 3 hours"
  )
)

/** Ends the turn for its runner; without one, its fiber waits here, and nobody can say anything. */
const wait = Effect.fnUntraced(function*(time: string | undefined) {
  const now = yield* Clock.currentTimeMillis
  const until = time === undefined ? undefined : Option.getOrThrow(read(time))(now)
  const here = yield* FiberRef.get(suspension)
  if (until !== undefined && until <= now) return
  if (here !== undefined) return yield* here.suspend(until)
  if (until === undefined) return yield* new Tool.ToolFailure({ message: ToolFailures.nobodyToAnswer })
  yield* Effect.sleep(until - now)
})

/** The end of a call that was woken; one that was not waits on. */
const reconcile = (timeIsUp: string) =>
  Effect.map(FiberRef.get(suspension), (here) => {
    if (here?.woken === undefined) return Tool.notDone
    const { words } = here.woken
    return Tool.done(words === undefined ? timeIsUp : ToolOutputs.said(words))
  })

/** Waits until a time; what somebody says meanwhile ends it early. */
const until = Tool.make({
  name: "wait_until",
  description: waitUntil,
  parameters: Schema.Struct({
    time: Time.annotations({
      description: "A time with its offset, such as 2030-01-31T09:00:00Z, or how long from now: 90 minutes, 3 days"
    })
  }),
  concurrency: "exclusive",
  access: () => Tool.nothing,
  describe: ({ time }) => `wait until ${time}`,
  replay: () => reconcile(ToolOutputs.timeHasCome),
  handler: ({ time }) => Effect.as(wait(time), ToolOutputs.timeHasCome)
})

/** Waits for what somebody says to the session. */
const forAnswer = Tool.make({
  name: "wait_for_answer",
  description: waitForAnswer,
  parameters: Schema.Struct({
    question: Schema.NonEmptyString.annotations({ description: "What is asked, as the person is to read it" }),
    at_most: Schema.optional(Time.annotations({
      description: "When to go on without an answer: a time with its offset, or how long from now, such as 2 days"
    }))
  }),
  concurrency: "exclusive",
  access: () => Tool.nothing,
  describe: ({ question }) => `wait for an answer to: ${question}`,
  replay: () => reconcile(ToolOutputs.noAnswer),
  handler: ({ at_most }) => Effect.as(wait(at_most), ToolOutputs.noAnswer)
})

/**
 * `wait_until` and `wait_for_answer`. What is said to a session (`say` of `ClusterSessions`) is the answer. On one machine, without
 * runners, `wait_until` waits as long as its process lives.
 *
 * @since 0.1.0
 * @category tools
 */
export const toolkit: Toolkit.Toolkit = Toolkit.make(until, forAnswer)

const names: ReadonlySet<string> = new Set(toolkit.tools.keys())

/**
 * The call that a turn waits in: the only one that has begun, as it runs alone.
 *
 * @internal
 */
export const waitingCall = (events: ReadonlyArray<Stored>): ToolStarted | undefined => {
  const ended = new Set(events.flatMap(({ event }) => event._tag === "ToolEnded" ? [event.itemId] : []))
  const open = events.flatMap(({ event }) => event._tag === "ToolStarted" && !ended.has(event.itemId) ? [event] : [])
  return open.findLast(({ call }) => names.has(call.name))
}
