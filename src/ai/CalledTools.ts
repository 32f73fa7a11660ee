/**
 * The tools of `@effect/ai` as a request declares them, and the calls of a response as those tools take them.
 *
 * @internal
 */
import * as AiTool from "@effect/ai/Tool"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import type * as Schema from "effect/Schema"
import { decoding } from "../internal/decoding.ts"
import { parse } from "../internal/json.ts"
import { objectAtRoot } from "../internal/jsonSchema.ts"
import * as Problem from "../prompts/ArgumentProblems.ts"
import * as ToolFailures from "../prompts/ToolFailures.ts"
import { type FunctionCall, functionCallOutput, type Item } from "../responses/Item.ts"
import type { ToolChoice, ToolDeclaration } from "../responses/Request.ts"
import { toolNamed } from "../responses/ToolCall.ts"
import * as ArgumentProblems from "../tools/ArgumentProblems.ts"
import { coerce } from "../tools/Coercion.ts"

/** The choices of `@effect/ai`; `oneOf` has left out the other tools already. */
type AiToolChoice =
  | "auto"
  | "none"
  | "required"
  | { readonly tool: string }
  | { readonly mode?: "auto" | "required"; readonly oneOf: ReadonlyArray<string> }

export const declare = (tool: AiTool.Any): ToolDeclaration =>
  AiTool.isProviderDefined(tool)
    ? { type: tool.providerName, ...tool.args }
    : {
      type: "function",
      name: tool.name,
      description: descriptionOf(tool),
      // What this takes of schemas is less than what schemas can say.
      strict: false,
      parameters: parametersOf(tool)
    }

export const choiceOf = (choice: AiToolChoice): ToolChoice =>
  typeof choice === "string"
    ? choice
    : "tool" in choice
    ? { type: "function", name: choice.tool }
    : choice.mode ?? "auto"

/** A call with the name and the arguments that its tool takes. */
export interface Called {
  readonly id: string
  readonly name: string
  readonly params: unknown
}

/**
 * Reads a call. One that no tool takes is left with what the model has to be told of it: `@effect/ai` would end the whole
 * answer with an error.
 */
export const read = (
  tools: ReadonlyArray<AiTool.Any>,
  call: FunctionCall
): Effect.Effect<Either.Either<Called, Item>> => {
  const refuse = (problem: string) => Either.left(functionCallOutput(call.call_id, problem))
  const name = toolNamed(call.name, tools.map(({ name }) => name))
  const tool = tools.find((tool) => tool.name === name)
  if (tool === undefined) {
    return Effect.succeed(refuse(ToolFailures.noSuchTool(call.name, tools.map(({ name }) => name))))
  }
  const args = parse(call.arguments === "" ? "{}" : call.arguments)
  if (args === undefined) return Effect.succeed(refuse(ToolFailures.argumentsNotJson(tool.name, undefined)))
  // What the schemas of tools may need, `@effect/ai` gives to none of them either.
  const decode = decoding(tool.parametersSchema as Schema.Schema.AnyNoContext, { errors: "all" })
  const fits = (params: unknown): Effect.Effect<Called, ParseResult.ParseError> =>
    Effect.as(decode(params), { id: call.call_id, name: tool.name, params })
  return Effect.match(Effect.catchAll(fits(args), () => fits(coerce(parametersOf(tool), args))), {
    onFailure: (error) => refuse(Problem.invalid(tool.name, ArgumentProblems.describe(error))),
    onSuccess: Either.right
  })
}

export const parametersOf = (tool: AiTool.Any) =>
  objectAtRoot({ ...AiTool.getJsonSchemaFromSchemaAst(tool.parametersSchema.ast) })

export const descriptionOf = (tool: AiTool.Any): string =>
  tool.description ?? AiTool.getDescriptionFromSchemaAst(tool.parametersSchema.ast) ?? ""
