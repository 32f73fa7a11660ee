import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Chat } from "../../../src/cli/chat/Chat.ts"
import * as OwnCommand from "../../../src/cli/chat/ownCommand.ts"

/** What a person sees of a command, and what the model is told of it. */
const run = (command: string, folder: string) => {
  const rows: Array<string> = []
  const notes: Array<string> = []
  const chat = {
    front: { print: (more: ReadonlyArray<string>) => Effect.sync(() => void rows.push(...more)) },
    session: { asked: () => ({ folder }) },
    note: (text: string) => void notes.push(text)
  }
  return Effect.map(OwnCommand.run(chat as unknown as Chat, command), () => ({ rows: rows.join("\n"), notes }))
}

describe("a command of a person's own", () => {
  it.live("that cannot be started is told in a sentence", () =>
    Effect.gen(function*() {
      const folder = mkdtempSync(join(tmpdir(), "effixir-test-"))
      const good = yield* run("echo hello", folder)
      assert.include(good.rows, "  hello")
      for (
        const [command, sentence] of [
          ["echo a\0b", "not started: there is a NUL character in it"],
          [`: ${"x".repeat(150_000)}`, "not started: it is longer than the system takes (128 KiB"]
        ] as const
      ) {
        const { notes, rows } = yield* run(command, folder)
        assert.include(rows, sentence)
        assert.include(notes.join(), sentence)
      }
      rmSync(folder, { recursive: true })
      assert.include((yield* run("echo hello", folder)).rows, `not started: the folder ${folder} is gone`)
    }))
})
