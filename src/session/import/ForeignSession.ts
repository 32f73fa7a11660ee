/**
 * The session of another agent: what its files say, whatever their format. Each format has a file beside this one.
 *
 * @example
 * ```ts
 * import { type Item, Usage } from "effixir"
 * import { ForeignSession } from "effixir/session"
 *
 * // The content of a message, as an agent has it in its files.
 * const partsOf = (content: unknown): ReadonlyArray<Item.Item> =>
 *   ForeignSession.records(content).flatMap(({ data, text, type, url }) => {
 *     const words = ForeignSession.filled(text)
 *     const address = ForeignSession.filled(url)
 *     if (words !== undefined) return [ForeignSession.inputText(words)]
 *     return (address === undefined ? ForeignSession.image(type, data) : ForeignSession.imageAt(address)) ?? []
 *   })
 *
 * const answered = (item: Item.Item): ForeignSession.Entry => ({ _tag: "Answered", items: [item], model: undefined })
 *
 * // What one line of such a file says.
 * const entryOf = (line: unknown): ForeignSession.Entry => {
 *   const { args, content, id, kind, text, tokens } = ForeignSession.record(line)
 *   const words = ForeignSession.filled(text) ?? ""
 *   switch (kind) {
 *     case "prompt":
 *       return ForeignSession.said(...partsOf(content))
 *     case "thought":
 *       return answered(ForeignSession.thought(words))
 *     case "answer":
 *       return answered(ForeignSession.message("assistant", [ForeignSession.outputText(words)]))
 *     case "call":
 *       return answered(ForeignSession.call(id, "bash", args))
 *     case "output": {
 *       const output = ForeignSession.outputOfParts(partsOf(content))
 *       return { _tag: "Returned", callId: ForeignSession.callId(id), output, isFailure: false }
 *     }
 *     case "usage":
 *       return { _tag: "Used", usage: { ...Usage.zero, inputTokens: ForeignSession.count(tokens) } }
 *     default:
 *       return ForeignSession.lost("Unknown")
 *   }
 * }
 * ```
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import type { Item } from "../../responses/Item.ts"
import * as Picture from "../../responses/Picture.ts"
import type { Output, ToolCall } from "../../responses/ToolCall.ts"
import type { Usage } from "../../responses/Usage.ts"
import { ImportedFrom } from "../SessionEvent.ts"
import type { Loss } from "./Loss.ts"

/**
 * The agents whose sessions can be imported.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Tool = ImportedFrom.fields.tool

/** @since 0.1.0 @category models */
export type Tool = typeof Tool.Type

/**
 * The values of a file, line by line; `undefined` is a line that is damaged. It can be gone through again: in a format
 * with branches the last line decides which of the others count.
 *
 * @since 0.1.0
 * @category models
 */
export type Lines = Iterable<unknown>

/**
 * What a session consists of, in its order.
 *
 * - `Begun` comes first, and once
 * - `Said` is what a person asked for, and begins a turn; with `isAside` it is something that the model was told besides
 * - `Answered` is a part of a response. Parts with the same `response` belong together; without one, those up to the
 *   first output do
 * - `Used` is what the response before it cost
 * - `Returned` is the output of a call
 * - `Kept` says that a later `Summarized` leaves in place what comes from here on
 * - `Summarized` are the items that the model is sent instead of what came before
 * - `Lost` is something that cannot be taken over
 *
 * @since 0.1.0
 * @category models
 */
export type Entry =
  | {
    readonly _tag: "Begun"
    readonly sessionId: string
    readonly folder: string | undefined
    readonly title: string | undefined
  }
  | { readonly _tag: "Said"; readonly items: ReadonlyArray<Item>; readonly isAside?: boolean }
  | {
    readonly _tag: "Answered"
    readonly items: ReadonlyArray<Item>
    readonly model: string | undefined
    readonly response?: string | undefined
    readonly usage?: Usage | undefined
  }
  | { readonly _tag: "Used"; readonly usage: Usage }
  | {
    readonly _tag: "Returned"
    readonly callId: string
    readonly output: Output
    readonly isFailure: boolean
  }
  | { readonly _tag: "Kept" }
  | { readonly _tag: "Summarized"; readonly items: ReadonlyArray<Item> }
  | { readonly _tag: "Lost"; readonly loss: Loss }

