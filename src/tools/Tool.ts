/**
 * A tool as a value: what the model is told of it, and what happens when it is called.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { isDeep, tooDeep } from "../internal/json.ts"
import { jsonSchema } from "../internal/jsonSchema.ts"
import * as Problem from "../prompts/ArgumentProblems.ts"
import * as ToolFailures from "../prompts/ToolFailures.ts"
import { isItem } from "../responses/Item.ts"
import type { CustomTool, FunctionTool, HostedTool, ToolDeclaration } from "../responses/Request.ts"
import type { Output } from "../responses/ToolCall.ts"
import * as Problems from "./Problems.ts"
import type { FileChange } from "./workspace/FileChange.ts"

/**
 * The one failure a call may have. Its message goes to the model, which can then do better; it is never shown to a
 * person as a crash.
 *
 * @since 0.1.0
 * @category errors
 */
export class ToolFailure extends Schema.TaggedError<ToolFailure>("effixir/tools/Tool/ToolFailure")("ToolFailure", {
  message: Schema.String,
  /** For whoever watches; the model is not told. */
  details: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
}) {}

/**
 * Which call a handler works for, and how it tells what it is at.
 *
 * @since 0.1.0
 * @category models
 */
export interface CallContext {
  readonly callId: string
  readonly sessionId: string
  /** Shows where the call stands. The latest word counts; it is not kept, and of many at once some are left out. */
  readonly progress: (text: string) => Effect.Effect<void>
  /** What an agent that works for the call may use; not there where nobody counts. */
  readonly tokens?: Tokens | undefined
  /** The digest of the {@link Preview} that somebody has agreed to: the call does that, or nothing. */
  readonly agreed?: string | undefined
}

/**
 * What a call would change, and what tells it from any other change of any other files.
 *
 * @since 0.1.0
 * @category models
 */
export interface Preview {
  readonly changes: ReadonlyArray<FileChange>
  readonly digest: string
}

/**
 * Tokens in and out that may still be used. Whoever asks a model tells what that has used.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tokens {
  readonly left: Effect.Effect<number>
  readonly spend: (tokens: number) => Effect.Effect<void>
}

/**
 * Whether a call may run beside others of the same response. What changes files runs alone, as in Codex; a shell command
 * does not, since it mostly builds, tests and looks.
 *
 * @since 0.1.0
 * @category models
 */
export type Concurrency = "parallel" | "exclusive"

/**
 * What a call would touch: files at paths as the model has named them, whatever a command does, or something that is
 * not told. A call that reads no path touches nothing.
 *
 * @since 0.1.0
 * @category models
 */
export type Access =
  | { readonly kind: "read" | "write"; readonly paths: ReadonlyArray<string> }
  | { readonly kind: "run"; readonly command: string; readonly workdir: string | undefined }
  | { readonly kind: "other" }

/** @since 0.1.0 @category access */
export const nothing: Access = { kind: "read", paths: [] }

/** @since 0.1.0 @category access */
export const reads = (...paths: ReadonlyArray<string>): Access => ({ kind: "read", paths })

/** @since 0.1.0 @category access */
export const writes = (...paths: ReadonlyArray<string>): Access => ({ kind: "write", paths })

/**
 * What a call gives: the output for the model, and details for whoever watches.
 *
 * @since 0.1.0
 * @category models
 */
export class Result extends Data.Class<{
  readonly output: Output
  readonly details?: { readonly [name: string]: unknown } | undefined
}> {}

/**
 * A tool with its types folded in: `call` takes the decoded JSON of the arguments, or the plain text of a custom tool.
 * What the handler needs (`R`) is provided where the tools are put to work, by `ToolExecutor.layer`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tool<out R = never> {
  readonly name: string
  readonly declaration: ToolDeclaration
  readonly concurrency: Concurrency
  /** Says in a line what a call would do, and does nothing. */
  readonly describe: (args: unknown) => string
  /** Says what a call would touch. Arguments that cannot be used touch nothing: the call fails before it does. */
  readonly access: (args: unknown) => Access
  /** Works out what a call would change, and changes nothing. Only tools that change files can tell. */
  readonly preview?: (args: unknown, context: Pick<CallContext, "sessionId">) => Effect.Effect<Preview, ToolFailure, R>
  readonly call: (args: unknown, context: CallContext) => Effect.Effect<Result, ToolFailure, R>
}

