/**
 * What the exit code of a run says to a script.
 */
import * as Data from "effect/Data"
import type { Limit, TurnEnd } from "../session/SessionEvent.ts"

export const success = 0
export const failure = 1
export const badInput = 2
export const denied = 3
export const signedOut = 4
export const sessionBusy = 5
export const noAnswer = 6
export const usedUp = 7
export const limited = 8
export const timedOut = 124

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

/** What stopped the program, named as a signal; `SIGPIPE` means that the output was closed. */
export type Signal = "SIGINT" | "SIGQUIT" | "SIGTERM" | "SIGHUP" | "SIGPIPE"

/** The exit code that shells give for the signal; `SIGHUP` (the terminal was closed) counts as `SIGTERM`. */
export const interrupted = (signal: Signal): number => ofSignal[signal]

const ofSignal: { readonly [signal in Signal]: number } = {
  SIGINT: 130,
  SIGQUIT: 131,
  SIGPIPE: 141,
  SIGTERM: 143,
  SIGHUP: 143
}

/** Why a turn was interrupted, as the log and the last line of output name it. */
export const reasonOf = (signal: Signal): string => reasons[signal] ?? signal

const reasons: { readonly [signal in Signal]?: string } = { SIGHUP: "hangup", SIGPIPE: "output closed" }

/** The code for a failure, by its kind. */
export const ofKind = (kind: string): number => codes[kind] ?? failure

const codes: { readonly [kind: string]: number } = {
  BadInput: badInput,
  ImportError: badInput,
  ConfigError: badInput,
  PolicyError: badInput,
  SessionNotFound: badInput,
  SessionNoTurn: badInput,
  SessionForked: badInput,
  PermissionNeeded: denied,
  SignedOut: signedOut,
  OAuthError: signedOut,
  CredentialStoreError: signedOut,
  RegistrationError: signedOut,
  Unauthorized: signedOut,
  OtherPayer: signedOut,
  SessionBusy: sessionBusy,
  NoAnswer: noAnswer,
  MalformedOutput: noAnswer,
  UsageLimitReached: usedUp,
  RateLimited: usedUp
}

/** The code for a limit that a turn has reached; for the time limit it is the code that `timeout` uses. */
export const ofLimit = (limit: Limit): number => limit === "time" ? timedOut : limited

/** The code for the end of a turn. */
export const ofEnd = (end: TurnEnd, signal: Signal): number => {
  switch (end._tag) {
    case "TurnFailed":
      return ofKind(end.kind)
    case "TurnInterrupted":
      return interrupted(signal)
    case "TurnLimited":
      return ofLimit(end.limit)
    case "TurnCompleted":
      return success
  }
}

/** Ends the program with a code, after everything has been printed. */
export class Stop extends Data.TaggedError("Stop")<{ readonly code: number }> {}

/** Something on the command line cannot be used. The message is the whole sentence. */
export class BadInput extends Data.TaggedError("BadInput")<{ readonly message: string }> {}

/** A session would go on at the cost of somebody else, and no flag says so. The message is the whole sentence. */
export class OtherPayer extends Data.TaggedError("OtherPayer")<{ readonly message: string }> {}
