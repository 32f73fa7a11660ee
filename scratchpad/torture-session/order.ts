/** What a worker is told: the same as over a database, with sessions in a folder, and with a compaction on the way. */
import * as Base from "../torture/order.ts"

export interface Order extends Omit<Base.Order, "url" | "fault"> {
  readonly folder: string
  readonly fault?: Fault | undefined
}

/** How a worker behaves worse than it should, so that the judge can show that it would notice. */
export const faults = ["without the look-up", "without the intent"] as const

export type Fault = typeof faults[number]

/** Those that come once in a turn, at its beginning. */
export const early: ReadonlyArray<string> = Base.boundaries.filter((at) => /(?:Session|Turn)Started$/.test(at))

export const ofCompaction: ReadonlyArray<string> = [
  "asking for a summary",
  ...["before", "during", "after", "acknowledged"].map((when) => `${when} Compacted`)
]

/** Those that come again and again. */
export const repeated: ReadonlyArray<string> = [
  ...Base.boundaries.filter((at) => !early.includes(at) && !at.endsWith("TurnCompleted")),
  ...ofCompaction
]

export const late: ReadonlyArray<string> = Base.boundaries.filter((at) => at.endsWith("TurnCompleted"))
