#!/usr/bin/env bash
# Packages  @effect/workflow 0.19.1 (with `WorkflowEngine.layerMemory`), effect 3.22.4, Node 20
# Guess     An activity in a loop runs once for each turn, and each turn sleeps, as in Temporal or Restate, where a step is
#           known by its place in the run and the name is for the reader.
# Behaviour The name is all there is. The second activity of one name does not run: it is given the result of the first, and
#           the second sleep of one name is already over. Nothing says so; a loop that charges three customers charges the
#           first of them and reports him three times. Put what differs into the name.
# Seen      one name: ran ["Ann"], results ["Ann charged","Ann charged","Ann charged"], second sleep skipped
#           own names: ran ["Ann","Bob","Cid"], results ["Ann charged","Bob charged","Cid charged"], second sleep slept
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/workflow@0.19.1 @effect/rpc@0.76.2 @effect/platform@0.97.2 \
  @effect/experimental@0.61.1 effect@3.22.4

cat >program.mjs <<'JS'
import { Activity, DurableClock, Workflow, WorkflowEngine } from "@effect/workflow"
import { Duration, Effect, Layer, Schema } from "effect"

const ran = []
const charge = (customer, name) =>
  Activity.make({
    name,
    success: Schema.String,
    execute: Effect.sync(() => {
      ran.push(customer)
      return `${customer} charged`
    })
  })
const Bill = Workflow.make({
  name: "Bill",
  payload: { ownNames: Schema.Boolean },
  success: Schema.Struct({ results: Schema.Array(Schema.String), slept: Schema.Boolean }),
  idempotencyKey: ({ ownNames }) => `${ownNames}`
})
const BillLive = Bill.toLayer(Effect.fn(function*({ ownNames }) {
  const nameOf = (name, turn) => ownNames ? `${name} ${turn}` : name
  const results = yield* Effect.forEach(["Ann", "Bob", "Cid"], (customer) => charge(customer, nameOf("Charge", customer)))
  yield* DurableClock.sleep({ name: nameOf("Pause", 1), duration: "2 seconds" })
  const [took] = yield* Effect.timed(DurableClock.sleep({ name: nameOf("Pause", 2), duration: "2 seconds" }))
  return { results, slept: Duration.greaterThan(took, "1900 millis") }
}))
const live = Layer.provideMerge(BillLive, WorkflowEngine.layerMemory)
for (const ownNames of [false, true]) {
  ran.length = 0
  const { results, slept } = await Effect.runPromise(Effect.provide(Bill.execute({ ownNames }), live))
  console.log(
    `${ownNames ? "own names" : "one name"}: ran ${JSON.stringify(ran)}, results ${JSON.stringify(results)}, ` +
      `second sleep ${slept ? "slept" : "skipped"}`
  )
}
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'one name: ran ["Ann"], results ["Ann charged","Ann charged","Ann charged"], second sleep skipped
own names: ran ["Ann","Bob","Cid"], results ["Ann charged","Bob charged","Cid charged"], second sleep slept' ]
