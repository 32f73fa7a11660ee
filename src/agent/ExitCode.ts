/**
 * What the exit code of a run says to a script, and the line that ends a turn to a program.
 *
 * @internal
 */
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

/** What has gone well is told as unread where nobody has read it; what has gone badly stays so. */
export const orUnread = (code: number, isClosed: boolean): number =>
  isClosed && code === success ? interrupted("SIGPIPE") : code

/** Why a turn was interrupted, as the log and the last line of output name it. */
export const reasonOf = (signal: Signal): string => reasons[signal] ?? signal

const reasons: { readonly [signal in Signal]?: string } = { SIGHUP: "hangup", SIGPIPE: "output closed" }

/** The code for an interruption, by the reason that the log gives: what is no signal counts as `SIGINT`. */
export const ofReason = (reason: string): number => {
  const signal = (Object.keys(ofSignal) as ReadonlyArray<Signal>).find((signal) => reasonOf(signal) === reason)
  return interrupted(signal ?? "SIGINT")
}

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
