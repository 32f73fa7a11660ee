/**
 * A tool as a value: what the model is told of it, and what happens when it is called.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { flow } from "effect/Function"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { jsonSchema } from "../internal/jsonSchema.ts"
import type { ToolDeclaration } from "../responses/Request.ts"

/**
 * The one failure a tool may have. Its message goes to the model, which can then do better; it is never shown to a
 * person as a crash.
 *
 * @since 0.1.0
 * @category errors
 */
export class ToolFailure extends Schema.TaggedError<ToolFailure>("effixir/tools/Tool/ToolFailure")("ToolFailure", {
  message: Schema.String
}) {}

/**
 * Which call a handler works for.
 *
 * @since 0.1.0
 * @category models
 */
export interface CallContext {
  readonly callId: string
  readonly sessionId: string
}

/**
 * A tool with its types folded in: `call` takes the decoded JSON of the arguments and gives the text of the output.
 * What the handler needs (`R`) is provided where the tools are put to work, by `ToolExecutor.layer`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tool<out R = never> {
  readonly declaration: ToolDeclaration
  readonly call: (args: unknown, context: CallContext) => Effect.Effect<string, ToolFailure, R>
}

/**
 * Makes a tool from Schemas. The parameters become the JSON Schema that the model sees; arguments that do not fit them
 * become a failure that names each wrong field. A success that is no string reaches the model as JSON.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <A, I, R, Success = string, Encoded = string>(options: {
  readonly name: string
  readonly description: string
  readonly parameters: Schema.Schema<A, I>
  readonly success?: Schema.Schema<Success, Encoded>
  readonly handler: (parameters: A, context: CallContext) => Effect.Effect<Success, ToolFailure, R>
}): Tool<R> => {
  const decode = Schema.decodeUnknown(options.parameters, { errors: "all" })
  const encode: (success: Success) => Effect.Effect<unknown> = options.success === undefined
    ? Effect.succeed
    // A handler that breaks its own schema is a bug, not something the model could mend.
    : flow(Schema.encode(options.success), Effect.orDie)
  return {
    declaration: {
      type: "function",
      name: options.name,
      description: options.description,
      strict: false,
      parameters: jsonSchema(options.parameters)
    },
    call: (args, context) =>
      decode(args).pipe(
        Effect.mapError((error) =>
          new ToolFailure({ message: `Invalid arguments for ${options.name}: ${tell(error)}` })
        ),
        Effect.flatMap((parameters) => options.handler(parameters, context)),
        Effect.flatMap(encode),
        Effect.map(toText)
      )
  }
}

/** JSON has no word for a success that holds nothing. */
const toText = (output: unknown): string =>
  Predicate.isString(output) ? output : output === undefined ? "" : JSON.stringify(output)

const tell = (error: ParseResult.ParseError): string =>
  ParseResult.ArrayFormatter.formatErrorSync(error)
    .map(({ message, path }) => path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`)
    .join("; ")
