/**
 * What the model is told of arguments that a tool cannot use: which one, what it must be, and what came instead.
 *
 * @internal
 */
import { number, text } from "../internal/json.ts"

/** More are a misunderstanding as a whole, and another list of the same would not mend it. */
const maxProblems = 8

/** How much of a text that does not fit is shown, in characters. */
const maxShown = 40

type Path = ReadonlyArray<PropertyKey>

type Json = { readonly [name: string]: unknown }

/** @since 0.1.0 @category texts */
export const invalid = (tool: string, problems: string): string => `Invalid arguments for ${tool}: ${problems}`

/** @since 0.1.0 @category texts */
export const list = (problems: ReadonlyArray<string>): string => {
  const more = problems.length - maxProblems
  return problems.slice(0, maxProblems).join("; ") + (more > 0 ? `; and ${more} more` : "")
}

/** @since 0.1.0 @category problems */
export const notPlainText = "expected plain text"

/** @since 0.1.0 @category problems */
export const missing = (name: string): string => `${name} is missing`

/** @since 0.1.0 @category problems */
export const missingOf = (path: Path, what: string): string => `${missing(nameOf(path))}; it must be ${what}`

/** @since 0.1.0 @category problems */
export const mustBe = (path: Path, what: string, actual: unknown): string =>
  `${nameOf(path)} must be ${what}, not ${shown(actual)}`

/** @since 0.1.0 @category problems */
export const noSuchArgument = (path: Path, names: ReadonlyArray<string>): string => {
  const known = names.length === 0 ? "" : `; ${path.length > 1 ? "here" : "the arguments"} can be ${names.join(", ")}`
  return `there is no argument ${nameOf(path)}${known}`
}

/** @since 0.1.0 @category problems */
export const cannotBeChecked = (path: Path): string => `${nameOf(path)} cannot be checked here`

/**
 * What the author of a schema says of it.
 *
 * @since 0.1.0
 * @category problems
 */
export const saidOf = (path: Path, words: string): string => `${nameOf(path)}: ${words}`

/** As JavaScript would reach it: `edits[1].path`. */
const nameOf = (path: Path): string => {
  if (path.length === 0) return "the arguments as a whole"
  return path.reduce<string>((name, key) => {
    if (typeof key === "number") return `${name}[${key}]`
    const word = brief(String(key))
    return name === "" ? word : `${name}.${word}`
  }, "")
}

const brief = (text: string): string =>
  text.length > maxShown ? `${text.slice(0, maxShown).toWellFormed()}…` : text.toWellFormed()

const shown = (value: unknown): string => {
  if (typeof value === "string") return value === "" ? "an empty string" : `the string ${JSON.stringify(brief(value))}`
  if (typeof value === "number") return `the number ${value}`
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list"
  return isObject(value) ? anObject : String(value)
}

/** @since 0.1.0 @category schemas */
export const anObject = "an object"

/**
 * A JSON Schema in words; nothing where there are none for it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const inWords = (json: Json, definitions: Json, depth = 0): string | undefined => {
  const { anyOf, enum: words, pattern, required, type } = json
  const ref = text(json["$ref"])
  if (ref !== undefined) {
    const found = definitions[ref.slice("#/$defs/".length)]
    return depth > 2 || !isObject(found) ? undefined : inWords(found, definitions, depth + 1)
  }
  if (Array.isArray(words)) {
    const all = words.map((word) => JSON.stringify(word))
    return all.length === 1 ? all[0] : `one of ${all.join(", ")}`
  }
  if (Array.isArray(anyOf)) {
    const each = anyOf.map((one) => isObject(one) ? inWords(one, definitions, depth + 1) : undefined)
    return each.includes(undefined) ? undefined : [...new Set(each)].join(" or ")
  }
  switch (type) {
    case "string": {
      const size = range(json["minLength"], json["maxLength"])
      if (text(pattern) !== undefined) return `a string that matches ${pattern}`
      return size === undefined ? "a string" : json["minLength"] === 1 && json["maxLength"] === undefined
        ? "a string that is not empty"
        : `a string of ${size} characters`
    }
    case "number":
    case "integer": {
      const size = limits(json)
      return `a ${type === "integer" ? "whole " : ""}number${size === undefined ? "" : ` ${size}`}`
    }
    case "boolean":
      return "true or false"
    case "null":
      return "null"
    case "array": {
      const size = range(json["minItems"], json["maxItems"])
      return size === undefined ? "a list" : `a list of ${size} elements`
    }
    case "object":
      return Array.isArray(required) && required.length > 0 ? `an object with ${required.join(", ")}` : anObject
    default:
      return undefined
  }
}

const range = (least: unknown, most: unknown): string | undefined => {
  if (typeof least === "number" && typeof most === "number") return least === most ? `${least}` : `${least} to ${most}`
  if (typeof least === "number") return `at least ${least}`
  return typeof most === "number" ? `at most ${most}` : undefined
}

const limits = ({ exclusiveMaximum, exclusiveMinimum, maximum, minimum }: Json): string | undefined => {
  const [least, above, most, below] = [minimum, exclusiveMinimum, maximum, exclusiveMaximum].map(number)
  if (least !== undefined && most !== undefined) return `from ${least} to ${most}`
  const words = [
    ...least === undefined ? [] : [`of at least ${least}`],
    ...above === undefined ? [] : [`above ${above}`],
    ...most === undefined ? [] : [`of at most ${most}`],
    ...below === undefined ? [] : [`below ${below}`]
  ]
  return words.length === 0 ? undefined : words.join(" and ")
}

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)
