/**
 * The one place where calls become outputs: it finds the tool, decodes its arguments, runs it, and bounds its output.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as GenAi from "../internal/genAi.ts"
import { field, isDeep, isDeepText, maxDepth, parse, stringify, text as textOf } from "../internal/json.ts"
import { redactedSpan } from "../internal/redactedSpan.ts"
import * as ToolFailures from "../prompts/ToolFailures.ts"
import type { ToolDeclaration } from "../responses/Request.ts"
import { argument, type Output, type ToolCall, toolNamed } from "../responses/ToolCall.ts"
import * as BoundedOutput from "./command/BoundedOutput.ts"
import {
  type Access,
  type CallContext,
  type Concurrency,
  type CutOff,
  nothing,
  type Preview,
  Result,
  type Tool,
  ToolFailure
} from "./Tool.ts"
import type { Toolkit } from "./Toolkit.ts"
import type { FileIntent } from "./workspace/FileIntent.ts"

/**
 * The output that the model gets. A failed result is an answer too: it says what was wrong. The details are for user
 * interfaces.
 *
 * @since 0.1.0
 * @category models
 */
export interface ToolResult {
  readonly status: "completed" | "failed"
  readonly output: Output
  readonly details?: { readonly [name: string]: unknown } | undefined
}

/**
 * A call that was cut off: it runs again, or it had ended with this, or nobody can tell.
 *
 * @since 0.1.0
 * @category models
 */
export type Recovered =
  | { readonly _tag: "Again" }
  | { readonly _tag: "Unknown" }
  | { readonly _tag: "Ended"; readonly result: ToolResult }

/** @since 0.1.0 @category services */
export class ToolExecutor extends Context.Tag("effixir/tools/ToolExecutor")<ToolExecutor, {
  /** The definitions of the current tools, for the model. */
  readonly declarations: Effect.Effect<ReadonlyArray<ToolDeclaration>>
  /** The name of the tool that a call means; for an unknown one, the name as the model wrote it. */
  readonly nameOf: (call: ToolCall) => Effect.Effect<string>
  /**
   * The call as it runs: with the name of its tool, and with its arguments as the tool takes them. The log keeps what the
   * model has written.
   */
  readonly resolve: (call: ToolCall) => Effect.Effect<ToolCall>
  /** Whether a call may run in parallel with others. A call of an unknown tool may. */
  readonly concurrency: (call: ToolCall) => Effect.Effect<Concurrency>
  /** Describes in a line what a call would do, without running it. */
  readonly describe: (call: ToolCall) => Effect.Effect<string>
  /** Gives what a call would touch, without running it. */
  readonly access: (call: ToolCall) => Effect.Effect<Access>
  /** Computes what a call would change, without changing it; none for tools without a preview. */
  readonly preview: (
    call: ToolCall,
    context: Pick<CallContext, "sessionId">
  ) => Effect.Effect<Option.Option<Preview>, ToolFailure>
  /** What a call is about to do to files, for `recover`; nothing where its tool does not say, or cannot. */
  readonly intent: (
    call: ToolCall,
    context: Pick<CallContext, "sessionId">
  ) => Effect.Effect<ReadonlyArray<FileIntent> | undefined>
  /** What has become of a call that was cut off, and whether it may run again. */
  readonly recover: (call: ToolCall, context: CutOff) => Effect.Effect<Recovered>
  /** Runs one call. It has no error: failures that the tool expects become failed results. */
  readonly execute: (call: ToolCall, context: CallContext) => Effect.Effect<ToolResult>
}>() {}

/** @since 0.1.0 @category constructors */
export const make = <R>(
  toolkit: Toolkit<R> | Effect.Effect<Toolkit<R>>
): Effect.Effect<typeof ToolExecutor.Service, never, R> =>
  Effect.map(Effect.context<R>(), (services) => {
    const tools = Effect.map(Effect.isEffect(toolkit) ? toolkit : Effect.succeed(toolkit), ({ tools }) => tools)
    return ToolExecutor.of({
      declarations: Effect.map(tools, (tools) => shown(tools).map((tool) => tool.declaration)),
      nameOf: (call) => Effect.map(tools, (tools) => meant(tools, call).tool?.name ?? call.name),
      resolve: (call) => Effect.flatMap(tools, (tools) => resolve(meant(tools, call))),
      concurrency: (call) => Effect.flatMap(tools, (tools) => concurrency(meant(tools, call))),
      describe: (call) => Effect.flatMap(tools, (tools) => describe(meant(tools, call))),
      access: (call) => Effect.flatMap(tools, (tools) => access(meant(tools, call))),
      preview: (call, context) =>
        Effect.flatMap(tools, (tools) => preview(meant(tools, call), context)).pipe(Effect.provide(services)),
      intent: (call, context) =>
        Effect.flatMap(tools, (tools) => intent(meant(tools, call), context)).pipe(Effect.provide(services)),
      recover: (call, context) =>
        Effect.flatMap(tools, (tools) => recover(meant(tools, call), context)).pipe(Effect.provide(services)),
      execute: Effect.fnUntraced(function*(call, context) {
        const available = yield* tools
        const { name, ...options } = GenAi.executeTool({
          tool: meant(available, call).tool?.name,
          callId: call.call_id,
          sessionId: context.sessionId
        })
        return yield* run(available, call, context).pipe(
          Effect.flatMap(checked),
          Effect.provide(services),
          Effect.match({
            onFailure: ({ details, message }): ToolResult => ({
              status: "failed",
              output: BoundedOutput.bound(message),
              details: loggable(details)
            }),
            onSuccess: completed
          }),
          // An interruption of the call itself does not reach this handler.
          Effect.catchAllCause((cause) =>
            Cause.isInterruptedOnly(cause)
              ? Effect.succeed(stopped)
              : Effect.as(Effect.logDebug(`${call.name} threw`, cause), threw(call.name, Cause.squash(cause)))
          ),
          Effect.tap(({ status }) => status === "failed" ? Effect.annotateCurrentSpan(GenAi.toolFailed) : Effect.void),
          redactedSpan(name, options)
        )
      })
    })
  })

