/**
 * The `LanguageModel` of `@effect/ai` over `Responses`: a program written for it runs on a ChatGPT sign-in, an API key or
 * another server by this layer alone.
 *
 * @since 0.1.0
 */
import * as AiError from "@effect/ai/AiError"
import * as LanguageModel from "@effect/ai/LanguageModel"
import type * as AiResponse from "@effect/ai/Response"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import {
  isFunctionCall,
  isFunctionCallOutput,
  isMessage,
  type Item,
  text as textOf,
  withoutId
} from "../responses/Item.ts"
import { ModelError } from "../responses/ModelError.ts"
import * as Request from "../responses/Request.ts"
import * as Response from "../responses/Response.ts"
import { Responses } from "../responses/Responses.ts"
import * as StructuredOutput from "../responses/StructuredOutput.ts"
import { outputText } from "../responses/ToolCall.ts"
import * as Usage from "../responses/Usage.ts"
import * as Answers from "./Answers.ts"
import * as Blocks from "./Blocks.ts"
import * as CalledTools from "./CalledTools.ts"
import * as RequestInput from "./RequestInput.ts"

/**
 * `instructions` stand before the system messages of the prompt. `maxRepairs` is how often a model that calls tools with
 * arguments they cannot take, and nothing else, or that answers without the object it was asked for, is asked again within
 * one answer; 3 by default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly model: string
  readonly instructions?: string | undefined
  readonly reasoning?: Request.ReasoningOptions | undefined
  readonly verbosity?: string | undefined
  readonly maxRepairs?: number | undefined
}

/**
 * What `@effect/ai` drops between two calls is kept here and put back where the same conversation goes on: encrypted
 * reasoning, the very text of arguments, items of kinds that it does not know. Another account or model gets no encrypted
 * items. What is kept lives as long as the service: of a chat that was stored and loaded elsewhere, words and calls go
 * back.
 *
 * - Calls come when the response is whole, so that no tool runs for an answer that a retry makes void.
 * - A call that no tool takes goes back to the model, with what is wrong, and does not end the answer. Beside calls that
 *   can run, the model hears of it together with their results.
 * - A failure is an `AiError.UnknownError` with the `ModelError` as its cause, or `MalformedOutput`.
 *
 * @example
 * ```ts
 * import * as LanguageModel from "@effect/ai/LanguageModel"
 * import * as Effect from "effect/Effect"
 * import { ResponsesLanguageModel } from "effixir/ai"
 *
 * // A second model, for one call.
 * const brief = LanguageModel.generateText({ prompt: "Say hello" }).pipe(
 *   Effect.provideServiceEffect(
 *     LanguageModel.LanguageModel,
 *     ResponsesLanguageModel.make({ model: "gpt-6-astra", verbosity: "low" })
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(options: Options) {
  const { account, stream } = yield* Responses
  const answers = yield* Answers.make
  const { instructions = "", maxRepairs = 3, model, reasoning, verbosity } = options

  const begin = (method: string, given: LanguageModel.ProviderOptions) =>
    Effect.gen(function*() {
      const recipient = { model, account: yield* Effect.mapError(account, failed(method)) }
      const { input, instructions: system, prefix } = yield* RequestInput.make(given.prompt, answers, recipient)
      // `@effect/ai` decodes the answer itself, with what the schema may need; here it has to fit without that.
      const format = given.responseFormat.type === "json"
        ? StructuredOutput.make(given.responseFormat.schema as Parameters<typeof StructuredOutput.make>[0])
        : undefined
      const request = Request.make({
        model,
        instructions: [instructions, system].filter((text) => text !== "").join("\n\n"),
        input,
        tools: given.tools.map(CalledTools.declare),
        toolChoice: given.tools.length === 0 ? "auto" : CalledTools.choiceOf(given.toolChoice),
        reasoning,
        text: format === undefined && verbosity === undefined ? undefined : { format: format?.declaration, verbosity },
        cacheKey: yield* RequestInput.keyOf(system, input)
      })
      const keep = (answer: Answer) =>
        answers.keep(prefix, { text: answer.text, calls: answer.called.map(({ id }) => id) }, answer.items, recipient)
      return { format, keep, request, tools: given.tools } satisfies Asking
    })

  /** One call, and more where the model has to mend something; `before` is what was answered until then. */
  const answering = (
    method: string,
    asking: Asking,
    before: Answer,
    blocks: Blocks.Blocks
  ): Stream.Stream<AiResponse.StreamPartEncoded, AiError.AiError> =>
    Stream.suspend(() => {
      let response = Response.empty
      let shown = blocks
      const { request } = asking
      const pieces = stream({ ...request, input: [...request.input, ...before.items.map(withoutId)] }).pipe(
        Stream.mapError(failed(method)),
        Stream.mapConcat((event) => {
          response = Response.add(response, event)
          const [next, parts] = Blocks.add(shown, event)
          shown = next
          return parts
        })
      )
      return Stream.concat(
        asking.format === undefined ? pieces : Stream.drain(pieces),
        Stream.unwrap(Effect.suspend(() => settle(method, asking, before, response, shown)))
      )
    })

  const settle = Effect.fnUntraced(function*(
    method: string,
    asking: Asking,
    before: Answer,
    response: Response.Response,
    shown: Blocks.Blocks
  ) {
    const items = Response.items(response)
    const read = yield* Effect.forEach(items.filter(isFunctionCall), (call) => CalledTools.read(asking.tools, call))
    const [refused, called] = Arr.separate(read)
    const answer: Answer = {
      items: [...before.items, ...items, ...refused],
      text: asking.format === undefined ? before.text + said(items) : before.text,
      called,
      usage: Usage.add(before.usage, response.usage),
      repairs: before.repairs + 1
    }
    const mayRepair = answer.repairs <= maxRepairs
    const [blocks, parts] = asking.format === undefined ? Blocks.finish(shown, items) : [Blocks.none, []]
    if (refused.length > 0 && called.length === 0) {
      if (!mayRepair) return yield* failed(method)(uncallable(refused))
      return Stream.concat(Stream.fromIterable(parts), answering(method, asking, answer, blocks))
    }
    if (asking.format === undefined || called.length > 0) {
      yield* asking.keep(answer)
      return Stream.fromIterable([...parts, ...ending(response, answer)])
    }
    const given = { items, finishReason: response.finishReason }
    const json = yield* Effect.either(asking.format.json(given))
    if (Either.isRight(json)) {
      yield* asking.keep({ ...answer, text: json.right })
      return Stream.fromIterable([...textParts(json.right), ...ending(response, answer)])
    }
    const hopeless = StructuredOutput.whyHopeless(given)
    if (hopeless !== undefined) return yield* failed(method)(hopeless)
    if (!mayRepair) return yield* failed(method)(StructuredOutput.unfit(json.left))
    const repair = StructuredOutput.repair(asking.format, json.left)
    return answering(method, asking, { ...answer, items: [...answer.items, repair] }, blocks)
  })

  const answer = (method: string) => (given: LanguageModel.ProviderOptions) =>
    Stream.unwrap(Effect.map(begin(method, given), (asking) => answering(method, asking, nothing, Blocks.none)))

  const parts = answer("generateText")

  return yield* LanguageModel.make({
    streamText: answer("streamText"),
    generateText: (given) => Effect.map(Stream.runCollect(parts(given)), whole)
  })
})

