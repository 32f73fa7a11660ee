#!/usr/bin/env bash
# Packages  @openai/agents-core and @openai/agents-openai 0.14.3, openai 6.49.0, zod 4.6.7, Node 20 (0.20.0 does the same)
# Guess     A tool has the name it was given: "hand-in" is a name that the API takes as it is, and
#           `stopAtToolNames: ["hand-in"]` ends the run once that tool has run.
# Behaviour `tool` writes an underscore for all but letters, digits and underscores, and says so to nobody but the model:
#           the tool is "hand_in", and the run does not stop, as no tool is named "hand-in". The model goes on after what was
#           to be its last step. Two names that differ in such characters alone are one tool, the later one.
# Seen      hand_in: sent as hand_in, 1 request, final output "handed in"
#           hand-in: sent as hand_in, 2 requests, final output "What else?"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @openai/agents-core@0.14.3 @openai/agents-openai@0.14.3 openai@6.49.0 zod@4.6.7

cat >program.mjs <<'JS'
import { Agent, Runner, tool } from "@openai/agents-core"
import { OpenAIProvider } from "@openai/agents-openai"
import http from "node:http"
import OpenAI from "openai"
import { z } from "zod"

const response = {
  id: "resp_1", object: "response", created_at: 1, status: "completed", model: "gpt-4.1", error: null, incomplete_details: null,
  instructions: null, metadata: {}, parallel_tool_calls: true, temperature: 1, top_p: 1, tool_choice: "auto", tools: [],
  usage: {
    input_tokens: 1, output_tokens: 1, total_tokens: 2,
    input_tokens_details: { cached_tokens: 0 }, output_tokens_details: { reasoning_tokens: 0 }
  }
}
const part = { type: "output_text", text: "What else?", annotations: [], logprobs: [] }
const message = { id: "msg_1", type: "message", role: "assistant", status: "completed", content: [part] }
let requests
const server = http.createServer(async (request, reply) => {
  requests.push(JSON.parse((await request.toArray()).join("")))
  const [{ name }] = requests[0].tools
  const call = { id: "fc_1", type: "function_call", status: "completed", call_id: "call_1", name, arguments: "{}" }
  reply.setHeader("content-type", "application/json")
  reply.end(JSON.stringify({ ...response, output: [requests.length === 1 ? call : message] }))
}).listen(0, "127.0.0.1", async () => {
  const openAIClient = new OpenAI({ apiKey: "none", baseURL: `http://127.0.0.1:${server.address().port}/v1` })
  const runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient }), tracingDisabled: true })
  for (const name of ["hand_in", "hand-in"]) {
    requests = []
    const handIn = tool({ name, description: "Hand it in", parameters: z.object({}), execute: () => "handed in" })
    const toolUseBehavior = { stopAtToolNames: [name] }
    const { finalOutput } = await runner.run(new Agent({ name: "agent", model: "gpt-4.1", tools: [handIn], toolUseBehavior }), "hi")
    const count = `${requests.length} ${requests.length === 1 ? "request" : "requests"}`
    console.log(`${name}: sent as ${requests[0].tools[0].name}, ${count}, final output ${JSON.stringify(finalOutput)}`)
  }
  process.exit(0)
})
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'hand_in: sent as hand_in, 1 request, final output "handed in"
hand-in: sent as hand_in, 2 requests, final output "What else?"' ]
