/**
 * What an MCP server asks the person: a form, whose fields are texts, numbers, yes or no, and choices; or to open a page.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import { field, isDeep, text } from "../../internal/json.ts"

/**
 * A form as the server has written it: a user interface must escape it, so that it cannot imitate other output.
 *
 * @since 0.1.0
 * @category models
 */
export interface Form {
  readonly server: string
  readonly message: string
  readonly fields: ReadonlyArray<Field>
}

/**
 * A page that the server wants opened, for what it must not hear by way of an agent, such as a password. The address is
 * one of the web, and `host` is where it leads.
 *
 * @since 0.1.0
 * @category models
 */
export interface Page {
  readonly server: string
  readonly message: string
  readonly url: string
  readonly host: string
  /** What the server calls it. */
  readonly id: string
}

/** @since 0.1.0 @category models */
export interface Field {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly isRequired: boolean
  readonly kind: Kind
  /** What counts unless something else is said, as {@link read} takes it; empty for nothing. */
  readonly usual: string
}

/**
 * - `Text` with how many characters it has, and perhaps what it has to be
 * - `Number` within bounds; `isInteger` a whole one
 * - `Choice` of what the server names; `isMany` for some of them
 *
 * @since 0.1.0
 * @category models
 */
export type Kind =
  | {
    readonly _tag: "Text"
    readonly min: number
    readonly max: number
    readonly format: "email" | "uri" | "date" | "date-time" | undefined
  }
  | { readonly _tag: "Number"; readonly min: number; readonly max: number; readonly isInteger: boolean }
  | { readonly _tag: "Boolean" }
  | {
    readonly _tag: "Choice"
    readonly choices: ReadonlyArray<{ readonly value: string; readonly title: string }>
    readonly isMany: boolean
    readonly min: number
    readonly max: number
  }

/** @since 0.1.0 @category models */
export type Value = string | number | boolean | Array<string>

/**
 * The person has filled it in, does not want to, or has gone away.
 *
 * @since 0.1.0
 * @category models
 */
export type Answer =
  | { readonly _tag: "Accept"; readonly content: { readonly [name: string]: unknown } }
  | { readonly _tag: "Decline" }
  | { readonly _tag: "Cancel" }

/** @since 0.1.0 @category answers */
export const decline: Answer = { _tag: "Decline" }

/** @since 0.1.0 @category answers */
export const cancel: Answer = { _tag: "Cancel" }

/**
 * The person has gone to the page; what they do there is between them and the server.
 *
 * @since 0.1.0
 * @category answers
 */
export const visited: Answer = { _tag: "Accept", content: {} }

/** What a person reads in one go. */
const maxFields = 30
const maxChoices = 100
const maxMessage = 2000
const maxWords = 200
const maxName = 100

/** How long a text may be that the server sets no bound to, in characters. */
const maxLength = 10_000

/**
 * The form of a request. One with a field that cannot be asked for, or with more than a person would read, is none.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Either from "effect/Either"
 * import { Elicitation } from "effixir/tools"
 *
 * // How a terminal of your own answers the request of a server.
 * const answer = (server: string, params: unknown, ask: (question: string) => Effect.Effect<string>) =>
 *   Effect.gen(function*() {
 *     const page = Elicitation.pageOf(server, params)
 *     if (page !== undefined) {
 *       return (yield* ask(`Open ${page.url}?`)) === "yes" ? Elicitation.visited : Elicitation.decline
 *     }
 *     const form = Elicitation.formOf(server, params)
 *     if (form === undefined) return Elicitation.decline
 *     const content: { [name: string]: Elicitation.Value } = {}
 *     for (const { kind, name, title } of form.fields) {
 *       const value = Elicitation.read(kind, yield* ask(`${title} (${Elicitation.expectedOf(kind)}): `))
 *       if (Either.isLeft(value)) return Elicitation.cancel
 *       content[name] = value.right
 *     }
 *     return { _tag: "Accept" as const, content }
 *   })
 *
 * // A client that shows forms itself gets the schema, and what it answers is checked.
 * const shown = (form: Elicitation.Form) => Elicitation.schemaOf(form)
 * const checked = (form: Elicitation.Form, content: { readonly [name: string]: unknown }) =>
 *   Elicitation.valuesOf(form, content)
 * ```
 *
 * @since 0.1.0
 * @category parsing
 */
