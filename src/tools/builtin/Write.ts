/**
 * The built-in tool `write`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as ToolDescriptions from "../../prompts/ToolDescriptions.ts"
import * as ToolOutputs from "../../prompts/ToolOutputs.ts"
import * as Tool from "../Tool.ts"
import * as FilePlan from "../workspace/FilePlan.ts"
import * as FileRecovery from "../workspace/FileRecovery.ts"
import type { Files } from "../workspace/Files.ts"
import type { SeenFiles } from "../workspace/SeenFiles.ts"
import * as TextFile from "../workspace/TextFile.ts"
import type { Workspace } from "../workspace/Workspace.ts"

const Parameters = Schema.Struct({
  path: Schema.String.annotations({ description: "The file, relative to the workspace" }),
  content: Schema.String.annotations({ description: "The whole new content" })
})

/**
 * Makes a file, or replaces one as a whole.
 *
 * @since 0.1.0
 * @category tools
 */
export const tool: Tool.Tool<Files | SeenFiles | Workspace> = Tool.make({
  name: "write",
  description: ToolDescriptions.write,
  parameters: Parameters,
  concurrency: "exclusive",
  access: ({ path }) => Tool.writes(path),
  describe: ({ content, path }) => `write ${sizeOf(content)} bytes to ${path}`,
  intent: (parameters) => Effect.flatMap(plan(parameters), FileRecovery.intentOf),
  replay: ({ content, path }, { intent }) => FileRecovery.reconcile(intent, ToolOutputs.wrote(sizeOf(content), path)),
  preview: (parameters) => Effect.flatMap(plan(parameters), FilePlan.preview),
  handler: (parameters, context) =>
    Effect.map(
      FilePlan.carryOut(plan(parameters), context),
      (changes) =>
        new Tool.Result({
          output: ToolOutputs.wrote(sizeOf(parameters.content), parameters.path),
          details: FilePlan.details(changes)
        })
    )
})

const plan = ({ content, path }: typeof Parameters.Type) =>
  Effect.map(TextFile.target(path), (target): FilePlan.Plan => [{ ...target, after: content }])

const sizeOf = (content: string): number => new TextEncoder().encode(content).length
