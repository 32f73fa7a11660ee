#!/usr/bin/env bash
# Package   ai 6.0.326 (`jsonSchema` in `tool` and `generateObject`), zod 4.6.7, Node 20 (7.0.173 does the same)
# Guess     A tool that is given its `inputSchema` as a JSON Schema is not run with arguments that do not fit it: they are an
#           error that the model is told of, as with a schema of zod. `generateObject` rejects an object that does not fit.
# Behaviour The JSON Schema is sent to the model and is not used again. Any JSON reaches `execute`, and any JSON is the object
#           of the declared type, unless a function that checks it is given beside the schema. Schemas that come from
#           elsewhere, as of MCP servers or OpenAPI, are the ones written as JSON Schema.
# Seen      tool with zod: not run
#           tool with jsonSchema: run with {"amount":"all of it"}
#           object with zod: AI_NoObjectGeneratedError
#           object with jsonSchema: {"amount":"all of it"}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts ai@6.0.326 zod@4.6.7

cat >program.mjs <<'JS'
import { generateObject, generateText, jsonSchema, stepCountIs, tool } from "ai"
import { MockLanguageModelV3 } from "ai/test"
import { z } from "zod"

const said = JSON.stringify({ amount: "all of it" })
const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 }
}
const finishes = (reason) => ({ finishReason: { unified: reason, raw: reason }, usage, warnings: [] })
const answers = (...all) => new MockLanguageModelV3({ doGenerate: async () => all.shift() })
const call = { content: [{ type: "tool-call", toolCallId: "1", toolName: "pay", input: said }], ...finishes("tool-calls") }
const text = (text) => ({ content: [{ type: "text", text }], ...finishes("stop") })

const schemas = {
  zod: z.object({ amount: z.number() }),
  jsonSchema: jsonSchema({ type: "object", properties: { amount: { type: "number" } }, required: ["amount"] })
}
for (const [name, inputSchema] of Object.entries(schemas)) {
  let ran = "not run"
  const pay = tool({ inputSchema, execute: (input) => (ran = `run with ${JSON.stringify(input)}`) })
  await generateText({ model: answers(call, text("Done")), prompt: "hi", stopWhen: stepCountIs(2), tools: { pay } })
  console.log(`tool with ${name}: ${ran}`)
}
for (const [name, schema] of Object.entries(schemas)) {
  const result = await generateObject({ model: answers(text(said)), schema, prompt: "hi" }).then(
    ({ object }) => JSON.stringify(object),
    (error) => error.name
  )
  console.log(`object with ${name}: ${result}`)
}
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'tool with zod: not run
tool with jsonSchema: run with {"amount":"all of it"}
object with zod: AI_NoObjectGeneratedError
object with jsonSchema: {"amount":"all of it"}' ]
