/**
 * The built-in tool `process`: what is done with commands that stay.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as ToolDescriptions from "../../prompts/ToolDescriptions.ts"
import * as ToolFailures from "../../prompts/ToolFailures.ts"
import * as ToolOutputs from "../../prompts/ToolOutputs.ts"
import { type Listed, Processes, type Report } from "../command/Processes.ts"
import * as Tool from "../Tool.ts"

const defaultWait = Duration.seconds(30)

const Parameters = Schema.Struct({
  action: Schema.Literal("read", "write", "wait", "stop", "list").annotations({
    description:
      "read: what it has printed since the last time; write: give it text; wait: until it has ended, or the " +
      "time is over; stop: end it; list: all processes"
  }),
  id: Schema.optional(Schema.String.annotations({ description: "The handle that bash has given; not for list" })),
  text: Schema.optional(
    Schema.String.annotations({
      description: "For write: what it gets on its stdin, with \\n at the end of a line; " +
        "with a tty, \\u0003 is Ctrl-C and \\u0004 the end of its input"
    })
  ),
  timeout_ms: Schema.optional(
    Schema.Number.pipe(Schema.int(), Schema.between(1, 3_600_000)).annotations({
      description: `For wait: how long at most, in milliseconds (default ${Duration.toMillis(defaultWait)})`
    })
  )
})

/**
 * A session reaches only what it has started. What is written to a process is decided about like a call of unknown effect:
 * it may be a shell.
 *
 * @since 0.1.0
 * @category tools
 */
export const tool: Tool.Tool = Tool.make({
  name: "process",
  description: ToolDescriptions.process,
  parameters: Parameters,
  access: ({ action }) => action === "write" ? { kind: "other" } : Tool.nothing,
  // It dies with the host that has started it.
  replay: "never",
  describe: ({ action, id = "", text = "" }) =>
    action === "write" ? `write ${JSON.stringify(text)} to the process ${id}` : `${action} ${id}`.trim(),
  handler: ({ action, id, text = "", timeout_ms }, { sessionId }): Effect.Effect<Tool.Result, Tool.ToolFailure> =>
    Effect.gen(function*() {
      const processes = yield* Processes
      if (action === "list") return listOf(yield* processes.list(sessionId))
      if (id === undefined) return yield* new Tool.ToolFailure({ message: ToolFailures.processNeedsId })
      switch (action) {
        case "read":
          return resultOf(yield* processes.read(sessionId, id))
        case "write":
          yield* processes.write(sessionId, id, text)
          return new Tool.Result({ output: ToolOutputs.written(id) })
        case "wait": {
          const time = timeout_ms === undefined ? defaultWait : Duration.millis(timeout_ms)
          return resultOf(yield* processes.wait(sessionId, id, time))
        }
        case "stop":
          return resultOf(yield* processes.stop(sessionId, id))
      }
    }).pipe(Effect.catchTag("ProcessFailure", ({ message }) => new Tool.ToolFailure({ message })))
})

const stateOf = ({ ending }: Listed): string =>
  ending === undefined
    ? ToolOutputs.processRuns
    : ending._tag === "Exited"
    ? ToolOutputs.processExited(ending.code)
    : ToolOutputs.processKilled(ending.signal)

const detailsOf = ({ ending, id, total }: Listed) => ({
  process: id,
  total_bytes: total,
  running: ending === undefined,
  ...ending?._tag === "Exited" ? { exit_code: ending.code } : {},
  ...ending?._tag === "Killed" ? { signal: ending.signal } : {}
})

const listOf = (all: ReadonlyArray<Listed>): Tool.Result =>
  new Tool.Result({
    output: all.length === 0
      ? ToolOutputs.noProcesses
      : all.map((one) => ToolOutputs.processListed({ ...one, state: stateOf(one) })).join("\n"),
    details: { processes: all.map((one) => ({ command: one.command, ...detailsOf(one) })) }
  })

const resultOf = (report: Report): Tool.Result => {
  const { id, output: { isCut, shownLines, text }, total } = report
  return new Tool.Result({
    output: [
      ...text === "" ? [] : [text.endsWith("\n") ? text.slice(0, -1) : text],
      ...isCut ? [ToolOutputs.processOutputCut(shownLines)] : [],
      ToolOutputs.processReport({ id, state: stateOf(report), total, isSilent: text === "" })
    ].join("\n"),
    details: detailsOf(report)
  })
}