interface Common<A, R> {
  readonly name: string
  readonly description: string
  readonly concurrency?: Concurrency
  /** What a call would do, in a line. */
  readonly describe?: (parameters: A) => string
  /** What a call would touch. A tool that does not tell is taken to touch anything. */
  readonly access?: (parameters: A) => Access
  /** What a call would change, worked out by the code that then does it. */
  readonly preview?: (
    parameters: A,
    context: Pick<CallContext, "sessionId">
  ) => Effect.Effect<Preview, ToolFailure, NoInfer<R>>
}

/**
 * Makes a tool from Schemas. The parameters become the JSON Schema that the model sees; arguments that do not fit them
 * become a failure that names each wrong field, and the names that there are where one is not known. A success or a failure with a Schema reaches the model encoded, as text
 * or as JSON. Without one a handler gives text, a list of content items, or a {@link Result}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <A, I, R, Success = Output | Result, Encoded = Success, Failure = never, FailureEncoded = Failure>(
  options: Common<A, R> & {
    readonly parameters: Schema.Schema<A, I>
    readonly success?: Schema.Schema<Success, Encoded>
    readonly failure?: Schema.Schema<Failure, FailureEncoded>
    readonly handler: (parameters: A, context: CallContext) => Effect.Effect<Success, ToolFailure | Failure, R>
  }
): Tool<R> => {
  const decode = Schema.decodeUnknown(options.parameters)
  const decodeTellingAll = Schema.decodeUnknown(options.parameters, { errors: "all", onExcessProperty: "error" })
  const read = Schema.decodeUnknownOption(options.parameters)
  const readOrTell = (args: unknown) =>
    decode(args).pipe(
      Effect.catchAll((first) => isLong(args) ? Effect.fail(first) : decodeTellingAll(args)),
      Effect.mapError((error) => invalid(options.name, Problems.tell(error)))
    )
  const { failure, success } = options
  const succeed = success === undefined ? give : encoding(success)
  const fail = failure === undefined ? undefined : encoding(failure)
  return {
    name: options.name,
    declaration: declare(options, jsonSchema(options.parameters)),
    concurrency: options.concurrency ?? "parallel",
    describe: (args) => {
      const parameters = read(args)
      return parameters._tag === "Some" && options.describe !== undefined
        ? options.describe(parameters.value)
        : brief(options.name, args)
    },
    access: (args) => {
      const parameters = read(args)
      return parameters._tag === "None" ? nothing : accessOf(options, parameters.value)
    },
    ...previewing(options, readOrTell),
    call: (args, context) =>
      readOrTell(args).pipe(
        Effect.flatMap((parameters) =>
          Effect.catchAll(options.handler(parameters, context), (error) =>
            error instanceof ToolFailure || fail === undefined
              ? Effect.fail(error as ToolFailure)
              : Effect.flatMap(fail(error), ({ output }) =>
                new ToolFailure({ message: String(output) })))
        ),
        Effect.flatMap(succeed)
      )
  }
}

/**
 * Makes a tool from a JSON Schema, as tools of other programs have it. The arguments are an object, and otherwise as
 * the model wrote them: the handler checks what it relies on.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromJsonSchema = <R>(
  options: Common<Arguments, R> & {
    readonly parameters: FunctionTool["parameters"]
    readonly handler: (args: Arguments, context: CallContext) => Effect.Effect<Output | Result, ToolFailure, R>
  }
): Tool<R> => {
  const required = Array.isArray(options.parameters["required"]) ? options.parameters["required"] : []
  return {
    name: options.name,
    declaration: declare(options, { ...options.parameters, type: "object" }),
    concurrency: options.concurrency ?? "parallel",
    describe: (args) =>
      isArguments(args) && options.describe !== undefined ? options.describe(args) : brief(options.name, args),
    access: (args) => isArguments(args) ? accessOf(options, args) : nothing,
    ...previewing(
      options,
      (args) => isArguments(args) ? Effect.succeed(args) : invalid(options.name, notAnObject(args))
    ),
    call: (args, context) =>
      Effect.suspend(() => {
        if (!isArguments(args)) return invalid(options.name, notAnObject(args))
        const missing = required.filter(Predicate.isString).filter((field) => !Object.hasOwn(args, field))
        return missing.length === 0
          ? Effect.flatMap(options.handler(args, context), give)
          : invalid(options.name, missing.map(Problem.missing).join("; "))
      })
  }
}

/**
 * Makes a tool that is called with plain text in the language of a grammar.
 *
 * @since 0.1.0
 * @category constructors
 */
