/**
 * A tool as a value: what the model is told of it, and what happens when it is called.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { decoding, decodingOption } from "../internal/decoding.ts"
import { isDeep, stringify, tooDeep } from "../internal/json.ts"
import { jsonSchema, objectAtRoot } from "../internal/jsonSchema.ts"
import * as Problem from "../prompts/ArgumentProblems.ts"
import * as ToolFailures from "../prompts/ToolFailures.ts"
import { isItem } from "../responses/Item.ts"
import type { CustomTool, FunctionTool, HostedTool, ToolDeclaration } from "../responses/Request.ts"
import type { Output } from "../responses/ToolCall.ts"
import type { Usage } from "../responses/Usage.ts"
import * as ArgumentProblems from "./ArgumentProblems.ts"
import type { Background } from "./Background.ts"
import { coerce } from "./Coercion.ts"
import type { Answer, Question } from "./permission/Approver.ts"
import type { FileChange } from "./workspace/FileChange.ts"
import type { FileIntent } from "./workspace/FileIntent.ts"

/**
 * The one failure a call may have. Its message goes to the model, which can then correct the call; a person never sees
 * it as a crash.
 *
 * @since 0.1.0
 * @category errors
 */
export class ToolFailure extends Schema.TaggedError<ToolFailure>("effixir/tools/Tool/ToolFailure")("ToolFailure", {
  message: Schema.String,
  /** For user interfaces; the model does not get them. */
  details: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
}) {}

/**
 * The call that a handler works for, and how the handler reports progress.
 *
 * @since 0.1.0
 * @category models
 */
export interface CallContext {
  readonly callId: string
  readonly sessionId: string
  /**
   * Shows the call's progress. Each report replaces the one before; reports are not logged, and some are dropped when
   * many come at once. What a child agent has begun to do is not dropped: it is a line of its own.
   */
  readonly progress: (text: string, child?: Child) => Effect.Effect<void>
  /** Asks the approver of the call's session for a child agent, as a part of the call; absent where there is none. */
  readonly ask?: ((question: Question, child: Child) => Effect.Effect<Option.Option<Answer>>) | undefined
  /**
   * Asks the approver whether a command, to which its sandbox has refused to write these paths, may run again and write
   * them: nothing where nobody may say so. Absent where nobody is there.
   */
  readonly askToWrite?: ((refused: RefusedWrite) => Effect.Effect<Option.Option<Answer>>) | undefined
  /** The paths that a person has let the commands of the session write beside what their sandbox lets be written. */
  readonly writable?: Effect.Effect<ReadonlyArray<string>> | undefined
  /** The budget of agents that work for the call; absent without one. */
  readonly budget?: Budget | undefined
  /** Where work goes on that outlasts the call; absent where nothing would wait for it. */
  readonly background?: Background | undefined
  /**
   * The digest of the approved {@link Preview}: the call makes exactly this change, or none. For a tool with versions, the
   * approved one.
   */
  readonly agreed?: string | undefined
}

/**
 * An agent that works for a call: what it is called, its session, and the item of that session that is told of. `beside`
 * where it goes on after the call has ended, and `ended` when it does not any more.
 *
 * @since 0.1.0
 * @category models
 */
export interface Child {
  readonly agent: string
  readonly sessionId: string
  readonly itemId?: string | undefined
  readonly state?: "beside" | "ended" | undefined
}

/**
 * A command that has ended, and the files and folders, by their real paths, that it was not let write.
 *
 * @since 0.1.0
 * @category models
 */
export interface RefusedWrite {
  readonly command: string
  readonly workdir: string | undefined
  readonly paths: ReadonlyArray<string>
}

/**
 * What a call would change, with a digest that identifies this change.
 *
 * @since 0.1.0
 * @category models
 */
export interface Preview {
  readonly changes: ReadonlyArray<FileChange>
  readonly digest: string
}

/**
 * Tokens in and out, and US dollars, that may still be used. The caller of a model reports what the call has used.
 *
 * @since 0.1.0
 * @category models
 */
