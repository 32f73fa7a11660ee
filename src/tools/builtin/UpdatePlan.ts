/**
 * The built-in tool `update_plan`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as ToolDescriptions from "../../prompts/ToolDescriptions.ts"
import * as ToolFailures from "../../prompts/ToolFailures.ts"
import * as ToolOutputs from "../../prompts/ToolOutputs.ts"
import * as Tool from "../Tool.ts"

const maxEntries = 50

const Entry = Schema.Struct({
  step: Schema.NonEmptyString.pipe(Schema.maxLength(500)).annotations({
    description: "What is done in it, in a few words"
  }),
  status: Schema.Literal("pending", "in_progress", "completed")
})

const Parameters = Schema.Struct({
  entries: Schema.Array(Entry).pipe(Schema.maxItems(maxEntries)).annotations({
    description: "All steps in order; at most one is in_progress"
  }),
  explanation: Schema.optional(Schema.String.annotations({ description: "Why the plan has changed" }))
})

/**
 * Shows the user the model's plan, and its progress. The plan is in the details of the call.
 *
 * @since 0.1.0
 * @category tools
 */
export const tool: Tool.Tool = Tool.make({
  name: "update_plan",
  description: ToolDescriptions.updatePlan,
  parameters: Parameters,
  concurrency: "exclusive",
  access: () => Tool.nothing,
  replay: "safe",
  describe: ({ entries }) => `show a plan of ${entries.length} steps`,
  handler: ({ entries, explanation }) =>
    entries.filter(({ status }) => status === "in_progress").length > 1
      ? new Tool.ToolFailure({ message: ToolFailures.severalInProgress })
      : Effect.succeed(
        new Tool.Result({
          output: ToolOutputs.planShown,
          details: { plan: entries, ...(explanation === undefined ? {} : { explanation }) }
        })
      )
})