export const freeform = <R>(
  options: Common<string, R> & {
    readonly syntax: CustomTool["format"]["syntax"]
    readonly grammar: string
    readonly handler: (text: string, context: CallContext) => Effect.Effect<Output | Result, ToolFailure, R>
  }
): Tool<R> => ({
  name: options.name,
  declaration: {
    type: "custom",
    name: options.name,
    description: options.description,
    format: { type: "grammar", syntax: options.syntax, definition: options.grammar }
  },
  concurrency: options.concurrency ?? "parallel",
  describe: (args) =>
    Predicate.isString(args) && options.describe !== undefined ? options.describe(args) : brief(options.name, args),
  access: (args) => Predicate.isString(args) ? accessOf(options, args) : nothing,
  ...previewing(
    options,
    (args) => Predicate.isString(args) ? Effect.succeed(args) : invalid(options.name, Problem.notPlainText)
  ),
  call: (args, context) =>
    Predicate.isString(args)
      ? Effect.flatMap(options.handler(args, context), give)
      : invalid(options.name, Problem.notPlainText)
})

/**
 * A tool that the server runs. It is declared, and never called here.
 *
 * @since 0.1.0
 * @category constructors
 */
export const hosted = (declaration: HostedTool): Tool => ({
  name: declaration.type,
  declaration,
  concurrency: "parallel",
  describe: () => `${declaration.type} at the server`,
  access: () => nothing,
  call: () => new ToolFailure({ message: ToolFailures.runByServer(declaration.type) })
})

/**
 * The arguments of a call whose fields are not known.
 *
 * @since 0.1.0
 * @category models
 */
export type Arguments = { readonly [field: string]: unknown }

const accessOf = <A, R>({ access }: Common<A, R>, parameters: A): Access => access?.(parameters) ?? { kind: "other" }

const previewing = <A, R>(
  { preview }: Common<A, R>,
  read: (args: unknown) => Effect.Effect<A, ToolFailure>
): Pick<Tool<R>, "preview"> =>
  preview === undefined
    ? {}
    : { preview: (args, context) => Effect.flatMap(read(args), (parameters) => preview(parameters, context)) }

const isArguments = (args: unknown): args is Arguments => Predicate.isReadonlyRecord(args)

const invalid = (name: string, why: string) => new ToolFailure({ message: Problem.invalid(name, why) })

const notAnObject = (args: unknown): string => Problem.mustBe([], Problem.anObject, args)

const declare = (
  { description, name }: { readonly name: string; readonly description: string },
  parameters: FunctionTool["parameters"]
): FunctionTool => ({ type: "function", name, description, strict: false, parameters })

const give = (value: unknown): Effect.Effect<Result> =>
  Effect.succeed(value instanceof Result ? value : new Result({ output: isContent(value) ? value : toText(value) }))

const isContent = (value: unknown): value is Exclude<Output, string> => Array.isArray(value) && value.every(isItem)

/** A handler that breaks its own schema is a bug, not something the model could mend. */
const encoding = <A, I>(schema: Schema.Schema<A, I>): (value: unknown) => Effect.Effect<Result> => {
  const encode = Schema.encodeUnknown(schema)
  return (value) =>
    isDeep(value)
      ? Effect.succeed(new Result({ output: tooDeepResult }))
      : Effect.map(Effect.orDie(encode(value)), (encoded) => new Result({ output: toText(encoded) }))
}

const tooDeepResult = ToolFailures.resultNotShown(tooDeep)

/** JSON has no word for a success that holds nothing. */
const toText = (output: unknown): string =>
  Predicate.isString(output)
    ? output
    : output === undefined
    ? ""
    : isDeep(output)
    ? tooDeepResult
    : JSON.stringify(output)

const briefLength = 200

const brief = (name: string, args: unknown): string => `${name} ${toText(args)}`.slice(0, briefLength)

/** Of arguments that go on and on, one thing that is wrong is enough to be told, and all would take too long. */
const isLong = (args: unknown): boolean => toText(args).length > 64 * 1024
