/**
 * What the exit code of a run says to a script.
 */
import * as Data from "effect/Data"
import {
  badInput,
  denied,
  failure,
  limited,
  noAnswer,
  sessionBusy,
  signedOut,
  success,
  timedOut,
  usedUp
} from "../agent/ExitCode.ts"

export * from "../agent/ExitCode.ts"

/** What each code means, in the words of the manual. */
export const meanings: ReadonlyArray<readonly [code: number | string, meaning: string]> = [
  [success, "there is an answer"],
  [failure, "the turn failed"],
  [badInput, "bad arguments, bad configuration, unknown session"],
  [denied, "a permission is needed and nobody was there to give it"],
  [signedOut, "not signed in, or the sign-in is over, or somebody else would pay for a session"],
  [sessionBusy, "another process writes to this session"],
  [noAnswer, "the model ended without an answer, or with one that cannot be used (`--output-schema`)"],
  [usedUp, "usage limit or rate limit used up"],
  [limited, "a limit of the run reached (`--max-steps`, …)"],
  [timedOut, "the time of `--timeout` is over"],
  ["130, 131, 143", "stopped by SIGINT, SIGQUIT, SIGTERM (or SIGHUP: a closed terminal)"],
  [141, "nobody reads the output any more"]
]

/** Ends the program with a code, after everything has been printed. */
export class Stop extends Data.TaggedError("Stop")<{ readonly code: number }> {}

/** Something on the command line cannot be used. The message is the whole sentence. */
export class BadInput extends Data.TaggedError("BadInput")<{ readonly message: string }> {}

/** A session would go on at the cost of somebody else, and no flag says so. The message is the whole sentence. */
export class OtherPayer extends Data.TaggedError("OtherPayer")<{ readonly message: string }> {}
