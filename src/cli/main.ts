/**
 * The edge of the program: one `runMain`, the signals, and the end of the process.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cli from "./Cli.ts"
import * as Execute from "./execute.ts"
import type * as ExitCode from "./ExitCode.ts"
import * as Interruption from "./Interruption.ts"

/**
 * Ends the program once everything is written. Without `exit`, connections kept for a next request would keep it
 * running.
 */
const leave = async (code: number, last: Promise<string>): Promise<void> => {
  const text = await last.catch(() => "")
  process.stdout.write(text, () => process.stderr.write("", () => process.exit(code)))
}

/** `takeOver` ends the entry point's listening, and returns the signal that came meanwhile. */
export const main = (argv: ReadonlyArray<string>, takeOver: () => ExitCode.Signal | undefined): void => {
  const listening = Interruption.listen()
  const line = Cli.read(argv)
  NodeRuntime.runMain(Execute.run(line, listening), {
    disableErrorReporting: true,
    disablePrettyLogger: true,
    teardown: (exit) => void leave(Execute.codeOf(exit, listening), Execute.lastLine(exit, line, listening))
  })
  const early = takeOver()
  if (early !== undefined) listening.stop(early)
}
