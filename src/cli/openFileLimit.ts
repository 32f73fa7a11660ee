import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { closeSync, openSync } from "node:fs"
import { devNull } from "node:os"
import { tooManyFiles } from "../internal/tooManyFiles.ts"

/** The process may have too few files open to work. */
export class TooManyOpenFiles extends Data.TaggedError("TooManyOpenFiles")<{}> {
  override get message(): string {
    return `Effixir cannot work here: ${tooManyFiles}`
  }
}

/** For the connections, the log, and as many commands as run side by side. */
const needed = 32

/**
 * Checks at the start whether the process can open the files that a turn needs. Without this check the sign-in, a
 * command or the connection would fail later, each with a different message.
 */
export const check: Effect.Effect<void, TooManyOpenFiles> = Effect.suspend(() => {
  const opened: Array<number> = []
  try {
    while (opened.length < needed) opened.push(openSync(devNull, "r"))
    return Effect.void
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined
    return code === "EMFILE" || code === "ENFILE" ? new TooManyOpenFiles() : Effect.void
  } finally {
    for (const file of opened) closeSync(file)
  }
})
