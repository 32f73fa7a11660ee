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
import * as FileRecovery from "../workspace/FileRecovery.ts"
import type { Files } from "../workspace/Files.ts"
import * as LineEnds from "../workspace/LineEnds.ts"
import type { SeenFiles } from "../workspace/SeenFiles.ts"
import * as TextFile from "../workspace/TextFile.ts"
import type { Workspace } from "../workspace/Workspace.ts"
import * as ClosestMatch from "./ClosestMatch.ts"
import * as LookAlikes from "./LookAlikes.ts"

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
  intent: (parameters, { sessionId }) =>
    Effect.flatMap(edit(parameters, sessionId), ({ plan }) => FileRecovery.intentOf(plan)),
  replay: ({ path }, { intent }) => FileRecovery.reconcile(intent, ToolOutputs.edited(path)),
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
  const make = (after: string, said: string) => ({
    plan: [{ ...file, before: file, after }] satisfies FilePlan.Plan,
    said
  })
  // Where it quotes line ends as they are, it means them as they are.
  const exact = old_string.includes("\r") ? text.split(old_string) : []
  const plain = LineEnds.toLf(text)
  const [old, by] = [LineEnds.toLf(old_string), LineEnds.toLf(new_string)]
  const places = exact.length > 1 ? [] : placesOf(plain, old)
  const found = exact.length > 1 ? exact.length - 1 : places.length
  if (found > 1 && replace_all !== true) return yield* fail(EditFailures.oldStringNotUnique(path, found))
  if (exact.length > 1) return make(exact.join(new_string), ToolOutputs.replaced(found, path))
  if (found > 0) return make(replace(text, places, by), ToolOutputs.replaced(found, path))
  const alike = LookAlikes.find(plain, old)
  if (alike !== undefined) {
    const { place, text: kept } = LookAlikes.narrow(alike, old, by)
    const line = plain.slice(0, alike.start).split("\n").length
    return make(replace(text, [place], kept), ToolOutputs.replacedAlike(path, line))
  }
  const nearest = ClosestMatch.find(toLines(text), toLines(old_string.replace(/\n$/, "")))
  return yield* fail(EditFailures.oldStringNotThere(path, nearest))
})

/** Where a text stands in another one, from left to right without overlaps. The other one is not empty. */
const placesOf = (text: string, wanted: string): ReadonlyArray<LookAlikes.Place> => {
  const places: Array<LookAlikes.Place> = []
  for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + wanted.length)) {
    places.push({ start: at, end: at + wanted.length })
  }
  return places
}

/** Puts a text in places that are counted in bare newlines, with the line ends that are there. */
const replace = (text: string, places: ReadonlyArray<LookAlikes.Place>, by: string): string => {
  const offset = LineEnds.offsets(text)
  const pieces: Array<string> = []
  let done = 0
  for (const place of places) {
    const [start, end] = [offset(place.start), offset(place.end)]
    const around = { before: text.slice(0, start), after: text.slice(end) }
    pieces.push(text.slice(done, start), by.includes("\n") ? LineEnds.fit(by, text.slice(start, end), around) : by)
    done = end
  }
  return pieces.join("") + text.slice(done)
}

const fail = (message: string) => new Tool.ToolFailure({ message })

const toLines = (text: string): ReadonlyArray<string> => text.split(/\r?\n/)
