/**
 * One reader of a feed: what waits for it, within bounds, and what it has had.
 *
 * @internal
 */
import type { Source } from "../internal/LongAnswer.ts"

/**
 * A line of a session as it is sent.
 *
 * - `Logged` it is in the log, under its number
 * - `Shown` it is not, and means nothing once a later line of the log is there
 * - `Asked` a question that nobody has answered yet
 */
export interface Frame {
  readonly kind: "Logged" | "Shown" | "Asked"
  readonly seq: number
  readonly text: string
}

export interface FeedReader {
  /** Gives it frames, which wait until it takes them. Before {@link begin}, all wait. */
  readonly push: (frames: ReadonlyArray<Frame>) => void
  /** What it has read of the log itself ends with this number; with what else it has to be told before all that waits. */
  readonly begin: (last: number, asked: ReadonlyArray<Frame>) => void
  /** A comment, if nothing waits: it only shows that the connection is alive. */
  readonly comment: (text: string) => void
  /** All that waits; how, says `LongAnswer`. */
  readonly take: Source["take"]
  readonly end: () => void
}

/** `onFull` is called, once, when more waits than `capacity` characters: the reader does not read. */
export const make = (after: number, capacity: number, onFull: () => void): FeedReader => {
  let last = after
  let held: Array<Frame> | undefined = []
  let waiting = ""
  let size = 0
  let isEnded = false
  let wake: (() => void) | undefined
  /** The questions that it was told of, so that none is told twice. */
  let questions = new Set<number>()

  const tell = () => {
    const ready = wake
    wake = undefined
    ready?.()
  }

  const isNew = ({ kind, seq }: Frame): boolean => kind === "Asked" ? !questions.has(seq) : seq > last

  const add = (frames: ReadonlyArray<Frame>) => {
    for (const frame of frames) {
      if (!isNew(frame)) continue
      if (frame.kind === "Logged") last = frame.seq
      if (frame.kind === "Asked") questions.add(frame.seq)
      waiting += frame.text
    }
    size = waiting.length
    if (waiting !== "") tell()
  }

  const end = () => {
    isEnded = true
    held = undefined
    questions = new Set()
    tell()
  }

  return {
    push: (frames) => {
      if (isEnded) return
      if (held === undefined) add(frames)
      else {
        held.push(...frames)
        size += frames.reduce((sum, { text }) => sum + text.length, 0)
      }
      if (size <= capacity) return
      end()
      onFull()
    },
    begin: (read, asked) => {
      const before = held ?? []
      held = undefined
      last = Math.max(last, read)
      size = 0
      if (!isEnded) add([...asked, ...before])
    },
    comment: (text) => {
      if (isEnded || held !== undefined || waiting !== "") return
      waiting = text
      tell()
    },
    take: (ready) => {
      wake = undefined
      if (waiting !== "") {
        const text = waiting
        waiting = ""
        size = 0
        return text
      }
      if (isEnded) return null
      wake = ready
      return undefined
    },
    end
  }
}