/**
 * Runs the tools of a toolkit. The layer requires what the handlers require. Pass a toolkit that changes at run time as
 * an Effect, such as `Ref.get(ref)`; it is evaluated for each request and each call.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { BuiltIn, ToolExecutor } from "effixir"
 *
 * const Executor = ToolExecutor.layer(BuiltIn.make())
 * const sameAsAnEffect = ToolExecutor.make(BuiltIn.make())
 *
 * const Logged = ToolExecutor.middleware((next) => ({
 *   ...next,
 *   execute: (call, context) => Effect.zipRight(Effect.log(call.name), next.execute(call, context))
 * })).pipe(Layer.provide(Executor))
 *
 * const names = Effect.map(ToolExecutor.ToolExecutor, ({ declarations }) => declarations)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <R>(
  toolkit: Toolkit<R> | Effect.Effect<Toolkit<R>>
): Layer.Layer<ToolExecutor, never, R> => Layer.effect(ToolExecutor, make(toolkit))

/** A bug of one tool is no reason to end the turn: the model can do without it. */
const threw = (name: string, defect: unknown): ToolResult => ({
  status: "failed",
  output: BoundedOutput.bound(ToolFailures.threw(name, defect instanceof Error ? defect.message : String(defect)))
})

const completed = ({ details, output }: Result): ToolResult => ({
  status: "completed",
  output: BoundedOutput.boundOutput(output),
  details: loggable(details)
})

const stopped: ToolResult = { status: "failed", output: ToolFailures.stopped }

/** The log and the next request hold JSON. */
const checked = (result: Result): Effect.Effect<Result, ToolFailure> => {
  if (typeof result.output === "string") return Effect.succeed(result)
  const json = stringify(result.output)
  if (Either.isLeft(json)) return new ToolFailure({ message: ToolFailures.resultNotJson(json.left) })
  return isDeep(result.output)
    ? new ToolFailure({ message: ToolFailures.resultTooDeep(maxDepth) })
    : Effect.succeed(result)
}

const loggable = (details: Result["details"]): Result["details"] =>
  Either.isLeft(stringify(details)) || isDeep(details) ? undefined : details

type Tools<R> = Toolkit<R>["tools"]

const shown = <R>(tools: Tools<R>): ReadonlyArray<Tool<R>> =>
  Array.from(tools.values()).filter(({ isDeferred }) => isDeferred !== true)

const toolOf = <R>(tools: Tools<R>, { name }: ToolCall): Tool<R> | undefined =>
  tools.get(name) ?? tools.get(toolNamed(name, tools.keys()) ?? "")

/**
 * Wraps an executor, as a layer over the one below: to act before or after each call, or in its place.
 *
 * ```ts
 * const layerLogged = ToolExecutor.middleware((next) => ({
 *   ...next,
 *   execute: (call, context) => Effect.tap(next.execute(call, context), () => Effect.logDebug(call.name))
 * })).pipe(Layer.provide(ToolExecutor.layer(toolkit)))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const middleware = (
  wrap: (next: typeof ToolExecutor.Service) => typeof ToolExecutor.Service
): Layer.Layer<ToolExecutor, never, ToolExecutor> => Layer.effect(ToolExecutor, Effect.map(ToolExecutor, wrap))

/** A call with the tool that it is for; none if there is no such tool. */
interface Meant<out R> {
  readonly tool: Tool<R> | undefined
  readonly call: ToolCall
}

const meant = <R>(tools: Tools<R>, call: ToolCall): Meant<R> => {
  const tool = toolOf(tools, call)
  const instead = tool?.instead?.(parse(argument(call)))
  return instead === undefined ? { tool, call } : {
    tool: instead.tool,
    call: { type: "custom_tool_call", call_id: call.call_id, name: instead.tool.name, input: instead.input }
  }
}

