import type { SessionEvent } from "../../../src/session/SessionEvent.ts"

const usage = { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningOutputTokens: 0 }

export const started = (turnId: string, text = "hi"): SessionEvent => ({
  _tag: "TurnStarted",
  turnId,
  model: "gpt-5.5",
  input: [{ type: "message", role: "user", content: [{ type: "input_text", text }] }]
})

export const responded = (costUsd: number): SessionEvent => ({
  _tag: "ModelResponded",
  turnId: "t1",
  step: 0,
  model: "gpt-5.5",
  account: "api-key",
  items: [],
  usage: { ...usage, costUsd },
  finishReason: "stop"
})

export const completed = (turnId: string): SessionEvent => ({
  _tag: "TurnCompleted",
  turnId,
  answer: "Done.",
  usage,
  finishReason: "stop"
})
