#!/usr/bin/env bash
# Packages  ai 6.0.326 (`generateText` with tools), @ai-sdk/openai 3.0.141, zod 4.6.7, Node 20
# Guess     A tool's zod schema parses the arguments for `execute`; the transcript, and with it the next request, holds the
#           call as the model made it.
# Behaviour The parsed value takes the place of the model's arguments everywhere. The next request shows the model a call that
#           it did not make and that the tool's own schema forbids: defaults are filled in, a transformed string is a
#           number, a set is `{}`. Messages that are stored and read again hold no trace of what was said.
# Seen      model said: {"ids":"7,8","page":"2"}
#           tool got: {"ids":{"Set":["7","8"]},"page":2,"size":10}
#           next request says the model said: {"ids":{},"page":2,"size":10}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts ai@6.0.326 @ai-sdk/openai@3.0.141 zod@4.6.7

cat >program.mjs <<'JS'
import { createOpenAI } from "@ai-sdk/openai"
import { generateText, stepCountIs, tool } from "ai"
import http from "node:http"
import { z } from "zod"

const response = {
  id: "resp_1", object: "response", created_at: 1, status: "completed", model: "gpt-4.1", error: null, incomplete_details: null,
  instructions: null, metadata: {}, parallel_tool_calls: true, temperature: 1, top_p: 1, tool_choice: "auto", tools: [],
  usage: {
    input_tokens: 1, output_tokens: 1, total_tokens: 2,
    input_tokens_details: { cached_tokens: 0 }, output_tokens_details: { reasoning_tokens: 0 }
  }
}
const said = JSON.stringify({ ids: "7,8", page: "2" })
const call = { id: "fc_1", type: "function_call", status: "completed", call_id: "call_1", name: "find", arguments: said }
const text = { type: "output_text", text: "Done", annotations: [], logprobs: [] }
const message = { id: "msg_1", type: "message", role: "assistant", status: "completed", content: [text] }
const requests = []
const server = http.createServer(async (request, reply) => {
  requests.push(JSON.parse((await request.toArray()).join("")))
  reply.setHeader("content-type", "application/json")
  reply.end(JSON.stringify({ ...response, output: [requests.length === 1 ? call : message] }))
}).listen(0, "127.0.0.1", async () => {
  const openai = createOpenAI({ apiKey: "none", baseURL: `http://127.0.0.1:${server.address().port}/v1` })
  console.log(`model said: ${said}`)
  await generateText({
    model: openai("gpt-4.1"),
    prompt: "hi",
    stopWhen: stepCountIs(2),
    tools: {
      find: tool({
        inputSchema: z.object({
          ids: z.string().transform((ids) => new Set(ids.split(","))),
          page: z.string().transform(Number),
          size: z.number().default(10)
        }),
        execute: (input) => {
          console.log(`tool got: ${JSON.stringify(input, (_, value) => value instanceof Set ? { Set: [...value] } : value)}`)
          return "found"
        }
      })
    }
  })
  const replayed = requests[1].input.find(({ type }) => type === "function_call")
  console.log(`next request says the model said: ${replayed.arguments}`)
  process.exit(0)
})
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'model said: {"ids":"7,8","page":"2"}
tool got: {"ids":{"Set":["7","8"]},"page":2,"size":10}
next request says the model said: {"ids":{},"page":2,"size":10}' ]
