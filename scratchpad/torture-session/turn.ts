/**
 * The turn that is tortured: a model by script, tools whose calls the witness sees, and a window that is so small that the
 * conversation is compacted on the way.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Agent from "../../src/agent/Agent.ts"
import * as ContextPolicy from "../../src/agent/ContextPolicy.ts"
import * as Prompt from "../../src/prompts/Compaction.ts"
import { type Item, text } from "../../src/responses/Item.ts"
import { Responses } from "../../src/responses/Responses.ts"
import * as Script from "../../src/testing/Script.ts"
import { Permission } from "../../src/tools/permission/Permission.ts"
import * as Tool from "../../src/tools/Tool.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { Boundary } from "../torture/Boundary.ts"
import { callId, type Kind, type Shape } from "../torture/order.ts"
import { linesOf, writer } from "../torture/witness.ts"
import type { Order } from "./order.ts"

/** A few milliseconds, so that deaths at random times find something to do. */
const aMoment = Effect.suspend(() => Effect.sleep(Math.random() * 4))

const tool = (kind: Kind, { witness, worker }: Order, { pass }: typeof Boundary.Service) => {
  const tell = writer(witness)
  return Tool.make({
    name: kind,
    description: "Works",
    parameters: Schema.Struct({ call: Schema.String }),
    // Some run beside each other, some alone.
    concurrency: kind === "never" ? "exclusive" : "parallel",
    replay: kind !== "reconciled" ?
      kind :
      ({ call }) =>
        Effect.sync(() =>
          linesOf(witness).some((line) => line.what === "done" && line.call === call) ? Tool.done("done") : Tool.notDone
        ),
    handler: Effect.fnUntraced(function*({ call }) {
      yield* pass(`before call ${kind}`)
      tell({ what: "began", worker, call })
      yield* aMoment
      yield* pass(`within call ${kind}`)
      tell({ what: "done", worker, call })
      yield* pass(`after call ${kind}`)
      yield* aMoment
      return "done"
    })
  })
}

/** Which step comes next, by what the conversation still has of the others: an output, or the summary. */
const next = (input: ReadonlyArray<Item>): number =>
  input.reduce((known, item) => {
    const told = item.type === "function_call_output"
      ? /^\d+/.exec(String(item["call_id"]))?.[0]
      : /The last step was (\d+)/.exec(text(item))?.[1]
    return told === undefined ? known : Math.max(known, Number(told) + 1)
  }, 0)

const answer = (shape: Shape, input: ReadonlyArray<Item>): ReadonlyArray<Item> => {
  const step = next(input)
  if (isSummary(input)) return [Script.say(`The last step was ${step - 1}.`)]
  const calls = shape[step]
  return calls === undefined ? [Script.say("Done.")] : calls.map((kind, index) => {
    const id = callId(step, index, kind)
    return Script.call(kind, { call: id }, id)
  })
}

const isSummary = (input: ReadonlyArray<Item>): boolean => text(input.at(-1) ?? Script.say("")) === Prompt.summarize

/** In tokens: it is full when the outputs of three steps are in it. */
const window = 1000

const layerModel = (shape: Shape) =>
  Layer.effect(
    Responses,
    Effect.map(Boundary, ({ pass }) => ({
      account: Effect.succeed("torture"),
      stream: ({ input }) => {
        const steps = new Set(input.flatMap((item) => /^\d+/.exec(String(item["call_id"] ?? "")) ?? []))
        const usage = { input_tokens: 100 + 300 * steps.size, output_tokens: 1 }
        return Stream.unwrap(Effect.as(
          Effect.zipRight(pass(isSummary(input) ? "asking for a summary" : "asking the model"), aMoment),
          Stream.fromIterable([
            ...answer(shape, input).map((item, output_index) => ({
              type: "response.output_item.done" as const,
              output_index,
              item
            })),
            { type: "response.completed" as const, response: { usage } }
          ])
        ))
      }
    }))
  )

const layerTools = (order: Order) =>
  Layer.unwrapEffect(Effect.map(Boundary, (boundary) =>
    ToolExecutor.layer(Toolkit.make(
      tool("safe", order, boundary),
      tool("reconciled", order, boundary),
      tool("never", order, boundary)
    ))))

/** Each decision is written down. */
const layerPermission = Layer.succeed(Permission, {
  decide: () => Effect.succeed({ _tag: "Allow" as const, rule: "torture", isRoutine: false }),
  remember: () => Effect.void
})

const layerPolicy = Layer.succeed(ContextPolicy.ContextPolicy, {
  ...ContextPolicy.make(),
  window: () => window,
  threshold: () => window * 0.85
})

/** Every worker asks another model, so that the log also says that the turn was taken up again. */
export const layer = (order: Order) =>
  Agent.layer({ model: `model-${order.worker}`, instructions: "Work." }).pipe(
    Layer.provide([layerTools(order), layerModel(order.shape), layerPermission, layerPolicy])
  )
