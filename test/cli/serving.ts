import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { field, text } from "../../src/internal/json.ts"
import { asking } from "../server/support.ts"

/** Waits until a server says that it listens, and gives what asks it. */
export const listening = Effect.fnUntraced(function*(output: () => { readonly stdout: string }) {
  yield* Effect.repeat(Effect.sleep("50 millis"), { until: () => output().stdout.includes("\n") })
  const started: unknown = JSON.parse(output().stdout)
  assert.strictEqual(field(started, "type"), "serve.started")
  const tokenFile = text(field(started, "token_file")) ?? ""
  const token = readFileSync(tokenFile, "utf8").trim()
  return { ...asking(text(field(started, "url")) ?? "", token), tokenFile, token }
})