export const formOf = (server: string, params: unknown): Form | undefined => {
  const schema = field(params, "requestedSchema")
  const properties = field(schema, "properties") ?? {}
  if (!Predicate.isReadonlyRecord(schema) || !Predicate.isReadonlyRecord(properties) || isDeep(schema)) return undefined
  const required = listOf(field(schema, "required"))
  const entries = Object.entries(properties)
  if (entries.length > maxFields || entries.some(([name]) => name.length > maxName)) return undefined
  const fields = entries.flatMap(([name, property]) => fieldOf(name, property, required.includes(name)) ?? [])
  return fields.length < entries.length ? undefined : { server, message: messageOf(params), fields }
}

const messageOf = (params: unknown): string => (text(field(params, "message")) ?? "").slice(0, maxMessage)

/**
 * The page of a request, or of a refusal that says which page has to be seen first. What is no address of the web is none.
 *
 * @since 0.1.0
 * @category parsing
 */
export const pageOf = (server: string, params: unknown): Page | undefined => {
  const url = text(field(params, "url"))
  if (field(params, "mode") !== "url" || url === undefined || url.length > maxMessage || !URL.canParse(url)) {
    return undefined
  }
  const { host, href, protocol } = new URL(url)
  return protocol === "https:" || protocol === "http:"
    ? { server, message: messageOf(params), url: href, host, id: text(field(params, "elicitationId")) ?? "" }
    : undefined
}

const fieldOf = (name: string, property: unknown, isRequired: boolean): Field | undefined => {
  const kind = kindOf(property)
  if (kind === undefined) return undefined
  return {
    name,
    title: (text(field(property, "title")) ?? name).slice(0, maxWords),
    description: (text(field(property, "description")) ?? "").slice(0, maxWords),
    isRequired,
    kind,
    usual: usualOf(kind, field(property, "default"))
  }
}

const kindOf = (property: unknown): Kind | undefined => {
  switch (field(property, "type")) {
    case "boolean":
      return { _tag: "Boolean" }
    case "integer":
    case "number":
      return {
        _tag: "Number",
        min: numberOr(field(property, "minimum"), -Infinity),
        max: numberOr(field(property, "maximum"), Infinity),
        isInteger: field(property, "type") === "integer"
      }
    case "string": {
      const choices = choicesOf(property)
      if (choices !== undefined) return choice(choices, { isMany: false, min: 1, max: 1 })
      const format = text(field(property, "format"))
      return {
        _tag: "Text",
        min: numberOr(field(property, "minLength"), 0),
        max: Math.min(maxLength, numberOr(field(property, "maxLength"), maxLength)),
        format: formats.find((known) => known === format)
      }
    }
    case "array": {
      const choices = choicesOf(field(property, "items"))
      return choices === undefined ? undefined : choice(choices, {
        isMany: true,
        min: numberOr(field(property, "minItems"), 0),
        max: numberOr(field(property, "maxItems"), Infinity)
      })
    }
    default:
      return undefined
  }
}

const formats = ["email", "uri", "date", "date-time"] as const

const choice = (
  choices: ReadonlyArray<{ readonly value: string; readonly title: string }>,
  bounds: { readonly isMany: boolean; readonly min: number; readonly max: number }
): Kind | undefined =>
  choices.length === 0 || choices.length > maxChoices ? undefined : { _tag: "Choice", choices, ...bounds }