export interface Budget {
  readonly left: Effect.Effect<{ readonly tokens: number; readonly cost: number }>
  readonly spend: (usage: Usage) => Effect.Effect<void>
}

/**
 * Whether a call may run in parallel with others of the same response. Tools that change files run alone, as in Codex;
 * shell commands do not, since they mostly build, test and read.
 *
 * @since 0.1.0
 * @category models
 */
export type Concurrency = "parallel" | "exclusive"

/**
 * Whether a call that a crash has cut off may run once more, where nobody has seen its end.
 *
 * - `safe` running it again makes no difference, as for what only reads
 * - `never` it does not run again: the model is told that its end is not known
 * - a function finds out what has become of it; a failure of its own counts as `Unknown`
 *
 * @since 0.1.0
 * @category models
 */
export type Replay<A = unknown, R = never, E = never> =
  | "safe"
  | "never"
  | ((parameters: A, context: CutOff) => Effect.Effect<Reconciled, E, R>)

/**
 * A call that was cut off. `intent` is what it was about to do to files, as it was logged when the call began: absent where
 * its tool does not say, or could not.
 *
 * @since 0.1.0
 * @category replay
 */
export interface CutOff extends Pick<CallContext, "sessionId"> {
  readonly intent?: ReadonlyArray<FileIntent> | undefined
}

/**
 * Computes what a call is about to do to files.
 *
 * @since 0.1.0
 * @category replay
 */
export type Intent<A = unknown, R = never> = (
  parameters: A,
  context: Pick<CallContext, "sessionId">
) => Effect.Effect<ReadonlyArray<FileIntent>, ToolFailure, R>

/**
 * What has become of a call that was cut off: it has done its work, and this is what it gives; or it has done nothing, and
 * may run again; or it cannot be told.
 *
 * @since 0.1.0
 * @category models
 */
export type Reconciled =
  | { readonly _tag: "Done"; readonly result: Output | Result }
  | { readonly _tag: "NotDone" }
  | { readonly _tag: "Unknown" }

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 * import { Tool } from "effixir"
 *
 * // After a crash nobody knows whether the call ran; this one can find out.
 * const order = Tool.make({
 *   name: "order",
 *   description: "Orders a book",
 *   parameters: Schema.Struct({ isbn: Schema.String }),
 *   replay: ({ isbn }) => Effect.succeed(isbn === "" ? Tool.unknown : Tool.done("It was ordered.")),
 *   handler: () => Effect.succeed("It is ordered.")
 * })
 * ```
 *
 * @since 0.1.0 @category replay
 */
export const done = (result: Output | Result): Reconciled => ({ _tag: "Done", result })

/** @since 0.1.0 @category replay */
export const notDone: Reconciled = { _tag: "NotDone" }

/** @since 0.1.0 @category replay */
export const unknown: Reconciled = { _tag: "Unknown" }

/**
 * What a call would touch: files at paths as the model has named them, whatever a command does, or something unknown. A
 * call that reads no path touches nothing. Where the tool is somebody else's, `version` tells its description from others
 * of the same name: an approval holds for this one alone. With `once` it holds for calls with the same arguments alone.
 *
 * @since 0.1.0
 * @category models
 */
export type Access =
  | { readonly kind: "read" | "write"; readonly paths: ReadonlyArray<string> }
  | {
    readonly kind: "run"
    readonly command: string
    readonly workdir: string | undefined
    /** Whether it goes on running in the background. */
    readonly stays?: boolean
  }
  | { readonly kind: "other"; readonly version?: string | undefined; readonly once?: string | undefined }

/** @since 0.1.0 @category access */
export const nothing: Access = { kind: "read", paths: [] }

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 * import { Tool } from "effixir"
 *
 * // Its access is what `Permission` decides by, and what runs beside what.
 * const convert = Tool.make({
 *   name: "convert",
 *   description: "Makes a table into JSON",
 *   parameters: Schema.Struct({ from: Schema.String, to: Schema.String }),
 *   access: ({ to }) => Tool.writes(to),
 *   handler: ({ from, to }) => Effect.succeed(`${from} is now ${to}`)
 * })
 *
 * const looks = Tool.reads("/home/ada/app/package.json")
 * ```
 *
 * @since 0.1.0 @category access
 */
