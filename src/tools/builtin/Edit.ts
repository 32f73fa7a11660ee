/**
 * The built-in tool `edit`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as EditFailures from "../../prompts/EditFailures.ts"
import * as ToolDescriptions from "../../prompts/ToolDescriptions.ts"
import * as ToolOutputs from "../../prompts/ToolOutputs.ts"
import * as Tool from "../Tool.ts"
import * as FilePlan from "../workspace/FilePlan.ts"
import type { Files } from "../workspace/Files.ts"
import type { SeenFiles } from "../workspace/SeenFiles.ts"
import * as TextFile from "../workspace/TextFile.ts"
import type { Workspace } from "../workspace/Workspace.ts"
import * as ClosestMatch from "./ClosestMatch.ts"

const Parameters = Schema.Struct({
  path: Schema.String.annotations({ description: "The file, relative to the workspace" }),
  old_string: Schema.String.annotations({ description: "The text to replace, exactly as it stands in the file" }),
  new_string: Schema.String.annotations({ description: "The text to put in its place" }),
  replace_all: Schema.optional(
    Schema.Boolean.annotations({ description: "Replace every occurrence; without it there must be exactly one" })
  )
})

/**
 * Replaces a piece of a file that is quoted exactly.
 *
 * @since 0.1.0
 * @category tools
 */
export const tool: Tool.Tool<Files | SeenFiles | Workspace> = Tool.make({
  name: "edit",
  description: ToolDescriptions.edit,
  parameters: Parameters,
  concurrency: "exclusive",
  access: ({ path }) => Tool.writes(path),
  describe: ({ path, replace_all }) => `replace ${replace_all === true ? "every occurrence of " : ""}a text in ${path}`,
  preview: (parameters, { sessionId }) =>
    Effect.flatMap(edit(parameters, sessionId), ({ plan }) => FilePlan.preview(plan)),
  handler: (parameters, context) =>
    Effect.gen(function*() {
      let output = ""
      const plan = Effect.map(edit(parameters, context.sessionId), ({ plan, said }) => {
        output = said
        return plan
      })
      const changes = yield* FilePlan.carryOut(plan, context)
      return new Tool.Result({ output, details: FilePlan.details(changes) })
    })
})

/** Computes the new content of the file, and the message to the model. */
const edit = Effect.fnUntraced(function*(parameters: typeof Parameters.Type, session: string) {
  const { new_string, old_string, path, replace_all } = parameters
  if (old_string === "") return yield* fail(EditFailures.oldStringEmpty)
  if (old_string === new_string) return yield* fail(EditFailures.oldStringIsNew)
  const file = yield* TextFile.load(path)
  const text = yield* TextFile.textToChange(file, session)
  const lineEnd = TextFile.usesCrLf(text) && !old_string.includes("\r") ? TextFile.toCrLf : asIs
  const pieces = text.split(lineEnd(old_string))
  const found = pieces.length - 1
  if (found === 0) {
    const nearest = ClosestMatch.find(toLines(text), toLines(old_string.replace(/\n$/, "")))
    return yield* fail(EditFailures.oldStringNotThere(path, nearest))
  }
  if (found > 1 && replace_all !== true) return yield* fail(EditFailures.oldStringNotUnique(path, found))
  const plan: FilePlan.Plan = [{ ...file, before: file, after: pieces.join(lineEnd(new_string)) }]
  return { plan, said: ToolOutputs.replaced(found, path) }
})

const fail = (message: string) => new Tool.ToolFailure({ message })

const asIs = (text: string): string => text
const toLines = (text: string): ReadonlyArray<string> => text.split(/\r?\n/)
