import * as Predicate from "effect/Predicate"

/** A place in a JSON value, and what stands there in one and in the other. */
export interface Difference {
  readonly path: string
  readonly before: unknown
  readonly after: unknown
}

/** All places in which two JSON values differ, as deep inside as possible. */
export const differences = (before: unknown, after: unknown, path = ""): ReadonlyArray<Difference> => {
  if (Array.isArray(before) && Array.isArray(after)) {
    return Array.from(
      { length: Math.max(before.length, after.length) },
      (_, index) => differences(before[index], after[index], `${path}[${index}]`)
    ).flat()
  }
  if (Predicate.isRecord(before) && Predicate.isRecord(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
      differences(before[name], after[name], path === "" ? name : `${path}.${name}`)
    )
  }
  return before === after ? [] : [{ path, before, after }]
}

/** A difference in a line: of a long text, what is around the place where it begins to differ. */
export const sayDifference = ({ after, before, path }: Difference): string => {
  if (before === undefined) return `${path}: ${short(after)} is new`
  if (after === undefined) return `${path}: ${short(before)} was recorded, and is missing`
  const from = typeof before === "string" && typeof after === "string" ? Math.max(0, common(before, after) - 20) : 0
  return `${path}: ${short(before, from)} was recorded, and ${short(after, from)} is sent`
}

const longest = 80

const short = (value: unknown, from = 0): string => {
  if (typeof value !== "string") {
    const text = JSON.stringify(value)
    return text.length > longest ? `${text.slice(0, longest)}…` : text
  }
  const end = from + longest
  return JSON.stringify(`${from > 0 ? "…" : ""}${value.slice(from, end)}${value.length > end ? "…" : ""}`)
}

const common = (a: string, b: string): number => {
  let length = 0
  while (length < a.length && a[length] === b[length]) length++
  return length
}
