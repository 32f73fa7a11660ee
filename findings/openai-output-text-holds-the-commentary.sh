#!/usr/bin/env bash
# Package   openai 6.49.0 (`output_text` of `client.responses.create`), Node 20 (7.59.0 does the same)
# Guess     Of a response with two messages, one of the phase "commentary" and one "final_answer", as the API marks them,
#           `output_text` is the final answer.
# Behaviour It is both in one, without so much as a space between them: what the model said on the way stands in front of the
#           answer. The phase is never looked at. Whoever shows, stores or parses the text has to go through the messages.
# Seen      commentary: I look it up.
#           final_answer: 42
#           output_text: I look it up.42
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts openai@6.49.0

cat >program.mjs <<'JS'
import http from "node:http"
import OpenAI from "openai"

const response = { id: "resp_1", object: "response", created_at: 1, status: "completed", model: "m", parallel_tool_calls: true, tools: [] }
const message = (phase, text) => ({
  id: `msg_${phase}`, type: "message", role: "assistant", status: "completed", phase,
  content: [{ type: "output_text", text, annotations: [] }]
})
const server = http.createServer((_, reply) => {
  reply.setHeader("content-type", "application/json")
  reply.end(JSON.stringify({ ...response, output: [message("commentary", "I look it up."), message("final_answer", "42")] }))
}).listen(0, "127.0.0.1", async () => {
  const client = new OpenAI({ apiKey: "none", baseURL: `http://127.0.0.1:${server.address().port}/v1`, maxRetries: 0 })
  const { output, output_text } = await client.responses.create({ model: "m", input: "hi" })
  for (const { content, phase } of output) console.log(`${phase}: ${content[0].text}`)
  console.log(`output_text: ${output_text}`)
  process.exit(0)
})
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'commentary: I look it up.
final_answer: 42
output_text: I look it up.42' ]
