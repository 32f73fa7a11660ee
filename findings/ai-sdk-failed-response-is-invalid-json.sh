#!/usr/bin/env bash
# Packages  ai 6.0.326 (`generateText`), @ai-sdk/openai 3.0.141, Node 20
# Guess     A response that failed (`status: "failed"`, with the `error` of the Responses API, a code and a message) rejects
#           with that message, as it does when streamed.
# Behaviour It rejects with "Invalid JSON response", of an answer that is sound JSON in the published form: the provider asks
#           the error of a response for a `type`, which only the errors of refused requests have. The server's words are to
#           be found in `responseBody` alone, and who reads logs looks for a broken proxy.
# Seen      generateText: "Invalid JSON response", status 200
#           streamText: "The model ran out of memory"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts ai@6.0.326 @ai-sdk/openai@3.0.141 zod@4.6.7

cat >program.mjs <<'JS'
import { createOpenAI } from "@ai-sdk/openai"
import { generateText, streamText } from "ai"
import http from "node:http"

const response = {
  id: "resp_1", object: "response", created_at: 1, model: "gpt-4.1", error: null, incomplete_details: null, instructions: null,
  metadata: {}, parallel_tool_calls: true, temperature: 1, top_p: 1, tool_choice: "auto", tools: [], output: [], usage: null
}
const failed = { ...response, status: "failed", error: { code: "server_error", message: "The model ran out of memory" } }
const events = [
  { type: "response.created", response: { ...response, status: "in_progress" } },
  { type: "response.failed", response: failed }
]
const server = http.createServer(async (request, reply) => {
  if (!JSON.parse((await request.toArray()).join("")).stream) {
    reply.setHeader("content-type", "application/json")
    return reply.end(JSON.stringify(failed))
  }
  reply.setHeader("content-type", "text/event-stream")
  events.forEach((event, sequence_number) =>
    reply.write(`event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number })}\n\n`)
  )
  reply.end()
}).listen(0, "127.0.0.1", async () => {
  const openai = createOpenAI({ apiKey: "none", baseURL: `http://127.0.0.1:${server.address().port}/v1` })
  const options = { model: openai("gpt-4.1"), prompt: "hi", maxRetries: 0 }
  const error = await generateText(options).catch((error) => error)
  console.log(`generateText: ${JSON.stringify(error.message)}, status ${error.statusCode}`)
  for await (const part of streamText({ ...options, onError: () => {} }).fullStream) {
    if (part.type === "error") console.log(`streamText: ${JSON.stringify(part.error.message)}`)
  }
  process.exit(0)
})
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'generateText: "Invalid JSON response", status 200
streamText: "The model ran out of memory"' ]
