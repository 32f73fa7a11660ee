import * as DateTime from "effect/DateTime"
import * as fc from "fast-check"
import { type Item, userMessage } from "../../../src/responses/Item.ts"
import * as Usage from "../../../src/responses/Usage.ts"
import type { SessionEvent, Stored } from "../../../src/session/SessionEvent.ts"

export const recipient = { model: "gpt-5.5", account: "chatgpt:acct-1" }

/** One thing that happens in a session, before it has a place in it. */
type Happening =
  | { readonly _tag: "Asks"; readonly text: string; readonly effort: string | undefined }
  | { readonly _tag: "Says"; readonly text: string }
  | {
    readonly _tag: "Answers"
    readonly texts: ReadonlyArray<string>
    readonly calls: number
    readonly thinks: boolean
  }
  | { readonly _tag: "Ends"; readonly call: number; readonly text: string }
  | { readonly _tag: "Begins"; readonly call: number }

const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    _tag: fc.constant("Asks" as const),
    text: fc.string({ minLength: 1, unit: "grapheme" }),
    effort: fc.constantFrom(undefined, "low", "high")
  }),
  fc.record({ _tag: fc.constant("Says" as const), text: fc.string({ minLength: 1 }) }),
  fc.record({
    _tag: fc.constant("Answers" as const),
    texts: fc.array(fc.string(), { maxLength: 2 }),
    calls: fc.nat(3),
    thinks: fc.boolean()
  }),
  fc.record({ _tag: fc.constant("Ends" as const), call: fc.nat(3), text: fc.string() }),
  fc.record({ _tag: fc.constant("Begins" as const), call: fc.nat(3) })
)

const call = (id: string): Item => ({ type: "function_call", call_id: id, name: "ls", arguments: "{}" })

/** The log of a session in which all of that happens, as far as it can. */
export const toLog = (happenings: ReadonlyArray<Happening>): ReadonlyArray<Stored> => {
  const log: Array<Stored> = []
  let seq = 0
  let turn = 0
  let step = 0
  let calls = 0
  const write = (event: SessionEvent) => {
    log.push({ seq: ++seq, at: DateTime.unsafeMake(0), key: `k${seq}`, event })
  }
  const preamble: Item = { type: "message", role: "developer", content: [{ type: "input_text", text: "# Session" }] }
  write({ _tag: "SessionStarted", sessionId: "s", schemaVersion: 1 })
  write({ _tag: "TurnStarted", turnId: "turn-1", model: recipient.model, input: [preamble, userMessage("First")] })
  for (const one of happenings) {
    const turnId = `turn-${turn + 1}`
    const itemId = (index: number) => `${turnId}.${step - 1}.${index}`
    switch (one._tag) {
      case "Asks":
        turn++
        step = 0
        calls = 0
        write({
          _tag: "TurnStarted",
          turnId: `turn-${turn + 1}`,
          model: recipient.model,
          ...(one.effort === undefined ? {} : { effort: one.effort }),
          input: [userMessage(one.text)]
        })
        break
      case "Says":
        write({ _tag: "InputAdded", turnId, step, kind: "steer", input: [userMessage(one.text)] })
        break
      case "Answers": {
        calls = one.calls
        write({
          _tag: "ModelResponded",
          turnId,
          step: step++,
          ...recipient,
          items: [
            ...Array.from({ length: calls }, (_, n) => call(`call_${step}_${n}`)),
            ...(one.thinks ? [{ type: "reasoning", summary: [], encrypted_content: "gAAAAA" }] : []),
            ...one.texts.map((text) => ({
              type: "message",
              role: "assistant",
              content: [{ type: "output_text", text }]
            }))
          ],
          usage: { ...Usage.zero, inputTokens: 100 * seq, outputTokens: 10 },
          finishReason: "stop"
        })
        break
      }
      case "Ends":
        if (one.call < calls) {
          write({
            _tag: "ToolEnded",
            turnId,
            itemId: itemId(one.call),
            call: { type: "function_call", call_id: `call_${step}_${one.call}`, name: "ls", arguments: "{}" },
            status: "completed",
            output: one.text
          })
        }
        break
      case "Begins":
        if (one.call < calls) {
          write({
            _tag: "ToolStarted",
            turnId,
            itemId: itemId(one.call),
            call: { type: "function_call", call_id: `call_${step}_${one.call}`, name: "ls", arguments: "{}" }
          })
        }
    }
  }
  return log
}

export const happenings = fc.array(happening, { maxLength: 25 })

/** A session, whatever has happened in it. */
export const log = happenings.map(toLog)
