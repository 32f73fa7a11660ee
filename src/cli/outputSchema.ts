/**
 * The JSON Schema of `--output-schema`, which the answer of a run has to fit.
 */
import type { Ajv, ErrorObject } from "ajv"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { fileProblem } from "../internal/diskProblem.ts"
import { parse, problemOf, text as textIn } from "../internal/json.ts"
import { quote } from "../internal/quote.ts"
import { line } from "../internal/visible.ts"
import { readPlainText } from "../node/files/readPlainFile.ts"
import * as StructuredOutput from "../responses/StructuredOutput.ts"
import { BadInput } from "./ExitCode.ts"

type Json = { readonly [keyword: string]: unknown }

/** A file that is no JSON Schema is refused before a model is asked. */
export const read = Effect.fnUntraced(function*(file: string) {
  const refuse = (why: string) => new BadInput({ message: `--output-schema cannot be ${quote(file)}: ${why}` })
  const text = yield* Effect.mapError(readPlainText(file), (error) => refuse(fileProblem(error)))
  const problem = problemOf(text)
  if (problem !== undefined) return yield* refuse(problem)
  const schema = parse(text)
  if (!Predicate.isReadonlyRecord(schema)) return yield* refuse("its JSON is no object; a JSON Schema is one")
  const check = yield* Effect.mapError(validator(schema), refuse)
  const output = StructuredOutput.fromJsonSchema(schema, check)
  if (Option.isSome(output)) return output.value
  return yield* refuse("where its top is no object, it may refer to nothing but its own $defs")
})

/** The validator is loaded only now: it takes longer to load than the rest of a run. */
const validator = Effect.fnUntraced(function*(schema: Json) {
  const draft = draftOf(textIn(schema["$schema"]))
  if (draft === undefined) {
    return yield* Effect.fail(
      "its $schema is none that is known; the drafts 2020-12, 2019-09, 7 and 6 are, and 2020-12 where it has none"
    )
  }
  const make = yield* Effect.promise(drafts[draft])
  return yield* Effect.try({
    try: () => {
      // Draft 6 is draft 7 with fewer keywords.
      const { $schema: _, ...rest } = schema
      const validate = make().compile(rest)
      return (value: unknown) => validate(value) ? undefined : sentenceOf(validate.errors ?? [])
    },
    catch: (error) => `it is no JSON Schema: ${line(error instanceof Error ? error.message : String(error))}`
  })
})

/** Unknown keywords mean nothing, as the standard has it; formats are a note for the model. */
const options = { allErrors: true, strict: false, validateFormats: false, logger: false } as const

const drafts = {
  "2020-12": () => import("ajv/dist/2020.js").then(({ Ajv2020 }) => (): Ajv => new Ajv2020(options)),
  "2019-09": () => import("ajv/dist/2019.js").then(({ Ajv2019 }) => (): Ajv => new Ajv2019(options)),
  "draft-07": () => import("ajv").then(({ Ajv }) => (): Ajv => new Ajv(options))
}

const draftOf = (uri = "draft/2020-12/schema"): keyof typeof drafts | undefined =>
  uri.includes("draft/2020-12/schema")
    ? "2020-12"
    : uri.includes("draft/2019-09/schema")
    ? "2019-09"
    : /draft-0[67]\/schema/.test(uri)
    ? "draft-07"
    : undefined

const most = 5

/** What is wrong with an answer, for the model. */
const sentenceOf = (errors: ReadonlyArray<ErrorObject>): string => {
  const told = errors.slice(0, most).map(({ instancePath, message = "does not fit", params }) =>
    `${instancePath === "" ? "the value" : instancePath} ${message}${detailOf(params)}`
  )
  return [...told, ...errors.length > most ? [`and ${errors.length - most} more`] : []].join("; ")
}

const detailOf = (params: Json): string => {
  const detail = params["additionalProperty"] ?? params["unevaluatedProperty"] ?? params["allowedValues"] ??
    params["allowedValue"]
  return detail === undefined ? "" : `: ${JSON.stringify(detail)}`
}
