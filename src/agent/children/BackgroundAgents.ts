/**
 * The tool `agents`: what is done with agents that work in the background. What comes of them is told to the model without
 * it too.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Children from "../../prompts/Children.ts"
import { developerMessage, type Item } from "../../responses/Item.ts"
import { outputText } from "../../responses/ToolCall.ts"
import type { Report } from "../../tools/Background.ts"
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
  // Agents end with the turn that a crash has cut off: it is told that there is none any more.
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
 * What the model is told when an agent has ended, in the middle of its turn.
 *
 * @since 0.1.0
 * @category conversions
 */
export const told = (report: Report): Item => developerMessage(words(report))

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
