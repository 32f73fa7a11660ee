/**
 * Writes a file that its owner alone can read.
 */
import * as Effect from "effect/Effect"
import { chmod, rename, rm, writeFile } from "node:fs/promises"
import { quote } from "../internal/quote.ts"
import { BadInput } from "./ExitCode.ts"

/** The file is there whole or not at all; one that is there already is replaced. */
export const writeOwn = (path: string, text: string): Effect.Effect<void, BadInput> =>
  Effect.tryPromise({
    try: async () => {
      const temporary = `${path}.${process.pid}.tmp`
      try {
        await writeFile(temporary, text, { mode: 0o600, flag: "wx" })
        await chmod(temporary, 0o600)
        await rename(temporary, path)
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
    },
    catch: (error) =>
      new BadInput({
        message: `${quote(path)} cannot be written: ${error instanceof Error ? error.message : String(error)}`
      })
  })
