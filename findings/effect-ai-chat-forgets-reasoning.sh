#!/usr/bin/env bash
# Packages  @effect/ai 0.37.0 (`Chat`), @effect/ai-openai 0.41.0, @effect/platform 0.97.2, effect 3.22.4, Node 20
# Guess     With `store: false` and `include: ["reasoning.encrypted_content"]`, a `Chat` sends the reasoning of a turn back in
#           the next one, as the API asks for around tool calls: the provider gives each reasoning part its id and encrypted
#           content as metadata, and reads both from the options of a prompt part.
# Behaviour What joins the two drops it: `Prompt.fromResponseParts`, with which a `Chat` writes its history, copies no metadata.
#           The reasoning is in the history as text, and is left out of the request for want of an id. The model begins its
#           thought anew after each tool call; nothing fails.
# Seen      from a chat: message, message, function_call, function_call_output
#           by hand, with metadata as options: message, reasoning (encrypted), message, function_call, function_call_output
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/ai-openai@0.41.0 @effect/ai@0.37.0 @effect/platform@0.97.2 \
  @effect/experimental@0.61.1 @effect/rpc@^0.76 effect@3.22.4

cat >program.mjs <<'JS'
import { Chat, LanguageModel, Prompt, Tool, Toolkit } from "@effect/ai"
import { OpenAiClient, OpenAiLanguageModel } from "@effect/ai-openai"
import { FetchHttpClient } from "@effect/platform"
import { Effect, Layer, Redacted, Schema } from "effect"
import http from "node:http"

const response = {
  id: "resp_1", object: "response", created_at: 1, status: "completed", model: "gpt-5", error: null, incomplete_details: null,
  instructions: null, metadata: {}, parallel_tool_calls: true, temperature: 1, top_p: 1, tool_choice: "auto", tools: [],
  usage: {
    input_tokens: 1, output_tokens: 1, total_tokens: 2,
    input_tokens_details: { cached_tokens: 0 }, output_tokens_details: { reasoning_tokens: 0 }
  }
}
const reasoning = { id: "rs_1", type: "reasoning", summary: [{ type: "summary_text", text: "Look first" }], encrypted_content: "gAAA" }
const message = (text) => ({
  id: "msg_1", type: "message", role: "assistant", status: "completed",
  content: [{ type: "output_text", text, annotations: [], logprobs: [] }]
})
const call = { id: "fc_1", type: "function_call", status: "completed", call_id: "call_1", name: "look", arguments: '{"at":"it"}' }

const kit = Toolkit.make(Tool.make("look", { parameters: { at: Schema.String }, success: Schema.String }))
const look = kit.toLayer({ look: () => Effect.succeed("seen") })

const fromChat = Effect.gen(function*() {
  const chat = yield* Chat.empty
  yield* chat.generateText({ prompt: "hi", toolkit: kit })
  yield* chat.generateText({ prompt: Prompt.empty, toolkit: kit })
})
const byHand = Effect.gen(function*() {
  const { content } = yield* LanguageModel.generateText({ prompt: "hi", toolkit: kit })
  const said = content.flatMap((part) => {
    const options = { openai: part.metadata?.openai }
    switch (part.type) {
      case "text":
      case "reasoning":
        return [Prompt.makePart(part.type, { text: part.text, options })]
      case "tool-call":
        return [Prompt.makePart("tool-call", { id: part.id, name: part.name, params: part.params, providerExecuted: false, options })]
      default:
        return []
    }
  })
  const result = content.find(({ type }) => type === "tool-result")
  const heard = Prompt.makePart("tool-result", {
    id: result.id, name: result.name, result: result.encodedResult, isFailure: false, providerExecuted: false
  })
  yield* LanguageModel.generateText({
    prompt: Prompt.fromMessages([
      Prompt.makeMessage("user", { content: [Prompt.makePart("text", { text: "hi" })] }),
      Prompt.makeMessage("assistant", { content: said }),
      Prompt.makeMessage("tool", { content: [heard] })
    ]),
    toolkit: kit
  })
})

let requests
const server = http.createServer(async (request, reply) => {
  requests.push(JSON.parse((await request.toArray()).join("")))
  reply.setHeader("content-type", "application/json")
  reply.end(JSON.stringify({ ...response, output: requests.length === 1 ? [reasoning, message("I look"), call] : [message("Done")] }))
}).listen(0, "127.0.0.1", async () => {
  const client = OpenAiClient.layer({ apiKey: Redacted.make("none"), apiUrl: `http://127.0.0.1:${server.address().port}` })
  const model = OpenAiLanguageModel.layer({ model: "gpt-5", config: { store: false, include: ["reasoning.encrypted_content"] } })
  const live = Layer.merge(look, model.pipe(Layer.provide(client), Layer.provide(FetchHttpClient.layer)))
  for (const [name, program] of Object.entries({ "from a chat": fromChat, "by hand, with metadata as options": byHand })) {
    requests = []
    await Effect.runPromise(Effect.provide(program, live))
    const items = requests[1].input.map(({ encrypted_content, type = "message" }) => encrypted_content ? `${type} (encrypted)` : type)
    console.log(`${name}: ${items.join(", ")}`)
  }
  process.exit(0)
})
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'from a chat: message, message, function_call, function_call_output
by hand, with metadata as options: message, reasoning (encrypted), message, function_call, function_call_output' ]
