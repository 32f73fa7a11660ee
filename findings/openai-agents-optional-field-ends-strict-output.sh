#!/usr/bin/env bash
# Packages  @openai/agents-core and @openai/agents-openai 0.14.3, openai 6.49.0, zod 4.6.7, Node 20 (0.20.0 does the same)
# Guess     An `outputType` made with zod is asked for as strict structured output, whatever its fields, or is an error: the
#           SDK sends the very same schema strictly when it describes a tool (an optional field may then be null), and the
#           zod helper of the openai package, which it uses, throws at it.
# Behaviour One `.optional()` anywhere, and the whole format goes out with `strict: false`, without a word: the server no
#           longer holds the model to the schema, and now and then a run ends in "Invalid output type". `.nullable()` keeps
#           it strict.
# Seen      output, plain: strict true, required ["city","note"]
#           output, nullable: strict true, required ["city","note"]
#           output, optional: strict false, required ["city"]
#           tool, optional: strict true, required ["city","note"]
#           openai helper, optional: throws
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
import { zodTextFormat } from "openai/helpers/zod"
import { z } from "zod"

const plain = z.object({ city: z.string(), note: z.string() })
const nullable = z.object({ city: z.string(), note: z.string().nullable() })
const optional = z.object({ city: z.string(), note: z.string().optional() })

const part = { type: "output_text", text: JSON.stringify({ city: "Bern", note: "fine" }), annotations: [], logprobs: [] }
const message = { id: "msg_1", type: "message", role: "assistant", status: "completed", content: [part] }
const response = {
  id: "resp_1", object: "response", created_at: 1, status: "completed", model: "gpt-4.1", error: null, incomplete_details: null,
  instructions: null, metadata: {}, parallel_tool_calls: true, temperature: 1, top_p: 1, tool_choice: "auto", tools: [],
  output: [message],
  usage: {
    input_tokens: 1, output_tokens: 1, total_tokens: 2,
    input_tokens_details: { cached_tokens: 0 }, output_tokens_details: { reasoning_tokens: 0 }
  }
}
let body
const server = http.createServer(async (request, reply) => {
  body = JSON.parse((await request.toArray()).join(""))
  reply.setHeader("content-type", "application/json")
  reply.end(JSON.stringify(response))
}).listen(0, "127.0.0.1", async () => {
  const openAIClient = new OpenAI({ apiKey: "none", baseURL: `http://127.0.0.1:${server.address().port}/v1` })
  const runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient }), tracingDisabled: true })
  const agent = (options) => new Agent({ name: "agent", model: "gpt-4.1", ...options })
  for (const [name, outputType] of Object.entries({ plain, nullable, optional })) {
    await runner.run(agent({ outputType }), "hi")
    const { schema, strict } = body.text.format
    console.log(`output, ${name}: strict ${strict}, required ${JSON.stringify(schema.required)}`)
  }
  const save = tool({ name: "save", description: "Save it", parameters: optional, execute: () => "saved" })
  await runner.run(agent({ tools: [save] }), "hi")
  console.log(`tool, optional: strict ${body.tools[0].strict}, required ${JSON.stringify(body.tools[0].parameters.required)}`)
  try {
    zodTextFormat(optional, "output")
    console.log("openai helper, optional: taken")
  } catch {
    console.log("openai helper, optional: throws")
  }
  process.exit(0)
})
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'output, plain: strict true, required ["city","note"]
output, nullable: strict true, required ["city","note"]
output, optional: strict false, required ["city"]
tool, optional: strict true, required ["city","note"]
openai helper, optional: throws' ]
