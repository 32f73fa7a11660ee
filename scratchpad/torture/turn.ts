/** The turn that is tortured: a model by script, and tools whose calls the witness sees. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Agent, type Item, Permission, Responses, Tool, ToolExecutor, Toolkit } from "../../src/index.ts"
import * as Script from "../../src/testing/Script.ts"
import { Boundary } from "./Boundary.ts"
import { callId, type Kind, type Order, type Shape } from "./order.ts"
import { linesOf, writer } from "./witness.ts"

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

/** Every call is answered before the next step: so many outputs tell which step it is. */
const answer = (shape: Shape, input: ReadonlyArray<Item.Item>): ReadonlyArray<Item.Item> => {
  let outputs = input.filter(({ type }) => type === "function_call_output").length
  const step = shape.findIndex((calls) => (outputs -= calls.length) < 0)
  return (shape[step] ?? []).length === 0
    ? [Script.say("Done.")]
    : (shape[step] ?? []).map((kind, index) => {
      const id = callId(step, index, kind)
      return Script.call(kind, { call: id }, id)
    })
}

const layerModel = (shape: Shape) =>
  Layer.effect(
    Responses.Responses,
    Effect.map(Boundary, ({ pass }) => ({
      account: Effect.succeed("torture"),
      stream: (request) =>
        Stream.unwrap(Effect.as(
          Effect.zipRight(pass("asking the model"), aMoment),
          Stream.fromIterable([
            ...answer(shape, request.input).map((item, output_index) => ({
              type: "response.output_item.done" as const,
              output_index,
              item
            })),
            { type: "response.completed" as const, response: { usage: { input_tokens: 1, output_tokens: 1 } } }
          ])
        ))
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
const layerPermission = Layer.succeed(Permission.Permission, {
  decide: () => Effect.succeed({ _tag: "Allow" as const, rule: "torture", isRoutine: false }),
  remember: () => Effect.void
})

/** Every other worker asks another model, so that the log also says that the turn was taken up again. */
export const layer = (order: Order) =>
  Agent.layer({ model: `model-${order.worker % 2}`, instructions: "Work." }).pipe(
    Layer.provide([layerTools(order), layerModel(order.shape), layerPermission])
  )
