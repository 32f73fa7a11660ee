#!/usr/bin/env bash
# Packages  @effect/ai 0.37.0 (`Tokenizer.truncate`), @effect/ai-openai 0.41.0, effect 3.22.4, Node 20
# Guess     `truncate(prompt, 100)` makes a prompt that fits 100 tokens and can be sent: a long text is cut, as in the example
#           of its documentation, the system message stays, and a tool's result is not parted from its call.
# Behaviour It keeps whole messages from the end until one does not fit. A text of one message that is too long becomes an
#           empty prompt. In a conversation the instructions go first, whatever they weigh, and what is left may begin with
#           the result of a call that is gone, which the API refuses.
# Seen      a long text, 100: nothing
#           a conversation, 1000: system, user, assistant (tool-call), tool (tool-result), user
#           a conversation, 100: user, assistant (tool-call), tool (tool-result), user
#           a conversation, 20: tool (tool-result), user
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/ai-openai@0.41.0 @effect/ai@0.37.0 @effect/platform@0.97.2 \
  @effect/experimental@0.61.1 @effect/rpc@^0.76 effect@3.22.4

cat >program.mjs <<'JS'
import { Prompt } from "@effect/ai"
import { OpenAiTokenizer } from "@effect/ai-openai"
import { Effect } from "effect"

const conversation = Prompt.make([
  { role: "system", content: "Answer in French. ".repeat(5) },
  { role: "user", content: "What is in the notes?" },
  { role: "assistant", content: [{ type: "tool-call", id: "1", name: "read", params: { files: "notes ".repeat(40) } }] },
  { role: "tool", content: [{ type: "tool-result", id: "1", name: "read", result: "none", isFailure: false, providerExecuted: false }] },
  { role: "user", content: "And now?" }
])
const shown = ({ content }) =>
  content.map(({ content, role }) => {
    const others = typeof content === "string" ? [] : content.map(({ type }) => type).filter((type) => type !== "text")
    return others.length === 0 ? role : `${role} (${others.join(", ")})`
  }).join(", ") || "nothing"

await Effect.gen(function*() {
  const tokenizer = OpenAiTokenizer.make({ model: "gpt-4o" })
  console.log(`a long text, 100: ${shown(yield* tokenizer.truncate("a long text ".repeat(100), 100))}`)
  for (const tokens of [1000, 100, 20]) {
    console.log(`a conversation, ${tokens}: ${shown(yield* tokenizer.truncate(conversation, tokens))}`)
  }
}).pipe(Effect.runPromise)
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'a long text, 100: nothing
a conversation, 1000: system, user, assistant (tool-call), tool (tool-result), user
a conversation, 100: user, assistant (tool-call), tool (tool-result), user
a conversation, 20: tool (tool-result), user' ]
