import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Item } from "../../src/responses/Item.ts"

export { type Followed, machine, platform, program, type Started } from "./machine.ts"

/** The JSON lines of an output. */
export const lines = (stdout: string) =>
  stdout.split("\n").filter((line) => line !== "").map((line): Line => JSON.parse(line))

export interface Line {
  readonly type: string
  readonly seq: number
  readonly ts: string
  readonly item?: { readonly id: string; readonly type: string; readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

/** Waits for something to become true, and says what it was when it does not. */
export const eventually = (what: string, check: () => boolean | Promise<boolean>) =>
  Effect.promise(async () => check()).pipe(
    Effect.filterOrFail((isTrue) => isTrue, () => new Error(`not so in time: ${what}`)),
    Effect.retry({ times: 6000, schedule: Schedule.spaced("10 millis") }),
    Effect.orDie
  )

export const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** A call of `apply_patch`, which takes plain text. */
export const applyPatch = (callId: string, ...changes: ReadonlyArray<string>): Item => ({
  id: `ctc_${callId}`,
  type: "custom_tool_call",
  status: "completed",
  call_id: callId,
  name: "apply_patch",
  input: ["*** Begin Patch", ...changes, "*** End Patch"].join("\n")
})

/** What a person is told: a sentence with these parts, and no stack, object or page. */
export const assertSentence = (stderr: string, ...parts: ReadonlyArray<string>) => {
  for (const part of parts) assert.include(stderr, part)
  assert.notMatch(stderr, /\n\s+at |node:internal|\{"_|<html/)
}
