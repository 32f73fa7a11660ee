#!/usr/bin/env bash
# Package   openai 6.49.0 (`client.responses.stream`), Node 20
# Guess     `finalResponse()` rejects when the server closes the stream before `response.completed`, and when the stream
#           ends in `response.failed`.
# Behaviour It resolves in both cases. Half an answer comes back as the final response, with the status "in_progress";
#           a failure as a response without output. Only an `error` event rejects. Whoever waits for the promise has to
#           look at `status` each time.
# Seen      cut: resolved, in_progress, "Hel"
#           failed: resolved, failed, ""
#           error: rejected
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
const part = { type: "output_text", text: "", annotations: [] }
const at = { output_index: 0, content_index: 0, item_id: "msg_1" }
const problem = { code: "server_error", message: "Something broke" }
const begin = [
  { type: "response.created", response: { ...response, status: "in_progress" } },
  { type: "response.output_item.added", output_index: 0, item: { id: "msg_1", type: "message", role: "assistant", status: "in_progress", content: [] } },
  { type: "response.content_part.added", ...at, part },
  { type: "response.output_text.delta", ...at, delta: "Hel" }
]
const ends = {
  cut: [],
  failed: [{ type: "response.failed", response: { ...response, status: "failed", error: problem } }],
  error: [{ type: "error", ...problem, param: null }]
}
const server = http.createServer((request, reply) => {
  reply.setHeader("content-type", "text/event-stream")
  const events = [...begin, ...ends[request.url.split("/")[1]]]
  events.forEach((event, sequence_number) =>
    reply.write(`event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number })}\n\n`)
  )
  reply.end()
}).listen(0, "127.0.0.1", async () => {
  for (const end of Object.keys(ends)) {
    const client = new OpenAI({ apiKey: "none", baseURL: `http://127.0.0.1:${server.address().port}/${end}`, maxRetries: 0 })
    const text = (final) => final.output.flatMap((item) => item.content.map(({ text }) => text)).join("")
    console.log(`${end}: ` + await client.responses.stream({ model: "m", input: "hi" }).finalResponse().then(
      (final) => `resolved, ${final.status}, ${JSON.stringify(text(final))}`,
      () => "rejected"
    ))
  }
  process.exit(0)
})
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'cut: resolved, in_progress, "Hel"
failed: resolved, failed, ""
error: rejected' ]