export const reads = (...paths: ReadonlyArray<string>): Access => ({ kind: "read", paths })

/** @since 0.1.0 @category access */
export const writes = (...paths: ReadonlyArray<string>): Access => ({ kind: "write", paths })

/**
 * The result of a call: the output for the model, and details for user interfaces.
 *
 * @since 0.1.0
 * @category models
 */
export class Result extends Data.Class<{
  readonly output: Output
  readonly details?: { readonly [name: string]: unknown } | undefined
}> {}

/**
 * A tool with its types erased: `call` takes the decoded JSON of the arguments, or the plain text of a custom tool.
 * `ToolExecutor.layer` provides what the handler needs (`R`).
 *
 * @since 0.1.0
 * @category models
 */
export interface Tool<out R = never> {
  readonly name: string
  readonly declaration: ToolDeclaration
  readonly concurrency: Concurrency
  /** Whether the model is not told of it at present. It can be called all the same. */
  readonly isDeferred?: boolean
  /** The same for one call, where it depends on the arguments. */
  readonly concurrencyOf?: (args: unknown) => Concurrency
  /** The arguments as the tool takes them, where the model has written them in another form; else as they are. */
  readonly coerce: (args: unknown) => unknown
  /** Describes in a line what a call would do, without running it. */
  readonly describe: (args: unknown) => string
  /** Gives what a call would touch. With invalid arguments that is nothing: the call fails before it touches a file. */
  readonly access: (args: unknown) => Access
  /** For a call that is meant for another tool: that tool, with the plain text that it takes. */
  readonly instead?: (args: unknown) => Instead<R> | undefined
  /**
   * What a call is about to do to files, logged when it begins. Only tools that change files, and whose `replay` looks at
   * them, have it.
   */
  readonly intent?: Intent<unknown, R>
  /** Whether a call that was cut off may run again; `never` if it is absent. */
  readonly replay?: Replay<unknown, R>
  /** Computes what a call would change, without changing it. Only tools that change files have it. */
  readonly preview?: (args: unknown, context: Pick<CallContext, "sessionId">) => Effect.Effect<Preview, ToolFailure, R>
  readonly call: (args: unknown, context: CallContext) => Effect.Effect<Result, ToolFailure, R>
}

/**
 * A tool that is called with plain text, and the text.
 *
 * @since 0.1.0
 * @category models
 */
export interface Instead<out R = never> {
  readonly tool: Tool<R>
  readonly input: string
}

interface Common<A, R> {
  readonly name: string
  readonly description: string
  /** Whether its calls may run in parallel with others; a call whose arguments do not fit fails, and may. */
  readonly concurrency?: Concurrency | ((parameters: A) => Concurrency)
  /** What a call would do, in a line. */
  readonly describe?: (parameters: A) => string
  /** What a call would touch. A tool without it is assumed to touch anything. */
  readonly access?: (parameters: A) => Access
  /** What a call is about to do to files, for `replay`. It changes nothing; where it fails, nothing is logged. */
  readonly intent?: Intent<A, NoInfer<R>>
  /** Whether a call that a crash has cut off may run once more; `never` unless it is said. */
  readonly replay?: Replay<A, NoInfer<R>, ToolFailure>
  /** What a call would change, computed by the same code that then makes the change. */
  readonly preview?: (
    parameters: A,
    context: Pick<CallContext, "sessionId">
  ) => Effect.Effect<Preview, ToolFailure, NoInfer<R>>
}