/** They are named in three ways: with titles apart, with titles beside them, or without. */
const choicesOf = (property: unknown) => {
  const titled = field(property, "oneOf") ?? field(property, "anyOf")
  if (Array.isArray(titled)) {
    return titled.flatMap((one: unknown) => {
      const value = text(field(one, "const"))
      return value === undefined ? [] : [{ value, title: (text(field(one, "title")) ?? value).slice(0, maxWords) }]
    })
  }
  const values = field(property, "enum")
  const titles = field(property, "enumNames")
  return Array.isArray(values)
    ? listOf(values).map((value, at) => ({
      value,
      title: (Array.isArray(titles) ? text(titles[at]) ?? value : value).slice(0, maxWords)
    }))
    : undefined
}

const listOf = (value: unknown): ReadonlyArray<string> => Array.isArray(value) ? value.filter(Predicate.isString) : []

const numberOr = (value: unknown, otherwise: number): number => Predicate.isNumber(value) ? value : otherwise

/** A default that the field itself would refuse is none. */
const usualOf = (kind: Kind, value: unknown): string => {
  const said = typedFor(kind, value)
  return said !== "" && Either.isRight(read(kind, said)) ? said : ""
}

/** A value as a person would type it: that of a choice by its number. */
const typedFor = (kind: Kind, value: unknown): string => {
  switch (kind._tag) {
    case "Choice":
      return (Predicate.isString(value) ? [value] : listOf(value))
        .map((one) => String(kind.choices.findIndex((choice) => choice.value === one) + 1))
        .join(", ")
    case "Boolean":
      return value === true ? "yes" : value === false ? "no" : ""
    default:
      return Predicate.isString(value) || Predicate.isNumber(value) ? String(value) : ""
  }
}

/**
 * What a person has typed, as a value of the field; or what was expected, as the end of a sentence. A choice is made by
 * its number, and by its title or its value where these are no numbers: what is shown is what is sent. Some of them are
 * separated by commas.
 *
 * @since 0.1.0
 * @category parsing
 */
export const read = (kind: Kind, typed: string): Either.Either<Value, string> => {
  const value = valueOf(kind, typed.trim())
  return value !== undefined && isValueOf(kind, value) ? Either.right(value) : Either.left(expectedOf(kind))
}

const valueOf = (kind: Kind, said: string): Value | undefined => {
  switch (kind._tag) {
    case "Text":
      return said
    case "Number":
      return said === "" ? undefined : Number(said)
    case "Boolean":
      return /^(?:y|yes|true)$/i.test(said) ? true : /^(?:n|no|false)$/i.test(said) ? false : undefined
    case "Choice": {
      const find = (word: string) =>
        /^\d+$/.test(word)
          ? kind.choices[Number(word) - 1]
          : kind.choices.find(({ title, value }) => value === word || title === word)
      if (!kind.isMany) return find(said)?.value
      const words = said.split(",").map((word) => word.trim()).filter((word) => word !== "")
      const chosen = words.map((word) => find(word)?.value)
      return chosen.every(Predicate.isString) ? [...new Set(chosen)] : undefined
    }
  }
}

/**
 * The values of an answer, wherever it comes from; or the field that is wrong, and what it takes.
 *
 * @since 0.1.0
 * @category parsing
 */
export const valuesOf = (
  { fields }: Form,
  content: { readonly [name: string]: unknown }
): Either.Either<{ [name: string]: Value }, string> => {
  const other = Object.keys(content).find((name) => !fields.some((field) => field.name === name))
  if (other !== undefined) return Either.left(`the form has no field ${JSON.stringify(other)}`)
  const values: Array<readonly [name: string, value: Value]> = []
  for (const { isRequired, kind, name } of fields) {
    const value = Object.hasOwn(content, name) ? content[name] : undefined
    if (value === undefined && !isRequired) continue
    if (!isValueOf(kind, value)) return Either.left(`the field ${JSON.stringify(name)} wants ${expectedOf(kind)}`)
    values.push([name, value])
  }
  return Either.right(Object.fromEntries(values))
}

