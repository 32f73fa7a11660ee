/** Writes the logs that are opened, as the program itself would have. */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs"
import { dirname } from "node:path"

const usage = { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningOutputTokens: 0 }

export interface Shape {
  readonly turns: number
  readonly calls: number
  readonly outputs: number
  /** Whether all of it was compacted at its end. */
  readonly isCompacted?: boolean
}

/** A session of turns with so many calls each, whose outputs have so many characters; gives the size of the file. */
export const writeLog = (
  file: string,
  { calls, isCompacted = false, outputs, turns }: Shape
): number => {
  mkdirSync(dirname(file), { recursive: true })
  const log = openSync(file, "w")
  let seq = 0
  let size = 0
  let text = ""
  const add = (key: string, event: object, width = 1) => {
    text += `${JSON.stringify({ seq: seq + 1, at: "2026-11-29T12:00:00.000Z", key, event })}\n`
    seq += width
    if (text.length < 1_000_000) return
    size += writeSync(log, text)
    text = ""
  }
  const output = "Some words that a tool might say. ".repeat(Math.ceil(outputs / 34)).slice(0, outputs)
  const about = { model: "gpt-6.2-sol", account: "bench", usage, finishReason: "stop" }
  add("session", { _tag: "SessionStarted", sessionId: "s", schemaVersion: 1 })
  for (let n = 1; n <= turns; n++) {
    const turnId = `turn-${n}`
    const input = [{ type: "message", role: "user", content: [{ type: "input_text", text: "Go" }] }]
    add(turnId, { _tag: "TurnStarted", turnId, model: "gpt-6.2-sol", input })
    const made = Array.from({ length: calls }, (_, at) => ({
      type: "function_call",
      call_id: `c${n}.${at}`,
      name: "echo",
      arguments: "{\"text\":\"x\"}"
    }))
    if (calls > 0) add(`${turnId}/model/0`, { _tag: "ModelResponded", turnId, step: 0, ...about, items: made })
    for (const [at, call] of made.entries()) {
      const itemId = `${turnId}.0.${at}`
      add(`${turnId}/tool/0/${call.call_id}/started`, { _tag: "ToolStarted", turnId, itemId, call })
      add(`${turnId}/tool/0/${call.call_id}`, {
        _tag: "ToolEnded",
        turnId,
        itemId,
        call,
        status: "completed",
        output
      })
    }
    const items = [{ type: "message", role: "assistant", content: [{ type: "output_text", text: "Done." }] }]
    add(`${turnId}/model/1`, { _tag: "ModelResponded", turnId, step: calls > 0 ? 1 : 0, ...about, items }, 2)
    add(`${turnId}/end`, { _tag: "TurnCompleted", turnId, answer: "Done.", usage, finishReason: "stop" })
  }
  if (isCompacted) {
    const items = [{
      type: "message",
      role: "user",
      content: [{ type: "input_text", text: "In short: it went well." }]
    }]
    const tokens = { beforeTokens: 100_000, afterTokens: 10, usage }
    const by = { model: "gpt-6.2-sol", account: "bench" }
    add("compacted", { _tag: "Compacted", reason: "asked", method: "local", upTo: seq, items, ...by, ...tokens })
  }
  size += writeSync(log, text)
  closeSync(log)
  return size
}
