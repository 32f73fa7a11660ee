/**
 * The front matter of a Markdown file: fields in YAML between two lines of dashes, before the text.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"

/**
 * - `fields` only text, lists and fields, as YAML's failsafe schema has them
 * - `body` the text behind the front matter
 *
 * @since 0.1.0
 * @category models
 */
export interface FrontMatter {
  readonly fields: unknown
  readonly body: string
}

/**
 * Reads the beginning of a file. A problem is the end of a sentence about the file.
 *
 * @param maxBytes how much of the file was read, for the message about a front matter that has no end in it
 *
 * @since 0.1.0
 * @category parsing
 */
export const parse = (text: string, maxBytes: number): Effect.Effect<Either.Either<FrontMatter, string>> => {
  const [head = "", source] = /^---[ \t]*\r?\n((?:[^\n]*\n)*?)---[ \t]*(?:\r?\n|$)/.exec(text) ?? []
  if (source === undefined) {
    return Effect.succeed(Either.left(
      `it does not begin with a front matter, which is YAML between two lines of "---", of ${maxBytes / 1024} KiB ` +
        "at most"
    ))
  }
  // Loaded lazily, so that a start without such files does not wait for the parser.
  return Effect.map(Effect.promise(() => import("../vendor/yaml.ts")), (yaml) => {
    const read = (source: string) =>
      Either.try({
        try: (): unknown => yaml.parse(source, { schema: "failsafe", maxAliasCount: 0, logLevel: "error" }),
        catch: (error) => `its front matter ${whyNoYaml(error)}`
      })
    return read(source).pipe(
      Either.orElse((problem) => Either.mapLeft(read(quoted(source)), () => problem)),
      Either.map((fields) => ({ fields, body: text.slice(head.length) }))
    )
  })
}

/** Many a person, and other agents, take `description: Use it when: always` for a text, which YAML does not. */
const quoted = (source: string): string =>
  source.replaceAll(
    /^([\w-]+):[ \t]+([^\s"'|>[\]{}&*!%@`][^\r\n]*(?:\r?\n[ \t]+[^\r\n]+)*)/gm,
    (field, name: string, value: string) =>
      /: |:$| #/m.test(value) ? `${name}: ${JSON.stringify(value.replaceAll(/\s+/g, " ").trim())}` : field
  )

/** Only the first line of the parser's message is a sentence; below it is an excerpt that marks the place. */
const whyNoYaml = (error: unknown): string => {
  const [first = ""] = String(error instanceof Error ? error.message : error).split("\n")
  // The parser catches a stack overflow, and rethrows it as an error of its own.
  if (Predicate.hasProperty(error, "code") && error.code === "RESOURCE_EXHAUSTION") {
    return "is nested too deeply, or holds itself"
  }
  if (error instanceof ReferenceError) return "repeats a part of itself with * or <<, which is not followed here"
  return `is no YAML: ${first.replace(/[\s:]+$/, "")}`
}
