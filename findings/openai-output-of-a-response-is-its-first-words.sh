#!/usr/bin/env bash
# Package   openai 6.49.0 (`client.responses.create` and `parse`), zod 4.6.7, Node 20
# Guess     Of a response with two messages, one of the phase "commentary" and one "final_answer", as the API marks them,
#           `output_text` is the final answer, and `output_parsed` is what it parses to.
# Behaviour `output_text` is both in one, without so much as a space between them. `output_parsed` is the first message, the
#           commentary, not the answer. Where the commentary is not JSON, `parse` throws a SyntaxError for a response whose
#           answer is sound. The phase is never looked at.
# Seen      output_text: "I look it up.It is 42."
#           output_parsed: {"answer":"not known yet"}, of {"answer":"not known yet"} and {"answer":"42"}
#           output_parsed, with a commentary in words: SyntaxError
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts openai@6.49.0 zod@4.6.7

cat >program.mjs <<'JS'
import http from "node:http"
import OpenAI from "openai"
import { zodTextFormat } from "openai/helpers/zod"
import { z } from "zod"

const response = { id: "resp_1", object: "response", created_at: 1, status: "completed", model: "m", parallel_tool_calls: true, tools: [] }
const message = (phase, text) => ({
  id: `msg_${phase}`, type: "message", role: "assistant", status: "completed", phase,
  content: [{ type: "output_text", text, annotations: [] }]
})
let texts
const server = http.createServer((_, reply) => {
  reply.setHeader("content-type", "application/json")
  const [commentary, answer] = texts
  reply.end(JSON.stringify({ ...response, output: [message("commentary", commentary), message("final_answer", answer)] }))
}).listen(0, "127.0.0.1", async () => {
  const client = new OpenAI({ apiKey: "none", baseURL: `http://127.0.0.1:${server.address().port}/v1`, maxRetries: 0 })
  const format = zodTextFormat(z.object({ answer: z.string() }), "answer")
  const parse = () =>
    client.responses.parse({ model: "m", input: "hi", text: { format } }).then(
      ({ output_parsed }) => JSON.stringify(output_parsed),
      (error) => error.name
    )

  texts = ["I look it up.", "It is 42."]
  const { output_text } = await client.responses.create({ model: "m", input: "hi" })
  console.log(`output_text: ${JSON.stringify(output_text)}`)
  texts = ["not known yet", "42"].map((answer) => JSON.stringify({ answer }))
  console.log(`output_parsed: ${await parse()}, of ${texts.join(" and ")}`)
  texts = ["I look it up.", JSON.stringify({ answer: "42" })]
  console.log(`output_parsed, with a commentary in words: ${await parse()}`)
  process.exit(0)
})
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'output_text: "I look it up.It is 42."
output_parsed: {"answer":"not known yet"}, of {"answer":"not known yet"} and {"answer":"42"}
output_parsed, with a commentary in words: SyntaxError' ]
