#!/usr/bin/env bash
# Packages  @effect/ai-openai 0.41.0, @effect/ai 0.37.0, @effect/platform 0.97.2, effect 3.22.4, Node 20
# Guess     `LanguageModel.streamText` fails, or finishes with the reason "error", when the response ends in
#           `response.failed`; and fails when the server closes the stream before any final event.
# Behaviour A failed response ends like a good one: `finish` with the reason "stop", and the stream succeeds; the server's
#           error is nowhere to be found. A stream that is cut succeeds too, only without a `finish` part.
# Seen      completed: Success, finish stop
#           failed: Success, finish stop
#           cut: Success, no finish
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/ai-openai@0.41.0 @effect/ai@0.37.0 @effect/platform@0.97.2 \
  @effect/experimental@0.61.1 @effect/rpc@^0.76 effect@3.22.4

cat >program.mjs <<'JS'
import * as LanguageModel from "@effect/ai/LanguageModel"
import * as OpenAiClient from "@effect/ai-openai/OpenAiClient"
import * as OpenAiLanguageModel from "@effect/ai-openai/OpenAiLanguageModel"
import { FetchHttpClient } from "@effect/platform"
import { Chunk, Effect, Layer, Redacted, Stream } from "effect"
import http from "node:http"

const response = {
  id: "resp_1", object: "response", created_at: 1, model: "m", parallel_tool_calls: true, tools: [], output: [], error: null,
  incomplete_details: null, instructions: null, metadata: {}, temperature: 1, top_p: 1, tool_choice: "auto"
}
const part = { type: "output_text", text: "Hello", annotations: [], logprobs: [] }
const message = { id: "msg_1", type: "message", role: "assistant", status: "completed", content: [part] }
const at = { output_index: 0, content_index: 0, item_id: "msg_1" }
const usage = {
  input_tokens: 1, output_tokens: 1, total_tokens: 2,
  input_tokens_details: { cached_tokens: 0 }, output_tokens_details: { reasoning_tokens: 0 }
}
const begin = [
  { type: "response.created", response: { ...response, status: "in_progress" } },
  { type: "response.output_item.added", output_index: 0, item: { ...message, status: "in_progress", content: [] } },
  { type: "response.content_part.added", ...at, part: { ...part, text: "" } },
  { type: "response.output_text.delta", ...at, delta: "Hello", logprobs: [] },
  { type: "response.output_text.done", ...at, text: "Hello", logprobs: [] },
  { type: "response.content_part.done", ...at, part },
  { type: "response.output_item.done", output_index: 0, item: message }
]
const ends = {
  completed: [{ type: "response.completed", response: { ...response, status: "completed", output: [message], usage } }],
  failed: [{ type: "response.failed", response: { ...response, status: "failed", error: { code: "server_error", message: "Something broke" } } }],
  cut: []
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
    const client = OpenAiClient.layer({ apiKey: Redacted.make("none"), apiUrl: `http://127.0.0.1:${server.address().port}/${end}` })
    const model = OpenAiLanguageModel.layer({ model: "gpt-4.1" }).pipe(Layer.provide(client), Layer.provide(FetchHttpClient.layer))
    const exit = await Effect.runPromiseExit(
      LanguageModel.streamText({ prompt: "hi" }).pipe(Stream.runCollect, Effect.provide(model))
    )
    const finish = exit._tag === "Success" ? Chunk.toReadonlyArray(exit.value).find(({ type }) => type === "finish") : undefined
    console.log(`${end}: ${exit._tag}, ${finish === undefined ? "no finish" : `finish ${finish.reason}`}`)
  }
  process.exit(0)
})
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'completed: Success, finish stop
failed: Success, finish stop
cut: Success, no finish' ]
