import * as Effect from "effect/Effect"
import { type Context, createContext, Script } from "node:vm"
import { field, text } from "../../internal/json.ts"
import * as ToolFailures from "../../prompts/ToolFailures.ts"
import { ToolFailure } from "../../tools/Tool.ts"

/** In milliseconds. */
const timeout = 750

/**
 * Runs work that may hang on a pattern such as `(a+)+$`, and stops it when it takes too long. V8 can stop a regular
 * expression in the middle only for a script that was started with a time limit; that is all the script is for. A
 * thread would leave the event loop free meanwhile, at the price of starting it for each search, and of copying all
 * files to it; this blocks it for the limit at most, and once: the search ends with it.
 */
export const withRegExpTimeout = <A>(pattern: string, work: () => A): Effect.Effect<A, ToolFailure> =>
  Effect.try({
    try: () => {
      const results: Array<A> = []
      sandbox.run = () => {
        results.push(work())
      }
      context ??= createContext(sandbox)
      script ??= new Script("run()")
      script.runInContext(context, { timeout })
      sandbox.run = undefined
      return results[0] as A
    },
    catch: (cause) => {
      sandbox.run = undefined
      const message = text(field(cause, "message")) ?? String(cause)
      return new ToolFailure({
        message: isTimeout(cause)
          ? ToolFailures.patternTakesTooLong(pattern)
          : ToolFailures.patternUnusable(pattern, message)
      })
    }
  })

/** The script's realm has its own error classes. */
const isTimeout = (cause: unknown): boolean => field(cause, "code") === "ERR_SCRIPT_EXECUTION_TIMEOUT"

const sandbox: { run: (() => void) | undefined } = { run: undefined }

/** Made when they are first needed: most runs never search. */
let context: Context | undefined
let script: Script | undefined
