/**
 * Prompts that MCP servers have: texts that a person asks for, and sends to the model.
 *
 * @internal
 */
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import { field, isDeep, text } from "../../internal/json.ts"
import * as Told from "../../prompts/McpTools.ts"
import type { Item } from "../../responses/Item.ts"
import * as McpResult from "./McpResult.ts"

/**
 * A prompt as its server describes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Listed {
  readonly name: string
  readonly description: string
  readonly arguments: ReadonlyArray<Argument>
}

/** @since 0.1.0 @category models */
export interface Argument {
  readonly name: string
  readonly isRequired: boolean
}

/** How many prompts a server may have, how many arguments one of them takes, and how many parts it gives. */
const maxPrompts = 100
const maxArguments = 20
const maxParts = 50

/** A longer description is cut, in characters. */
const maxDescription = 200

/** How long the texts of a prompt may be together, in characters: a person is to see what is sent. */
const maxText = 64 * 1024

/**
 * The prompts of an answer to `prompts/list`. One that cannot be asked for is left out.
 *
 * @since 0.1.0
 * @category parsing
 */
export const listedIn = (answer: unknown): ReadonlyArray<Listed> =>
  listIn(answer, "prompts").slice(0, maxPrompts).flatMap((prompt) => {
    const name = text(field(prompt, "name"))
    if (name === undefined || name === "" || isDeep(prompt)) return []
    const description = text(field(prompt, "description")) ?? text(field(prompt, "title")) ?? ""
    const args = listIn(prompt, "arguments").slice(0, maxArguments).flatMap((argument) => {
      const name = text(field(argument, "name"))
      return name === undefined || name === "" ? [] : [{ name, isRequired: field(argument, "required") === true }]
    })
    return [{ name, description: description.trim().slice(0, maxDescription), arguments: args }]
  })

const listIn = (value: unknown, name: string): ReadonlyArray<unknown> => {
  const list = field(value, name)
  return Array.isArray(list) ? list : []
}

/**
 * What can be written behind a prompt: its arguments in their order, those that may be missing in brackets.
 *
 * @since 0.1.0
 * @category accessors
 */
export const wordsOf = ({ arguments: all }: Pick<Listed, "arguments">): string =>
  all.map(({ isRequired, name }) => isRequired ? name : `[${name}]`).join(" ")

/**
 * The arguments that words stand for: by name (`city=Oslo`), or in their order. A value may be in quotes, and the last
 * argument takes all words that are left. The problem is a sentence without an end.
 *
 * @since 0.1.0
 * @category parsing
 */
export const fill = (
  listed: Pick<Listed, "arguments">,
  words: string
): Either.Either<{ readonly [name: string]: string }, string> => {
  const all = listed.arguments
  const named = new Map<string, string>()
  const others: Array<{ readonly value: string; readonly at: number }> = []
  for (
    const { 0: word, 1: double, 2: single, index } of words.matchAll(/(?:[^\s"'=]+=)?(?:"([^"]*)"|'([^']*)'|\S+)/g)
  ) {
    const [, name = "", bare = word] = /^([^\s"'=]+)=([^]*)$/.exec(word) ?? []
    if (all.some((argument) => argument.name === name)) named.set(name, double ?? single ?? bare)
    else others.push({ value: /^["']/.test(word) ? double ?? single ?? word : word, at: index })
  }
  const open = all.filter(({ name }) => !named.has(name))
  for (const [at, { name }] of open.entries()) {
    const other = others[at]
    if (other === undefined) break
    const isLast = at === open.length - 1
    named.set(
      name,
      isLast && others.length > open.length ? others.slice(at).map(({ value }) => value).join(" ") : other.value
    )
  }
  if (open.length === 0 && others.length > 0) {
    return Either.left(`it takes ${all.length === 0 ? "no words" : "no more words than its arguments"}`)
  }
  const missing = all.filter(({ isRequired, name }) => isRequired && !named.has(name)).map(({ name }) => name)
  return missing.length > 0 ? Either.left(`it needs ${missing.join(", ")}`) : Either.right(Object.fromEntries(named))
}

/**
 * What a prompt says, as the parts of one message of the person's. What it has the model say is told as a part of the
 * text: the model has not said it.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toParts = (result: unknown): ReadonlyArray<Item> => {
  const parts = listIn(result, "messages").flatMap((message) => {
    const content = field(message, "content")
    const given = (Array.isArray(content) ? content : [content]).filter(Predicate.isReadonlyRecord)
    const parts = given.flatMap(McpResult.partsOf)
    return field(message, "role") === "assistant" ? parts.map(asExample) : parts
  })
  let used = 0
  return parts.slice(0, maxParts).flatMap((part, at) => {
    const said = text(part["text"])
    if (said === undefined) return [part]
    const left = maxText - used
    used += said.length
    if (left <= 0) return []
    // The parts of a message are read as one text.
    return [{
      ...part,
      text: `${at === 0 ? "" : "\n\n"}${said.length <= left ? said : Told.promptCut(said.slice(0, left))}`
    }]
  })
}

const asExample = (part: Item): Item => {
  const said = text(part["text"])
  return said === undefined ? part : { ...part, text: Told.promptExample(said) }
}