/**
 * ```ts
 * program.pipe(Effect.provide(layer({ model: "gpt-6.2-sol" })))
 * ```
 *
 * @example
 * ```ts
 * import * as LanguageModel from "@effect/ai/LanguageModel"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { Responses } from "effixir"
 * import { ResponsesLanguageModel } from "effixir/ai"
 * import { NodeAgent } from "effixir/node"
 *
 * const Model = ResponsesLanguageModel.layer({ model: "gpt-6.2-sol", reasoning: { effort: "low" } }).pipe(
 *   Layer.provide(Responses.layer),
 *   Layer.provide(NodeAgent.layerHome)
 * )
 *
 * const program = LanguageModel.generateText({ prompt: "Say hello" }).pipe(Effect.provide(Model))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<LanguageModel.LanguageModel, never, Responses> =>
  Layer.effect(LanguageModel.LanguageModel, make(options))

interface Asking {
  readonly request: Request.Request
  readonly tools: LanguageModel.ProviderOptions["tools"]
  readonly format: StructuredOutput.StructuredOutput<unknown> | undefined
  readonly keep: (answer: Answer) => Effect.Effect<void>
}

/** An answer so far, of all its calls. */
interface Answer {
  readonly items: ReadonlyArray<Item>
  /** What of it the parts tell. */
  readonly text: string
  readonly called: ReadonlyArray<CalledTools.Called>
  readonly usage: Usage.Usage
  readonly repairs: number
}

