/** What a worker is told, and what it tells. */

/** How a worker behaves worse than it should, so that the judge can show that it would notice. */
export const faults = ["without the fence", "without the look-up", "without the intent"] as const

export type Fault = typeof faults[number]

/** What its tools say of their calls that were cut: the middle one looks for what has been done. */
export const kinds = ["safe", "reconciled", "never"] as const

export type Kind = typeof kinds[number]

export const events = [
  "SessionStarted",
  "TurnStarted",
  "TurnResumed",
  "ModelResponded",
  "PermissionDecided",
  "ToolStarted",
  "ToolEnded",
  "TurnCompleted"
] as const

/** Where a worker may die: by these names it knows them. */
export const boundaries: ReadonlyArray<string> = [
  "before claim",
  "after claim",
  "asking the model",
  ...events.flatMap((event) => [`before ${event}`, `during ${event}`, `after ${event}`, `acknowledged ${event}`]),
  ...kinds.flatMap((kind) => [`before call ${kind}`, `within call ${kind}`, `after call ${kind}`])
]

/** Killed, or stopped and woken up when another worker has taken its session. */
export type How = "kill" | "stop"

export interface Death {
  readonly at: string
  /** Which time it comes there: 1 is the first. */
  readonly nth: number
  readonly how: How
}

/** The calls of each step of a turn, by the kinds of their tools. */
export type Shape = ReadonlyArray<ReadonlyArray<Kind>>

export interface Order {
  readonly url: string
  readonly session: string
  /** The file of the witness. */
  readonly witness: string
  readonly worker: number
  readonly shape: Shape
  readonly death?: Death | undefined
  readonly fault?: Fault | undefined
}

/** What the witness holds, in the order in which it came about. */
export type Line =
  | { readonly what: "claimed"; readonly worker: number }
  | {
    readonly what: "acked"
    readonly worker: number
    readonly key: string
    readonly seq: number
    readonly text: string
  }
  | { readonly what: "began" | "done"; readonly worker: number; readonly call: string }

/** The name of a call says where it is in the turn. */
export const callId = (step: number, index: number, kind: Kind): string => `${step}-${index}-${kind}`
