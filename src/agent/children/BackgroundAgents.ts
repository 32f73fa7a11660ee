/**
 * The tool `agents`: what is done with agents that work in the background. The model is told without it that one has
 * ended; what it has said is data, and comes as the output of a call.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 * import { SessionStore, Toolkit } from "effixir"
 * import { BackgroundAgents } from "effixir/agent"
 *
 * const toolkit = Toolkit.make(BackgroundAgents.tool)
 * const isOurs = (call: { readonly name: string }) => call.name === BackgroundAgents.name
 *
 * const lastHandle = Effect.gen(function*() {
 *   const store = yield* SessionStore.SessionStore
 *   return BackgroundAgents.lastNumber(yield* store.read("s1"))
 * })
 *
 * type Known = Parameters<typeof BackgroundAgents.recall>
 * const forget = (background: Known[0], ended: Known[1]) =>
 *   BackgroundAgents.recall(background, ended, () => Effect.succeed(Option.none()))
 * const message = (report: Parameters<typeof BackgroundAgents.told>[0]) => BackgroundAgents.told(report)
 * ```
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { text } from "../../internal/json.ts"
import * as Children from "../../prompts/Children.ts"
import { developerMessage, type Item } from "../../responses/Item.ts"
import { outputText } from "../../responses/ToolCall.ts"
import type { Stored, ToolEnded } from "../../session/SessionEvent.ts"
import type { OfTurn, Report } from "../../tools/Background.ts"
import * as Tool from "../../tools/Tool.ts"

/** @since 0.1.0 @category constants */
export const name = "agents"

const defaultWait = Duration.minutes(5)

const Parameters = Schema.Struct({
  action: Schema.Literal("wait", "stop", "list").annotations({
    description: "wait: until it has ended, or the time is over; stop: end it; list: all of them"
  }),
  id: Schema.optional(Schema.String.annotations({ description: "The handle that agent has given; not for list" })),
  timeout_ms: Schema.optional(
    Schema.Number.pipe(Schema.int(), Schema.between(1, 3_600_000)).annotations({
      description: `For wait: how long at most, in milliseconds (default ${Duration.toMillis(defaultWait)})`
    })
  )
})

/** @since 0.1.0 @category tools */
export const tool: Tool.Tool = Tool.make({
  name,
  description: Children.agents,
  parameters: Parameters,
  access: () => Tool.nothing,
  // Agents end with the turn that a crash has cut off: it is told what had come of them.
  replay: "safe",
  describe: ({ action, id = "" }) => `${action} ${id}`.trim(),
  handler: ({ action, id, timeout_ms }, { background, progress }): Effect.Effect<Tool.Result, Tool.ToolFailure> =>
    Effect.gen(function*() {
      if (background === undefined) return yield* new Tool.ToolFailure({ message: Children.notHere })
      if (action === "list") {
        const all = yield* background.list
        return new Tool.Result({ output: all.length === 0 ? Children.noAgents : all.map(state).join("\n") })
      }
      if (id === undefined) return yield* new Tool.ToolFailure({ message: Children.needsId })
      const time = timeout_ms === undefined ? defaultWait : Duration.millis(timeout_ms)
      return resultOf(yield* action === "stop" ? background.stop(id) : background.wait(id, time, progress))
    })
})

const resultOf = (report: Report): Tool.Result => {
  const end = Option.getOrUndefined(report.end)
  return new Tool.Result({
    output: words(report),
    details: { id: report.id, running: end === undefined, ...end?._tag === "Done" ? end.result.details : {} }
  })
}

/**
 * What the model is told when an agent has ended, in the middle of its turn: nothing that the agent has said, which may
 * be from anywhere, and a message of this kind outranks the user.
 *
 * @since 0.1.0
 * @category conversions
 */
export const told = ({ end, id, title }: Report): Item =>
  developerMessage(
    Option.exists(end, ({ _tag }) => _tag === "Done") ? Children.done(title, id) : Children.endedEarly(title, id)
  )

/** What a call that has begun an agent in the background says of it for user interfaces, and for a turn that resumes. */
const begunBy = ({ details }: ToolEnded) => {
  const [id, agent, sessionId] = [text(details?.["id"]), text(details?.["agent"]), text(details?.["session_id"])]
  return details?.["background"] === true && id !== undefined && agent !== undefined
    ? { id, agent, sessionId }
    : undefined
}

/**
 * The number of the last handle in a log; 0 if there is none.
 *
 * @since 0.1.0
 * @category accessors
 */
export const lastNumber = (log: ReadonlyArray<Stored>): number =>
  log.reduce((last, { event }) => {
    const id = event._tag === "ToolEnded" ? begunBy(event)?.id : undefined
    return Math.max(last, Number(/^a(\d+)$/.exec(id ?? "")?.[1] ?? 0))
  }, 0)

/**
 * Has a turn that resumes know again what one of its calls had begun, or heard of. `answerOf` is the answer with which a
 * session has ended.
 *
 * @since 0.1.0
 * @category combining
 */
export const recall = Effect.fnUntraced(function*(
  background: OfTurn,
  ended: ToolEnded,
  answerOf: (sessionId: string) => Effect.Effect<Option.Option<string>>
) {
  const begun = begunBy(ended)
  if (begun !== undefined) {
    const { agent, id, sessionId } = begun
    const answer = sessionId === undefined ? Option.none() : yield* answerOf(sessionId)
    return yield* background.restore(
      id,
      agent,
      Option.match(answer, {
        onNone: () => ({ _tag: "Failed", message: Children.interrupted(agent) }),
        onSome: (output) => ({ _tag: "Done", result: new Tool.Result({ output }) })
      })
    )
  }
  const id = text(ended.details?.["id"])
  // It has ended, and the model has heard how.
  if (ended.call.name === name && ended.details?.["running"] === false && id !== undefined) {
    yield* Effect.ignore(background.stop(id))
  }
})

const words = ({ end, id, title }: Report): string =>
  Option.match(end, {
    onNone: () => Children.stillWorks(title, id),
    onSome: (end) => {
      switch (end._tag) {
        case "Done":
          return Children.answered(title, id, outputText(end.result.output))
        case "Failed":
          return Children.endedWithout(id, end.message)
        case "Stopped":
          return Children.stopped(title, id)
      }
    }
  })

/** In a line. */
const state = ({ end, id, title }: Report): string =>
  Children.listed(title, id, Option.match(end, { onNone: () => "works", onSome: ({ _tag }) => _tag.toLowerCase() }))