/**
 * How one agent keeps its sessions.
 *
 * @since 0.1.0
 * @category models
 */
export interface Format {
  readonly tool: Tool
  /** What people call it. */
  readonly name: string
  /** Whether a line is one that only the sessions of this agent have. */
  readonly isOwn: (line: unknown) => boolean
  /** Why sessions of this version cannot be read, as the end of a sentence. */
  readonly refusal: (line: unknown) => string | undefined
  readonly read: (lines: Lines) => Iterable<Entry>
}

/** @since 0.1.0 @category constructors */
export const said = (...content: ReadonlyArray<Item>): Entry => ({ _tag: "Said", items: [message("user", content)] })

/** @since 0.1.0 @category constructors */
export const lost = (loss: Loss): Entry => ({ _tag: "Lost", loss })

/** @since 0.1.0 @category constructors */
export const message = (role: "assistant" | "user", content: ReadonlyArray<Item>): Item => ({
  type: "message",
  role,
  content
})

/** @since 0.1.0 @category constructors */
export const inputText = (text: string): Item => ({ type: "input_text", text: text.toWellFormed() })

/** @since 0.1.0 @category constructors */
export const outputText = (text: string): Item => ({ type: "output_text", text: text.toWellFormed() })

/**
 * What the model thought, to be read by a person; it is not sent to another model.
 *
 * @since 0.1.0
 * @category constructors
 */
export const thought = (text: string): Item => ({
  type: "reasoning",
  summary: [{ type: "summary_text", text: text.toWellFormed() }]
})

/**
 * The id of a call, as servers take it; of one that is too long the end is kept, which tells it from others.
 *
 * @since 0.1.0
 * @category constructors
 */
export const callId = (id: unknown): string => String(id ?? "").slice(-64) || "call"

/** @since 0.1.0 @category constructors */
export const call = (id: unknown, name: string, args: unknown): ToolCall => ({
  type: "function_call",
  call_id: callId(id),
  name,
  arguments: Predicate.isString(args) ? args : JSON.stringify(args ?? {})
})

/**
 * An image that is there in full, in one of the types that servers take; `undefined` for any other.
 *
 * @since 0.1.0
 * @category constructors
 */
export const image = (type: unknown, base64: unknown): Item | undefined =>
  Predicate.isString(type) && types.has(type) && Predicate.isString(base64) && base64 !== ""
    ? imageAt(`data:${type};base64,${base64}`)
    : undefined

/**
 * The same at an address; `undefined` also for one whose end is missing, which no server takes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const imageAt = (url: string): Item | undefined =>
  Picture.problemOfUrl(url) === undefined ? { type: "input_image", image_url: url } : undefined

const types: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"])

/**
 * The content of an output; one text goes as it is.
 *
 * @since 0.1.0
 * @category constructors
 */
export const outputOfParts = (parts: ReadonlyArray<Item>): Output => {
  const [first, ...more] = parts
  return more.length === 0 && first?.type === "input_text" ? String(first["text"]) : parts.length === 0 ? "" : parts
}

/** @since 0.1.0 @category decoding */
export type Fields = { readonly [field: string]: unknown }

/**
 * An object of a file; any other value has no fields.
 *
 * @since 0.1.0
 * @category decoding
 */
export const record = (u: unknown): Fields => Predicate.isRecord(u) ? u : nothing

const nothing: Fields = {}

/**
 * The objects of a list; any other value is an empty one.
 *
 * @since 0.1.0
 * @category decoding
 */
export const records = (u: unknown): ReadonlyArray<Fields> => Array.isArray(u) ? u.filter(Predicate.isRecord) : []

/**
 * A text that is not empty.
 *
 * @since 0.1.0
 * @category decoding
 */
export const filled = (u: unknown): string | undefined => Predicate.isString(u) && u.trim() !== "" ? u : undefined

/** @since 0.1.0 @category decoding */
export const count = (u: unknown): number => typeof u === "number" && Number.isFinite(u) && u > 0 ? u : 0