const isValueOf = (kind: Kind, value: unknown): value is Value => {
  switch (kind._tag) {
    case "Text":
      return Predicate.isString(value) && isText(kind, value)
    case "Number":
      return Number.isFinite(value) && Predicate.isNumber(value) && value >= kind.min && value <= kind.max &&
        (!kind.isInteger || Number.isSafeInteger(value))
    case "Boolean":
      return Predicate.isBoolean(value)
    case "Choice": {
      const isChoice = (one: unknown) => kind.choices.some(({ value }) => value === one)
      return kind.isMany
        ? Array.isArray(value) && value.length >= kind.min && value.length <= kind.max && value.every(isChoice)
        : isChoice(value)
    }
  }
}

const isText = ({ format, max, min }: Extract<Kind, { readonly _tag: "Text" }>, said: string): boolean => {
  const length = [...said].length
  if (length < min || length > max) return false
  switch (format) {
    case "email":
      return /^[^\s@]+@[^\s@]+$/.test(said)
    case "uri":
      return URL.canParse(said)
    case "date":
      return /^\d{4}-\d{2}-\d{2}$/.test(said) && !Number.isNaN(Date.parse(said))
    case "date-time":
      return /^\d{4}-\d{2}-\d{2}T/.test(said) && !Number.isNaN(Date.parse(said))
    default:
      return true
  }
}

/**
 * What a field takes, in a few words.
 *
 * @since 0.1.0
 * @category accessors
 */
export const expectedOf = (kind: Kind): string => {
  switch (kind._tag) {
    case "Text": {
      const what = kind.format === undefined ? "a text" : namesOf[kind.format]
      const least = kind.min > 0 ? ` of ${kind.min} characters or more` : ""
      return `${what}${least}${kind.max < maxLength ? `${least === "" ? " of" : ", and"} ${kind.max} at most` : ""}`
    }
    case "Number":
      return `${kind.isInteger ? "a whole number" : "a number"}${boundsOf(kind)}`
    case "Boolean":
      return "yes or no"
    case "Choice":
      return kind.isMany
        ? `numbers of choices, with commas${boundsOf(kind)}`
        : `the number of a choice, 1 to ${kind.choices.length}`
  }
}

const namesOf = {
  email: "an email address",
  uri: "an address such as https://example.com",
  date: "a date such as 2026-01-31",
  "date-time": "a time such as 2026-01-31T12:00:00Z"
} as const

const boundsOf = ({ max, min }: { readonly min: number; readonly max: number }): string => {
  const least = min > 0 || min < 0 && Number.isFinite(min) || min === 0 && Number.isFinite(max) ? ` from ${min}` : ""
  return `${least}${Number.isFinite(max) ? ` to ${max}` : ""}`
}

/**
 * The form as a JSON Schema, for a client that shows it. It says no more than was understood of it.
 *
 * @since 0.1.0
 * @category conversions
 */
export const schemaOf = ({ fields }: Form) => ({
  type: "object" as const,
  properties: Object.fromEntries(fields.map((field) => [field.name, propertyOf(field)])),
  required: fields.filter(({ isRequired }) => isRequired).map(({ name }) => name)
})

const propertyOf = ({ description, kind, title, usual }: Field) => {
  const value = usual === "" ? undefined : Either.getOrUndefined(read(kind, usual))
  const about = {
    title,
    ...description === "" ? {} : { description },
    ...value === undefined ? {} : { default: value }
  }
  switch (kind._tag) {
    case "Text": {
      const { format, max, min } = kind
      return { type: "string", ...about, minLength: min, maxLength: max, ...format === undefined ? {} : { format } }
    }
    case "Number": {
      const { isInteger, max, min } = kind
      return {
        type: isInteger ? "integer" : "number",
        ...about,
        ...Number.isFinite(min) ? { minimum: min } : {},
        ...Number.isFinite(max) ? { maximum: max } : {}
      }
    }
    case "Boolean":
      return { type: "boolean", ...about }
    case "Choice": {
      const choices = kind.choices.map(({ title, value }) => ({ const: value, title }))
      return kind.isMany
        ? {
          type: "array",
          ...about,
          minItems: kind.min,
          ...Number.isFinite(kind.max) ? { maxItems: kind.max } : {},
          items: { anyOf: choices }
        }
        : { type: "string", ...about, oneOf: choices }
    }
  }
}
