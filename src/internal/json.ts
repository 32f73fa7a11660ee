import * as Predicate from "effect/Predicate"

/** The value of a JSON text; `undefined` where it is none. */
export const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What is wrong with a text that is no JSON, and where, as far as the engine tells. */
export const problemOf = (text: string): string | undefined => {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    const message = error instanceof Error ? error.message : ""
    const position = Number(/ at position (\d+)/.exec(message)?.[1] ?? (/ end of /.test(message) ? text.length : NaN))
    if (text.trim() === "") return "it is empty"
    if (Number.isNaN(position)) return "it is broken JSON"
    return position >= text.trimEnd().length
      ? "it is broken JSON, which ends too early"
      : `it is broken JSON, in line ${text.slice(0, position).split("\n").length}`
  }
}

/** A field of whatever it may be a field of; `null` counts as absent. */
export const field = (value: unknown, name: string): unknown =>
  Predicate.hasProperty(value, name) && value[name] !== null ? value[name] : undefined

export const text = (value: unknown): string | undefined => Predicate.isString(value) ? value : undefined

export const number = (value: unknown): number | undefined => Predicate.isNumber(value) ? value : undefined

/** The fields that have a value: where a key may be absent, but not `undefined`. */
export const defined = <A extends object>(fields: A): { [K in keyof A]?: Exclude<A[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof A]?: Exclude<A[K], undefined>
  }

/** Whether two values are the same JSON: the order of fields is nothing, and a field that is `undefined` is not there. */
export const same = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((value, i) => same(value, b[i]))
  if (!Predicate.isRecord(a) || !Predicate.isRecord(b)) return false
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((name) => same(a[name], b[name]))
}
