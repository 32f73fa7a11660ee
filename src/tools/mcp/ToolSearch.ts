/**
 * Tools that are not shown to the model before it looks for them: the descriptions of hundreds of tools would fill its
 * window.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { text } from "../../internal/json.ts"
import * as Told from "../../prompts/McpTools.ts"
import * as Tool from "../Tool.ts"
import * as Toolkit from "../Toolkit.ts"
import * as ToolSchemas from "./ToolSchemas.ts"

/**
 * The tools of a server.
 *
 * @since 0.1.0
 * @category models
 */
export interface Group {
  readonly server: string
  readonly tools: ReadonlyArray<Tool.Tool>
}

/** How many tools are shown, and how many tokens their descriptions may have; without a window, the second alone. */
const maxTools = 40
const maxTokens = 20_000
const shareOfWindow = 0.1

/** Roughly. */
const charactersOfToken = 4

/** @since 0.1.0 @category constants */
export const name = "tool_search"

const Parameters = Schema.Struct({
  query: Schema.String.annotations({ description: "What the tool should do or be named, in a few words" }),
  limit: Schema.optional(
    Schema.Number.pipe(Schema.int(), Schema.between(1, 20)).annotations({ description: "How many to find at most" })
  )
})

const usualLimit = 8

/**
 * Gives the tools of all servers as they are to be shown: all of them, or the search and those that it has found.
 *
 * @param window how many tokens the model takes
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (window: number | undefined) =>
  Effect.map(Ref.make<ReadonlySet<string>>(new Set()), (found) => {
    const show = (names: ReadonlyArray<string>) =>
      Ref.update(found, (known) => names.every((name) => known.has(name)) ? known : new Set([...known, ...names]))
    const shownOf = (groups: ReadonlyArray<Group>, known: ReadonlySet<string>): Toolkit.Toolkit => {
      const all = groups.flatMap(({ tools }) => tools)
      if (!isTooMuch(all, window)) return Toolkit.make(...all)
      return Toolkit.make(
        searchIn(groups, show),
        ...all.map((tool): Tool.Tool => ({
          ...tool,
          isDeferred: !known.has(tool.name),
          // A session that goes on may know the tool from before.
          call: (args, context) => Effect.zipRight(show([tool.name]), tool.call(args, context))
        }))
      )
    }
    let last: { readonly groups: unknown; readonly known: unknown; readonly toolkit: Toolkit.Toolkit } | undefined
    /** It is asked several times for each call. */
    return (groups: ReadonlyArray<Group>): Effect.Effect<Toolkit.Toolkit> =>
      Effect.map(Ref.get(found), (known) => {
        if (last?.groups !== groups || last.known !== known) last = { groups, known, toolkit: shownOf(groups, known) }
        return last.toolkit
      })
  })

const isTooMuch = (tools: ReadonlyArray<Tool.Tool>, window: number | undefined): boolean => {
  if (tools.length > maxTools) return true
  const most = Math.min(maxTokens, window === undefined ? Infinity : window * shareOfWindow)
  return tools.reduce((sum, { declaration }) => sum + JSON.stringify(declaration).length / charactersOfToken, 0) > most
}

const searchIn = (
  groups: ReadonlyArray<Group>,
  show: (names: ReadonlyArray<string>) => Effect.Effect<void>
): Tool.Tool =>
  Tool.make({
    name,
    description: Told.search(groups.map(({ server, tools }) => ({ name: server, tools: tools.length }))),
    parameters: Parameters,
    access: () => Tool.nothing,
    describe: ({ query }) => `look for tools: ${query}`,
    handler: ({ limit = usualLimit, query }) => {
      const best = rank(groups, query).slice(0, limit)
      return best.length === 0
        ? Effect.succeed(Told.noneFound(groups.map(({ server }) => server)))
        : Effect.as(
          show(best.map(({ name }) => name)),
          Told.found(best.map((tool) => ({ name: tool.name, description: ToolSchemas.cut(descriptionOf(tool), 200) })))
        )
    }
  })

const descriptionOf = ({ declaration }: Tool.Tool): string => text(declaration["description"]) ?? ""

/** The tools that have the words of a query in their names or descriptions, the best first. */
const rank = (groups: ReadonlyArray<Group>, query: string): ReadonlyArray<Tool.Tool> => {
  const wanted = [...new Set(wordsOf(query))]
  return groups.flatMap(({ tools }) => tools)
    .map((tool) => {
      const [ofName, ofText] = [new Set(wordsOf(tool.name)), new Set(wordsOf(descriptionOf(tool)))]
      const score = wanted.reduce(
        (sum, word) => sum + (has(ofName, word) ? 3 : 0) + (has(ofText, word) ? 1 : 0),
        tool.name === query.trim() ? 100 : 0
      )
      return { tool, score }
    })
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score)
    .map(({ tool }) => tool)
}

const wordsOf = (text: string): ReadonlyArray<string> =>
  text.replaceAll(/([a-z\d])([A-Z])/g, "$1 $2").toLowerCase().match(/[\p{L}\d]+/gu)?.filter((word) => word !== "mcp") ??
    []

/** A word counts for its plural and the like. */
const has = (words: ReadonlySet<string>, word: string): boolean =>
  words.has(word) ||
  word.length > 3 && [...words].some((one) => one.length > 3 && (one.startsWith(word) || word.startsWith(one)))