/**
 * Makes a tool from Schemas. The parameters become the JSON Schema that the model sees, which is an object also where
 * they are a union of objects. Arguments that do not fit are read once more as the schema wants them (`"2"` for a number,
 * `null` for what is left out); if that does not help, they become a failure that names each wrong field, and lists the
 * valid names where a name is unknown. A success or a
 * failure with a Schema reaches the model encoded, as text or as JSON. Without one a handler gives text, a list of
 * content items, or a {@link Result}.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 * import { Tool } from "effixir"
 *
 * const temperature = Tool.make({
 *   name: "temperature",
 *   description: "The temperature in a city, in degrees Celsius",
 *   parameters: Schema.Struct({ city: Schema.String }),
 *   success: Schema.Number,
 *   handler: ({ city }) =>
 *     city === "Lisbon" ? Effect.succeed(21) : new Tool.ToolFailure({ message: `Nobody knows how warm ${city} is.` })
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <A, I, R, Success = Output | Result, Encoded = Success, Failure = never, FailureEncoded = Failure>(
  options: Common<A, R> & {
    readonly parameters: Schema.Schema<A, I>
    /** Where the parameters are meant for another tool: that one runs, is shown, and is what permission is decided for. */
    readonly instead?: (parameters: A) => Instead<NoInfer<R>> | undefined
    readonly success?: Schema.Schema<Success, Encoded>
    readonly failure?: Schema.Schema<Failure, FailureEncoded>
    readonly handler: (parameters: A, context: CallContext) => Effect.Effect<Success, ToolFailure | Failure, R>
  }
): Tool<R> => {
  const schema = jsonSchema(options.parameters)
  const decode = decoding(options.parameters)
  const decodeTellingAll = decoding(options.parameters, { errors: "all", onExcessProperty: "error" })
  const readStrictly = decodingOption(options.parameters)
  const read = (args: unknown) => Option.orElse(readStrictly(args), () => readStrictly(coerce(schema, args)))
  const readOrTell = (given: unknown) =>
    Effect.catchAll(decode(given), (first) => {
      const args = coerce(schema, given)
      return (args === given ? Effect.fail(first) : decode(args)).pipe(
        Effect.catchAll((first) => isLong(args) ? Effect.fail(first) : decodeTellingAll(args)),
        Effect.mapError((error) => invalid(options.name, ArgumentProblems.describe(error)))
      )
    })
  const { failure, instead, success } = options
  const succeed = success === undefined ? give : encoding(success)
  const fail = failure === undefined ? undefined : encoding(failure)
  return {
    name: options.name,
    declaration: declare(options, objectAtRoot(schema)),
    ...concurrencyIn(options, (args) => Option.getOrUndefined(read(args))),
    coerce: (args) => Option.isSome(readStrictly(args)) ? args : coerce(schema, args),
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
    ...instead === undefined ? {} : {
      instead: (args) => Option.getOrUndefined(Option.flatMapNullable(read(args), instead))
    },
    ...previewing(options, readOrTell),
    ...intending(options, readOrTell),
    ...replaying(options, readOrTell),
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
 * Makes a tool from a JSON Schema, for tools of other programs. The arguments are only known to be an object, read as
 * the schema wants them where that is possible: the handler must check what it relies on.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Tool } from "effixir"
 *
 * const echo = Tool.fromJsonSchema({
 *   name: "echo",
 *   description: "Says it again",
 *   parameters: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
 *   handler: ({ text }) => Effect.succeed(String(text))
 * })
 * ```
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
  const parameters = objectAtRoot({ ...options.parameters, type: "object" })
  const required = Array.isArray(parameters["required"]) ? parameters["required"] : []
  const read = (args: unknown) => coerce({ ...options.parameters, type: "object" }, args)
  const readOrTell = (given: unknown) => {
    const args = read(given)
    return isArguments(args) ? Effect.succeed(args) : invalid(options.name, notAnObject(args))
  }
  return {
    name: options.name,
    declaration: declare(options, parameters),
    ...concurrencyIn(options, (given) => {
      const args = read(given)
      return isArguments(args) ? args : undefined
    }),
    coerce: read,
    describe: (given) => {
      const args = read(given)
      return isArguments(args) && options.describe !== undefined ? options.describe(args) : brief(options.name, args)
    },
    access: (given) => {
      const args = read(given)
      return isArguments(args) ? accessOf(options, args) : nothing
    },
    ...previewing(options, readOrTell),
    ...intending(options, readOrTell),
    ...replaying(options, readOrTell),
    call: (given, context) =>
      Effect.suspend(() => {
        const args = read(given)
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
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Tool } from "effixir"
 *
 * const shout = Tool.freeform({
 *   name: "shout",
 *   description: "Says a word loudly",
 *   syntax: "regex",
 *   grammar: "[a-z]+",
 *   handler: (word) => Effect.succeed(word.toUpperCase())
 * })
 * ```
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
  ...concurrencyIn(options, (args) => Predicate.isString(args) ? args : undefined),
  coerce: identity,
  describe: (args) =>
    Predicate.isString(args) && options.describe !== undefined ? options.describe(args) : brief(options.name, args),
  access: (args) => Predicate.isString(args) ? accessOf(options, args) : nothing,
  ...previewing(options, (args) => readText(options.name, args)),
  ...intending(options, (args) => readText(options.name, args)),
  ...replaying(options, (args) => readText(options.name, args)),
  call: (args, context) =>
    Effect.flatMap(readText(options.name, args), (text) => Effect.flatMap(options.handler(text, context), give))
})

