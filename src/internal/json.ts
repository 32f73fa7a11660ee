import * as Predicate from "effect/Predicate"

/** The value of a JSON text; `undefined` where it is none. */
export const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
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
