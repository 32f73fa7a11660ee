/** Lets a person write in the editor of their choice. */
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { withoutInterrupts } from "../Interruption.ts"

const named = (): string => process.env["VISUAL"] || process.env["EDITOR"] || "vi"

/** The text as it was saved. It fails with a sentence. */
export const edit = (text: string): Effect.Effect<string, string> =>
  Effect.acquireUseRelease(
    Effect.tryPromise({ try: () => mkdtemp(join(tmpdir(), "effixir-")), catch: cannot }),
    (folder) =>
      Effect.gen(function*() {
        const file = join(folder, "prompt.md")
        yield* Effect.tryPromise({ try: () => writeFile(file, text, { mode: 0o600 }), catch: cannot })
        const code = yield* run(named(), file)
        if (code !== 0) {
          return yield* Effect.fail(`${named()} could not be used (exit ${code}): set EDITOR to another one`)
        }
        const saved = yield* Effect.tryPromise({ try: () => readFile(file, "utf8"), catch: cannot })
        return saved.replace(/\n$/, "")
      }),
    (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
  )

const cannot = (error: unknown): string =>
  `The text cannot be edited: ${error instanceof Error ? error.message : String(error)}`

/** `$EDITOR` may have options, so a shell reads it. */
const run = (editor: string, file: string): Effect.Effect<number> =>
  Effect.async<number>((resume) => {
    const child = spawn("/bin/sh", ["-c", `${editor} "$1"`, "sh", file], { stdio: "inherit" })
    child.once("error", () => resume(Effect.succeed(127)))
    child.once("close", (code) => resume(Effect.succeed(code ?? 1)))
    return Effect.sync(() => child.kill())
  }).pipe(withoutInterrupts)