const readText = (name: string, args: unknown): Effect.Effect<string, ToolFailure> =>
  Predicate.isString(args) ? Effect.succeed(args) : invalid(name, Problem.notPlainText)

/**
 * A tool that the server runs. It is declared, and never called here.
 *
 * @example
 * ```ts
 * import { Tool, Toolkit } from "effixir"
 *
 * const toolkit = Toolkit.make(Tool.hosted({ type: "web_search" }))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const hosted = (declaration: HostedTool): Tool => ({
  name: declaration.type,
  declaration,
  concurrency: "parallel",
  coerce: identity,
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

/**
 * A tool with some of what its handler needs. What the rest gets later does not replace it.
 *
 * @example
 * ```ts
 * import * as Context from "effect/Context"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 * import { Tool } from "effixir"
 *
 * class Greeting extends Context.Tag("Greeting")<Greeting, string>() {}
 *
 * const greet = Tool.make({
 *   name: "greet",
 *   description: "Greets somebody",
 *   parameters: Schema.Struct({ name: Schema.String }),
 *   handler: ({ name }) => Effect.map(Greeting, (greeting) => `${greeting} ${name}`)
 * })
 *
 * const inGerman = Tool.provide(greet, Context.make(Greeting, "Hallo"))
 * ```
 *
 * @since 0.1.0
 * @category context
 */
export const provide = <R, Given>(self: Tool<R | Given>, services: Context.Context<Given>): Tool<R> => {
  const give = Effect.mapInputContext((rest: Context.Context<R>) => Context.merge(rest, services))
  const { instead, intent, preview, replay, ...others } = self
  return {
    ...others,
    ...instead === undefined ? {} : {
      instead: (args) => {
        const other = instead(args)
        return other === undefined ? undefined : { ...other, tool: provide<R, Given>(other.tool, services) }
      }
    },
    ...preview === undefined ? {} : { preview: (args, context) => give(preview(args, context)) },
    ...intent === undefined ? {} : { intent: (args, context) => give(intent(args, context)) },
    ...replay === undefined ? {} : {
      replay: typeof replay === "string" ? replay : (args, context) => give(replay(args, context))
    },
    call: (args, context) => give(others.call(args, context))
  }
}

const accessOf = <A, R>({ access }: Common<A, R>, parameters: A): Access => access?.(parameters) ?? { kind: "other" }

