#!/usr/bin/env bash
# Packages  @openai/agents-core (`tool`) and @openai/agents-openai 0.14.3, openai 6.49.0, zod 4.6.7, Node 20 (0.20.0 does the same)
# Guess     What a function tool returns is written as JSON for the model, each field of it.
# Behaviour Except where the value looks like a content part: an object, or a list of such objects, with `type` "text" and a
#           `text`, or `type` "file" and a `file`, as rows of a table or blocks of a document well may. The rest of its
#           fields are dropped without a word, and the name of a file is sent as the address of one to download.
# Seen      {"type":"note","text":"Hello","author":"Ann"} → "{\"type\":\"note\",\"text\":\"Hello\",\"author\":\"Ann\"}"
#           {"type":"text","text":"Hello","author":"Ann"} → [{"type":"input_text","text":"Hello"}]
#           [{"type":"text","text":"a","id":1},{"type":"text","text":"b","id":2}] → [{"type":"input_text","text":"a"},{"type":"input_text","text":"b"}]
#           {"type":"file","file":"notes.txt","size":3} → [{"type":"input_file","file_url":"notes.txt"}]
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
const call = { id: "fc_1", type: "function_call", status: "completed", call_id: "call_1", name: "read", arguments: "{}" }
const part = { type: "output_text", text: "Done", annotations: [], logprobs: [] }
const message = { id: "msg_1", type: "message", role: "assistant", status: "completed", content: [part] }
const results = [
  { type: "note", text: "Hello", author: "Ann" },
  { type: "text", text: "Hello", author: "Ann" },
  [{ type: "text", text: "a", id: 1 }, { type: "text", text: "b", id: 2 }],
  { type: "file", file: "notes.txt", size: 3 }
]
let sent
const server = http.createServer(async (request, reply) => {
  const { input } = JSON.parse((await request.toArray()).join(""))
  sent = input.find?.(({ type }) => type === "function_call_output")
  reply.setHeader("content-type", "application/json")
  reply.end(JSON.stringify({ ...response, output: [sent ? message : call] }))
}).listen(0, "127.0.0.1", async () => {
  const openAIClient = new OpenAI({ apiKey: "none", baseURL: `http://127.0.0.1:${server.address().port}/v1` })
  const runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient }), tracingDisabled: true })
  for (const result of results) {
    const read = tool({ name: "read", description: "Read it", parameters: z.object({}), execute: () => result })
    await runner.run(new Agent({ name: "agent", model: "gpt-4.1", tools: [read] }), "hi")
    console.log(`${JSON.stringify(result)} → ${JSON.stringify(sent.output)}`)
  }
  process.exit(0)
})
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = '{"type":"note","text":"Hello","author":"Ann"} → "{\"type\":\"note\",\"text\":\"Hello\",\"author\":\"Ann\"}"
{"type":"text","text":"Hello","author":"Ann"} → [{"type":"input_text","text":"Hello"}]
[{"type":"text","text":"a","id":1},{"type":"text","text":"b","id":2}] → [{"type":"input_text","text":"a"},{"type":"input_text","text":"b"}]
{"type":"file","file":"notes.txt","size":3} → [{"type":"input_file","file_url":"notes.txt"}]' ]