const run = <R>(
  tools: Tools<R>,
  given: ToolCall,
  context: CallContext
): Effect.Effect<Result, ToolFailure, R> => {
  const { call, tool } = meant(tools, given)
  return tool === undefined
    ? new ToolFailure({ message: ToolFailures.noSuchTool(call.name, shown(tools).map(({ name }) => name)) })
    : Effect.flatMap(read(tool, call), (args) => tool.call(args, context))
}

const resolve = <R>({ call, tool }: Meant<R>): Effect.Effect<ToolCall> => {
  if (tool === undefined) return Effect.succeed(call)
  const named = { ...call, name: tool.name }
  return Effect.match(read(tool, call), {
    onFailure: () => named,
    onSuccess: (given) => {
      const args = tool.coerce(given)
      return args === given || named.type !== "function_call" ? named : { ...named, arguments: JSON.stringify(args) }
    }
  })
}

const describe = <R>({ call, tool }: Meant<R>): Effect.Effect<string> =>
  tool === undefined
    ? Effect.succeed(`${call.name} (there is no such tool)`)
    : Effect.map(
      Effect.match(read(tool, call), { onFailure: () => tool.describe(argument(call)), onSuccess: tool.describe }),
      oneLine
    )

const concurrency = <R>({ call, tool }: Meant<R>): Effect.Effect<Concurrency> => {
  if (tool?.concurrencyOf === undefined) return Effect.succeed(tool?.concurrency ?? "parallel")
  return Effect.match(read(tool, call), { onFailure: () => "parallel", onSuccess: tool.concurrencyOf })
}

/** A call that cannot run touches nothing. */
const access = <R>({ call, tool }: Meant<R>): Effect.Effect<Access> =>
  tool === undefined
    ? Effect.succeed(nothing)
    : Effect.match(read(tool, call), { onFailure: () => nothing, onSuccess: tool.access })

const preview = <R>(
  { call, tool }: Meant<R>,
  context: Pick<CallContext, "sessionId">
): Effect.Effect<Option.Option<Preview>, ToolFailure, R> => {
  const work = tool?.preview
  return tool === undefined || work === undefined
    ? Effect.succeedNone
    : Effect.flatMap(read(tool, call), (args) => Effect.asSome(work(args, context)))
}

const intent = <R>(
  { call, tool }: Meant<R>,
  context: Pick<CallContext, "sessionId">
): Effect.Effect<ReadonlyArray<FileIntent> | undefined, never, R> => {
  const work = tool?.intent
  return tool === undefined || work === undefined
    ? Effect.succeed(undefined)
    : Effect.orElseSucceed(Effect.flatMap(read(tool, call), (args) => work(args, context)), () => undefined)
}

const again: Recovered = { _tag: "Again" }
const unknown: Recovered = { _tag: "Unknown" }

const recover = <R>(
  { call, tool }: Meant<R>,
  context: CutOff
): Effect.Effect<Recovered, never, R> => {
  const replay = tool?.replay ?? "never"
  if (tool === undefined || typeof replay === "string") {
    return Effect.succeed(replay === "safe" ? again : unknown)
  }
  return Effect.flatMap(read(tool, call), (args) => replay(args, context)).pipe(
    Effect.flatMap((found): Effect.Effect<Recovered, ToolFailure> => {
      if (found._tag !== "Done") return Effect.succeed(found._tag === "NotDone" ? again : unknown)
      const { result } = found
      const given = typeof result === "object" && "output" in result ? result : new Result({ output: result })
      return Effect.map(checked(given), (result) => ({ _tag: "Ended", result: completed(result) }))
    }),
    Effect.orElseSucceed(() => unknown)
  )
}

const maxDescription = 300

const oneLine = (text: string): string =>
  text.slice(0, 2 * maxDescription).replaceAll(/\s+/g, " ").trim().slice(0, maxDescription).toWellFormed()

/** Plain text or JSON, as the tool was declared. A call of a tool without parameters may come with no arguments at all. */
const read = <R>(tool: Tool<R>, call: ToolCall): Effect.Effect<unknown, ToolFailure> => {
  const text = argument(call)
  if (tool.declaration.type === "custom") {
    // Servers without such tools know them as functions with one argument.
    return Effect.succeed(call.type === "function_call" ? textOf(field(parse(text), "input")) ?? text : text)
  }
  if (isDeepText(text)) {
    return new ToolFailure({ message: ToolFailures.argumentsTooDeep(call.name, maxDepth) })
  }
  return text.trim() === "" ? Effect.succeed({}) : Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (error) =>
      new ToolFailure({
        message: ToolFailures.argumentsNotJson(call.name, error instanceof Error ? error.message : undefined)
      })
  })
}
