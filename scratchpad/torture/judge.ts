/**
 * The judge of a turn that is over: it compares the log with what the witness has seen, with what the reader was told, and
 * with the log that such a turn has by the model of it.
 */
import { callId, type Line, type Shape } from "./order.ts"
import { tagOf } from "./store.ts"

/** A line of the log as the table holds it. */
export interface Row {
  readonly seq: number
  readonly key: string
  readonly epoch: number
  readonly text: string
}

export interface Evidence {
  readonly shape: Shape
  readonly log: ReadonlyArray<Row>
  readonly witness: ReadonlyArray<Line>
  /** The numbers of the events that came to a reader, in their order. */
  readonly read: ReadonlyArray<number>
}

/** What is told where it holds in none of the logs. */
export const promises = {
  lost: "acknowledged lines that are not in the log",
  twice: "keys that are in the log twice",
  ranAgain: "calls that ran again after their end was in the log",
  neverTwice: "`never` calls that ran twice",
  workTwice: "reconciled calls that did their work twice",
  ends: "turns without exactly one end",
  reader: "readers with a gap or a repeat",
  fence: "lines of a worker that had lost its session",
  other: "logs that are not those of the model"
} as const

export type Violation = keyof typeof promises

export type Verdict = Readonly<Record<Violation, ReadonlyArray<string>>>

export const judge = ({ log, read, shape, witness }: Evidence): Verdict => {
  const keys = log.map(({ key }) => key)
  const calls = shape.flatMap((kinds, step) => kinds.map((kind, index) => callId(step, index, kind)))
  const claims = witness.flatMap((line, at) => line.what === "claimed" ? [{ at, worker: line.worker }] : [])
  const wasOvertaken = (worker: number, at: number) => claims.findLast((claim) => claim.at < at)?.worker !== worker
  const of = (what: "began" | "done", call: string) =>
    witness.flatMap((line, at) => line.what === what && line.call === call ? [{ at, worker: line.worker }] : [])

  return {
    lost: witness.flatMap((line) => {
      if (line.what !== "acked") return []
      const isThere = log.some(({ key, seq, text }) => key === line.key && seq === line.seq && text === line.text)
      return isThere ? [] : [`${line.key} of worker ${line.worker}`]
    }),
    twice: keys.filter((key, at) => keys.indexOf(key) < at),
    ranAgain: calls.flatMap((call) => {
      const ended = witness.findIndex((line) => line.what === "acked" && line.key === keyOf(call))
      // One that was thought dead can do what it was about to do when it stopped, and log none of it.
      return ended === -1 ?
        [] :
        of("began", call).flatMap(({ at, worker }) =>
          at > ended && !wasOvertaken(worker, at) ? [`${call} of worker ${worker}`] : []
        )
    }),
    neverTwice: calls.filter((call) => call.endsWith("-never") && of("began", call).length > 1),
    workTwice: calls.filter((call) =>
      call.endsWith("-reconciled") && of("done", call).filter(({ at, worker }) => !wasOvertaken(worker, at)).length > 1
    ),
    ends: [log.filter(({ text }) => ends.has(tagOf(text))).length].filter((count) => count !== 1).map(String),
    reader: read.join() === log.map(({ seq }) => seq).join()
      ? []
      : [`${read.join()} of ${log.map(({ seq }) => seq).join()}`],
    fence: log.flatMap(({ epoch, key }, at) => epoch < (log[at - 1]?.epoch ?? 0) ? [key] : []),
    other: differences(shape, log)
  }
}

const ends: ReadonlySet<string> = new Set(["TurnCompleted", "TurnFailed", "TurnInterrupted", "TurnLimited"])

const keyOf = (call: string): string => `turn-1/tool/${call.slice(0, call.indexOf("-"))}/${call}`

/** The keys of such a turn, and what each comes after: the calls of a step in any order, the steps one after the other. */
const differences = (shape: Shape, log: ReadonlyArray<Row>): ReadonlyArray<string> => {
  const stages: ReadonlyArray<ReadonlyArray<string>> = [
    ["session"],
    ["turn-1"],
    ...shape.flatMap((kinds, step) => {
      const keys = kinds.map((kind, index) => keyOf(callId(step, index, kind)))
      return [[`turn-1/model/${step}`], keys.flatMap((key) => [`${key}/permission`, `${key}/started`, key])]
    }),
    [`turn-1/model/${shape.length}`],
    ["turn-1/end"]
  ]
  // How often it was taken up again depends on where it was cut.
  const found = log.map(({ key }) => key).filter((key) => !key.startsWith("turn-1/resumed/"))
  const wanted = stages.flat()
  const place = (key: string) => stages.findIndex((keys) => keys.includes(key))
  const at = (key: string) => found.indexOf(key)
  return [
    ...wanted.filter((key) => !found.includes(key)).map((key) => `no ${key}`),
    ...found.filter((key) => !wanted.includes(key)).map((key) => `also ${key}`),
    ...found.filter((key, n) => n > 0 && place(key) < place(found[n - 1] ?? "")).map((key) => `late ${key}`),
    ...found.filter((key) => found.includes(`${key}/started`) && at(`${key}/started`) > at(key)).map((key) =>
      `${key} ended before it began`
    )
  ]
}
