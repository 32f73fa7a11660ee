#!/usr/bin/env bash
# Package   openai 6.49.0 (`client.responses.stream`), Node 20
# Guess     `finalResponse()` holds what was streamed: the helper has gathered every item on the way.
# Behaviour The last event replaces all that was gathered. A server that sends its items in `response.output_item.done` and
#           leaves `output` of the final event empty, as the ChatGPT host does, gives a completed response without a word.
# Seen      {"heard":"Hello","status":"completed","output":[],"output_text":""}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund openai@6.49.0

cat >program.mjs <<'JS'
import http from "node:http"
import OpenAI from "openai"

const response = { id: "resp_1", object: "response", created_at: 1, model: "m", parallel_tool_calls: true, tools: [], output: [] }
const part = { type: "output_text", text: "Hello", annotations: [] }
const message = { id: "msg_1", type: "message", role: "assistant", status: "completed", content: [part] }
const at = { output_index: 0, content_index: 0, item_id: "msg_1" }
const events = [
  { type: "response.created", response: { ...response, status: "in_progress" } },
  { type: "response.output_item.added", output_index: 0, item: { ...message, status: "in_progress", content: [] } },
  { type: "response.content_part.added", ...at, part: { ...part, text: "" } },
  { type: "response.output_text.delta", ...at, delta: "Hello" },
  { type: "response.output_text.done", ...at, text: "Hello" },
  { type: "response.content_part.done", ...at, part },
  { type: "response.output_item.done", output_index: 0, item: message },
  { type: "response.completed", response: { ...response, status: "completed" } }
]
const server = http.createServer((_, reply) => {
  reply.setHeader("content-type", "text/event-stream")
  events.forEach((event, sequence_number) =>
    reply.write(`event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number })}\n\n`)
  )
  reply.end()
}).listen(0, "127.0.0.1", async () => {
  const client = new OpenAI({ apiKey: "none", baseURL: `http://127.0.0.1:${server.address().port}/v1`, maxRetries: 0 })
  const stream = client.responses.stream({ model: "m", input: "hi" })
  let heard = ""
  stream.on("response.output_text.delta", ({ delta }) => (heard += delta))
  const { output, output_text, status } = await stream.finalResponse()
  console.log(JSON.stringify({ heard, status, output, output_text }))
  process.exit(0)
})
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = '{"heard":"Hello","status":"completed","output":[],"output_text":""}' ]
