/**
 * Tools from one house to the other: a toolkit of `@effect/ai` for an agent here, and tools from here for its
 * `LanguageModel`.
 *
 * @since 0.1.0
 */
import * as AiTool from "@effect/ai/Tool"
import type * as AiToolkit from "@effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { stringify } from "../internal/json.ts"
import type { FunctionCall } from "../responses/Item.ts"
import { FunctionTool } from "../responses/Request.ts"
import { outputText } from "../responses/ToolCall.ts"
import { Permission } from "../tools/permission/Permission.ts"
import { runUnasked } from "../tools/runUnasked.ts"
import * as Tool from "../tools/Tool.ts"
import * as ToolExecutor from "../tools/ToolExecutor.ts"
import * as Toolkit from "../tools/Toolkit.ts"
import * as CalledTools from "./CalledTools.ts"

/**
 * The tools of `@effect/ai` with their handlers, as `yield* toolkit` gives them. Arguments that do not fit go back to the
 * model; a failure of a handler does, too, and is a failed result. What a call would touch is not known of them: a
 * `Permission` that asks about other tools asks about these. Tools that a provider runs itself are left out.
 *
 * @example
 * ```ts
 * import * as Tool from "@effect/ai/Tool"
 * import * as Toolkit from "@effect/ai/Toolkit"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Schema from "effect/Schema"
 * import { ToolExecutor } from "effixir"
 * import { Tools } from "effixir/ai"
 *
 * const Weather = Toolkit.make(Tool.make("temperature", { parameters: { city: Schema.String }, success: Schema.Number }))
 *
 * const Executor = Layer.unwrapEffect(Effect.map(Weather, (handled) => ToolExecutor.layer(Tools.fromToolkit(handled)))).pipe(
 *   Layer.provide(Weather.toLayer({ temperature: () => Effect.succeed(21) }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category converting
 */
export const fromToolkit = <Tools extends Record<string, AiTool.Any>>(
  toolkit: AiToolkit.WithHandler<Tools>
): Toolkit.Toolkit<AiTool.Requirements<Tools[keyof Tools]>> =>
  Toolkit.make(
    ...Object.values(toolkit.tools).filter((tool) => !AiTool.isProviderDefined(tool)).map((tool) =>
      Tool.fromJsonSchema({
        name: tool.name,
        description: CalledTools.descriptionOf(tool),
        parameters: CalledTools.parametersOf(tool),
        handler: (args) =>
          // It decodes them itself, whatever its type says.
          toolkit.handle(tool.name, args as AiTool.Parameters<Tools[keyof Tools]>).pipe(
            Effect.mapError((error: unknown) => new Tool.ToolFailure({ message: wordsOf(error) })),
            Effect.flatMap(({ encodedResult, isFailure }) =>
              isFailure
                ? new Tool.ToolFailure({ message: wordsOf(encodedResult) })
                : Effect.succeed(wordsOf(encodedResult))
            )
          )
      })
    )
  )

/**
 * A tool from here, as `@effect/ai` has it.
 *
 * @since 0.1.0
 * @category models
 */
export type Converted = ReturnType<typeof toTool>

/**
 * A toolkit for the `toolkit` of `LanguageModel.generateText` and its kin. What it needs of {@link Permission} decides
 * each call, as it does for an agent; but nobody can be asked here, so that a call that would need it is refused. A
 * refusal or failure is a result that the model gets.
 *
 * @example
 * ```ts
 * import * as LanguageModel from "@effect/ai/LanguageModel"
 * import * as Effect from "effect/Effect"
 * import { Tool, Toolkit } from "effixir"
 * import { Tools } from "effixir/ai"
 *
 * const echo = Tool.fromJsonSchema({
 *   name: "echo",
 *   description: "Says it again",
 *   parameters: { type: "object", properties: { text: { type: "string" } } },
 *   handler: ({ text }) => Effect.succeed(String(text))
 * })
 *
 * const program = Effect.flatMap(Tools.toToolkit(Toolkit.make(echo)), (toolkit) =>
 *   LanguageModel.generateText({ prompt: "Say hello twice", toolkit }))
 * ```
 *
 * @since 0.1.0
 * @category converting
 */
export const toToolkit: <R>(
  toolkit: Toolkit.Toolkit<R>
) => Effect.Effect<AiToolkit.WithHandler<Record<string, Converted>>, never, Permission | R> = Effect.fnUntraced(
  function*<R>(toolkit: Toolkit.Toolkit<R>) {
    const permission = yield* Permission
    const executor = yield* ToolExecutor.make(toolkit)
    const run = Effect.fnUntraced(function*(call: FunctionCall) {
      const progress = () => Effect.void
      const { isFailed, output } = yield* runUnasked(call, { executor, permission, progress, sessionId })
      return result(outputText(output), isFailed)
    })
    const calls = yield* Ref.make(0)
    const tools = Array.from(toolkit.tools.values()).filter(({ declaration }) => isFunctionTool(declaration))
    return {
      tools: Object.fromEntries(tools.map((tool) => [tool.name, toTool(tool)])),
      handle: (name: string, params: unknown) =>
        Effect.flatMap(
          Ref.updateAndGet(calls, (n) => n + 1),
          (n) => run({ type: "function_call", call_id: `call_${n}`, name, arguments: JSON.stringify(params) })
        )
    }
  }
)

/** `@effect/ai` tells no handler which conversation it works for. */
const sessionId = "effect-ai"

const isFunctionTool = Schema.is(FunctionTool)

const result = (text: string, isFailure: boolean) => ({ isFailure, result: text, encodedResult: text })

const toTool = ({ declaration, name }: Tool.Tool<unknown>) =>
  AiTool.make(name, {
    description: String(declaration["description"]),
    success: Schema.String,
    failure: Schema.String,
    failureMode: "return"
  }).setParameters(
    Schema.Struct({}, Schema.Record({ key: Schema.String, value: Schema.Unknown })).annotations({
      jsonSchema: isFunctionTool(declaration) ? declaration.parameters : {}
    })
  )

const wordsOf = (value: unknown): string => {
  if (typeof value === "string") return value
  if (value instanceof Error) return value.message
  const json = stringify(value ?? null)
  return Either.isRight(json) ? json.right : json.left
}