const concurrencyIn = <A, R>(
  { concurrency = "parallel" }: Common<A, R>,
  read: (args: unknown) => A | undefined
): Pick<Tool<R>, "concurrency" | "concurrencyOf"> =>
  typeof concurrency === "string" ? { concurrency } : {
    concurrency: "exclusive",
    concurrencyOf: (args) => {
      const parameters = read(args)
      return parameters === undefined ? "parallel" : concurrency(parameters)
    }
  }

const previewing = <A, R>(
  { preview }: Common<A, R>,
  read: (args: unknown) => Effect.Effect<A, ToolFailure>
): Pick<Tool<R>, "preview"> =>
  preview === undefined
    ? {}
    : { preview: (args, context) => Effect.flatMap(read(args), (parameters) => preview(parameters, context)) }

const replaying = <A, R>(
  { replay }: Common<A, R>,
  read: (args: unknown) => Effect.Effect<A, ToolFailure>
): Pick<Tool<R>, "replay"> => {
  if (replay === undefined) return {}
  if (typeof replay === "string") return { replay }
  return {
    replay: (args, context) =>
      Effect.orElseSucceed(
        Effect.flatMap(read(args), (parameters) => replay(parameters, context)),
        () => unknown
      )
  }
}

const intending = <A, R>(
  { intent }: Common<A, R>,
  read: (args: unknown) => Effect.Effect<A, ToolFailure>
): Pick<Tool<R>, "intent"> =>
  intent === undefined
    ? {}
    : { intent: (args, context) => Effect.flatMap(read(args), (parameters) => intent(parameters, context)) }

const isArguments = (args: unknown): args is Arguments => Predicate.isReadonlyRecord(args)

const invalid = (name: string, why: string) => new ToolFailure({ message: Problem.invalid(name, why) })

const notAnObject = (args: unknown): string => Problem.mustBe([], Problem.anObject, args)

const declare = (
  { description, name }: { readonly name: string; readonly description: string },
  parameters: FunctionTool["parameters"]
): FunctionTool => ({ type: "function", name, description, strict: false, parameters })

const give = (value: unknown): Effect.Effect<Result, ToolFailure> =>
  value instanceof Result
    ? Effect.succeed(value)
    : isContent(value)
    ? Effect.succeed(new Result({ output: value }))
    : Effect.map(toText(value), (output) => new Result({ output }))

const isContent = (value: unknown): value is Exclude<Output, string> => Array.isArray(value) && value.every(isItem)

/** A result that does not fit the tool's own schema is a bug, not something the model could fix. */
const encoding = <A, I>(schema: Schema.Schema<A, I>): (value: unknown) => Effect.Effect<Result, ToolFailure> => {
  const encode = Schema.encodeUnknown(schema)
  return (value) =>
    Effect.map(
      isDeep(value) ? toText(value) : Effect.flatMap(Effect.orDie(encode(value)), toText),
      (output) => new Result({ output })
    )
}

const tooDeepResult = ToolFailures.resultNotShown(tooDeep)

/** JSON cannot express `undefined`, the success of a tool without a result. */
const toText = (output: unknown): Effect.Effect<string, ToolFailure> => {
  if (Predicate.isString(output)) return Effect.succeed(output)
  if (output === undefined) return Effect.succeed("")
  const json = stringify(output)
  if (Either.isRight(json)) return Effect.succeed(isDeep(output) ? tooDeepResult : json.right)
  return json.left === tooDeep
    ? Effect.succeed(tooDeepResult)
    : new ToolFailure({ message: ToolFailures.resultNotJson(json.left) })
}

const briefLength = 200

const brief = (name: string, args: unknown): string => `${name} ${asText(args)}`.slice(0, briefLength)

/** For very long arguments only the first problem is reported; collecting all would take too long. */
const isLong = (args: unknown): boolean => asText(args).length > 64 * 1024

/** Arguments are JSON. */
const asText = (args: unknown): string => Predicate.isString(args) ? args : Either.getOrElse(stringify(args), () => "")
