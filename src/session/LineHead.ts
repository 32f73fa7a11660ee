/**
 * What a line of a log begins with, read without parsing the rest: a log may be long, and most of what it says is not
 * needed most of the time.
 *
 * @internal
 */
import { field, parse, text } from "../internal/json.ts"
import { isSeq } from "./Log.ts"

export interface LineHead {
  readonly seq: number
  readonly at: string
  readonly key: string
  readonly tag: string
}

/** Nothing for a line that is no event. A line that another program has written may have its fields in another order. */
export const of = (line: string): LineHead | undefined => {
  const [, seq, at, key, tag] = usual.exec(line) ?? []
  if (seq !== undefined && at !== undefined && key !== undefined && tag !== undefined) {
    // A part of a string keeps the whole of it in memory; what is parsed is a copy.
    return isWhole(line) ? headWith(Number(seq), at, text(parse(`"${key}"`)), tag) : undefined
  }
  const stored = parse(line)
  const number = field(stored, "seq")
  return isSeq(number)
    ? headWith(
      number,
      text(field(stored, "at")),
      text(field(stored, "key")),
      text(field(field(stored, "event"), "_tag"))
    )
    : undefined
}

/** Another system may end its lines otherwise. */
const isWhole = (line: string): boolean => line.endsWith("}}") || /\}\}\s+$/.test(line.slice(-8))

/**
 * The kind of event alone, where a line is as we write it. In a string the quotes would be escaped, so that the first place
 * is the one.
 */
export const tagOf = (line: string): string => {
  const at = line.indexOf(beforeTag)
  return at < 0 ? "" : line.slice(at + beforeTag.length, line.indexOf("\"", at + beforeTag.length))
}

const beforeTag = "\"event\":{\"_tag\":\""

const usual = /^\{"seq":([1-9]\d{0,14}),"at":"([^"]{1,40})","key":"((?:[^"\\]|\\.)*)","event":\{"_tag":"(\w+)"/

const headWith = (seq: number, at: string | undefined, key: string | undefined, tag: string | undefined) =>
  at === undefined || key === undefined || tag === undefined ? undefined : { seq, at, key, tag }
