import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"

/**
 * More levels than real data has. Code that compares, checks or writes a value recurses level by level, and some
 * thousand levels overflow the stack.
 */
export const maxDepth = 512

/** Whether the JSON in a text is nested deeper than {@link maxDepth}. */
export const isDeepText = (text: string): boolean => {
  if (text.length < 2 * maxDepth || !hasManyOpen(text)) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at)
        break
      case openBrace:
      case openBracket:
        if (++depth > maxDepth) return true
        break
      case closeBrace:
      case closeBracket:
        depth--
    }
  }
  return false
}

/** Counting costs next to nothing for a usual text, for the engine finds a character at the speed of memory. */
const hasManyOpen = (text: string): boolean => {
  let count = 0
  for (let at = text.indexOf("{"); at !== -1; at = text.indexOf("{", at + 1)) if (++count > maxDepth) return true
  for (let at = text.indexOf("["); at !== -1; at = text.indexOf("[", at + 1)) if (++count > maxDepth) return true
  return false
}

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = [0x22, 0x5C, 0x7B, 0x7D, 0x5B, 0x5D]

const endOfString = (text: string, start: number): number => {
  for (let end = text.indexOf("\"", start + 1); end !== -1; end = text.indexOf("\"", end + 1)) {
    let before = end
    while (text.charCodeAt(before - 1) === backslash) before--
    if ((end - before) % 2 === 0) return end
  }
  return text.length
}

/** The same for a value. Nearly all are shallow, and found to be without copying anything. */
export const isDeep = (value: unknown): boolean => !isWithin(value, 16) && isBeyond(value)

const isWithin = (value: unknown, levels: number): boolean => {
  if (typeof value !== "object" || value === null) return true
  if (levels === 0) return false
  if (Array.isArray(value)) return value.every((one) => isWithin(one, levels - 1))
  for (const name in value) {
    if (!isWithin((value as { readonly [name: string]: unknown })[name], levels - 1)) return false
  }
  return true
}

const isBeyond = (value: unknown): boolean => {
  let level: ReadonlyArray<unknown> = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return true
    const below = level.flatMap((one) => typeof one === "object" && one !== null ? Object.values(one) : [])
      .filter((one) => typeof one === "object" && one !== null)
    // A value that holds itself in two places would double with each level.
    level = below.length > level.length ? [...new Set(below)] : below
  }
  return false
}

/** The value of a JSON text; `undefined` if it is not JSON, or is nested too deeply to work with. */
export const parse = (text: string): unknown => {
  if (isDeepText(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A JSON text laid out for a person; what is not JSON stays as it is. */
export const pretty = (text: string): string => {
  const value = parse(text)
  return value === undefined ? text : JSON.stringify(value, null, 2)
}

/** The JSON text of a value, or why it has none, as the end of a sentence. */
export const stringify = (value: unknown): Either.Either<string, string> => {
  try {
    const text: string | undefined = JSON.stringify(value)
    return text === undefined ? Either.left(`it is a ${typeof value}`) : Either.right(text)
  } catch (error) {
    if (error instanceof RangeError) return Either.left(tooDeep)
    const message = error instanceof Error ? error.message : ""
    return Either.left(
      /\bBigInt\b/.test(message)
        ? "it holds a BigInt"
        : /\bcircular\b/i.test(message)
        ? "it holds itself"
        : "it is not JSON"
    )
  }
}

/** What is wrong with a text that is not JSON, and where, as far as the JavaScript engine says. */
export const problemOf = (text: string): string | undefined => {
  if (isDeepText(text)) return tooDeep
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

/** What is wrong with JSON that is nested too deeply, as the end of a sentence. */
export const tooDeep = `it is nested more than ${maxDepth} levels deep`

/** The field of a value, if the value is an object that has it; `null` counts as absent. */
export const field = (value: unknown, name: string): unknown =>
  Predicate.hasProperty(value, name) && value[name] !== null ? value[name] : undefined

export const text = (value: unknown): string | undefined => Predicate.isString(value) ? value : undefined

export const number = (value: unknown): number | undefined => Predicate.isNumber(value) ? value : undefined

/** Drops the fields that are `undefined`, for types whose keys may be absent, but not `undefined`. */
export const defined = <A extends object>(fields: A): { [K in keyof A]?: Exclude<A[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof A]?: Exclude<A[K], undefined>
  }

/**
 * Whether two values are the same JSON: the order of fields does not matter, and an `undefined` field counts as absent.
 */
export const same = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((value, i) => same(value, b[i]))
  if (!Predicate.isRecord(a) || !Predicate.isRecord(b)) return false
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((name) => same(a[name], b[name]))
}