const uncallable = (refused: ReadonlyArray<Item>) =>
  new ModelError({
    reason: { _tag: "MalformedOutput" },
    detail: `it calls tools again and again in a way that none takes: ${
      refused.filter(isFunctionCallOutput).map(({ output }) => outputText(output)).join(" ")
    }`
  })

const nothing: Answer = { items: [], text: "", called: [], usage: Usage.zero, repairs: 0 }

const said = (items: ReadonlyArray<Item>): string => items.filter(isMessage).map(textOf).join("")

const textParts = (text: string): ReadonlyArray<AiResponse.StreamPartEncoded> => [
  { type: "text-start", id: "0" },
  { type: "text-delta", id: "0", delta: text },
  { type: "text-end", id: "0" }
]

const ending = (
  { finishReason = "stop", id, model }: Response.Response,
  { called, usage }: Answer
): ReadonlyArray<AiResponse.StreamPartEncoded> => [
  ...called.map(({ id, name, params }): AiResponse.StreamPartEncoded => ({ type: "tool-call", id, name, params })),
  { type: "response-metadata", id, modelId: model },
  {
    type: "finish",
    reason: reasonOf(finishReason, called.length > 0),
    usage: {
      inputTokens: usage.inputTokens,
      outputTokens: usage.outputTokens,
      totalTokens: usage.inputTokens + usage.outputTokens,
      reasoningTokens: usage.reasoningOutputTokens,
      cachedInputTokens: usage.cachedInputTokens
    }
  }
]

const reasonOf = (reason: string, hasCalls: boolean): typeof AiResponse.FinishReason.Type => {
  switch (reason) {
    case "stop":
      return hasCalls ? "tool-calls" : "stop"
    case "max_output_tokens":
      return "length"
    case "content_filter":
      return "content-filter"
    default:
      return "other"
  }
}

/** The parts of a whole answer: each text at once. */
const whole = (parts: Iterable<AiResponse.StreamPartEncoded>): Array<AiResponse.PartEncoded> => {
  const texts = new Map<string, string>()
  return Array.from(parts).flatMap((part): ReadonlyArray<AiResponse.PartEncoded> => {
    switch (part.type) {
      case "text-start":
      case "reasoning-start":
        texts.set(part.id, "")
        return []
      case "text-delta":
      case "reasoning-delta":
        texts.set(part.id, (texts.get(part.id) ?? "") + part.delta)
        return []
      case "text-end":
        return [{ type: "text", text: texts.get(part.id) ?? "" }]
      case "reasoning-end":
        return [{ type: "reasoning", text: texts.get(part.id) ?? "" }]
      case "tool-call":
      case "response-metadata":
      case "finish":
        return [part]
      default:
        return []
    }
  })
}

const failed = (method: string) => (cause: ModelError | { readonly _tag: string; readonly message: string }) =>
  cause._tag === "ModelError" && "reason" in cause && cause.reason._tag === "MalformedOutput"
    ? new AiError.MalformedOutput({ module: "effixir/ai", method, description: cause.message, cause })
    : new AiError.UnknownError({ module: "effixir/ai", method, description: cause.message, cause })
