/**
 * The one place where calls become outputs: find the tool, read its arguments, run it, bound what it says.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { FunctionCall } from "../responses/Item.ts"
import type { ToolDeclaration } from "../responses/Request.ts"
import * as BoundedOutput from "./BoundedOutput.ts"
import { type CallContext, ToolFailure } from "./Tool.ts"
import type { Toolkit } from "./Toolkit.ts"

/**
 * What the model is told. A failed result is an answer too: it says what was wrong.
 *
 * @since 0.1.0
 * @category models
 */
export interface ToolResult {
  readonly status: "completed" | "failed"
  readonly output: string
}

/** @since 0.1.0 @category services */
export class ToolExecutor extends Context.Tag("effixir/tools/ToolExecutor")<ToolExecutor, {
  /** What the model is told of the tools. */
  readonly declarations: ReadonlyArray<ToolDeclaration>
  /** Runs one call. It has no error: whatever goes wrong in a way the tool foresaw is a failed result. */
  readonly execute: (call: FunctionCall, context: CallContext) => Effect.Effect<ToolResult>
}>() {}

/** @since 0.1.0 @category constructors */
export const make = <R>(toolkit: Toolkit<R>): Effect.Effect<typeof ToolExecutor.Service, never, R> =>
  Effect.map(Effect.context<R>(), (services) =>
    ToolExecutor.of({
      declarations: Array.from(toolkit.tools.values(), (tool) => tool.declaration),
      execute: Effect.fn("ToolExecutor.execute")(function*(call, context) {
        yield* Effect.annotateCurrentSpan({ tool: call.name, callId: call.call_id })
        return yield* run(toolkit, call, context).pipe(
          Effect.provide(services),
          Effect.match({
            onFailure: (failure): ToolResult => ({ status: "failed", output: BoundedOutput.bound(failure.message) }),
            onSuccess: (output): ToolResult => ({ status: "completed", output: BoundedOutput.bound(output) })
          })
        )
      })
    }))

/**
 * Puts a toolkit to work. What its handlers need is what the layer needs.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <R>(toolkit: Toolkit<R>): Layer.Layer<ToolExecutor, never, R> =>
  Layer.effect(ToolExecutor, make(toolkit))

const run = <R>(
  toolkit: Toolkit<R>,
  call: FunctionCall,
  context: CallContext
): Effect.Effect<string, ToolFailure, R> => {
  const tool = toolkit.tools.get(call.name)
  if (tool === undefined) {
    const names = Array.from(toolkit.tools.keys()).join(", ")
    return new ToolFailure({ message: `There is no tool named ${call.name}. The tools are: ${names}.` })
  }
  return Effect.flatMap(parse(call), (args) => tool.call(args, context))
}

/** A call of a tool without parameters may come with no arguments at all. */
const parse = (call: FunctionCall): Effect.Effect<unknown, ToolFailure> =>
  call.arguments.trim() === "" ? Effect.succeed({}) : Effect.try({
    try: (): unknown => JSON.parse(call.arguments),
    catch: (error) =>
      new ToolFailure({
        message: `The arguments of ${call.name} are not JSON (${error instanceof Error ? error.message : "unreadable"})`
      })
  })
