/**
 * Continues a conversation over one connection: the server remembers the last response of that connection, so the next
 * request need not repeat it.
 *
 * @internal
 */
import { same } from "../../internal/json.ts"
import { isReasoning, type Item } from "../Item.ts"
import * as Response from "../Response.ts"

/**
 * The body of a request: its input, and everything else.
 *
 * @since 0.1.0
 * @category models
 */
export interface Payload {
  readonly input: ReadonlyArray<Item>
  readonly fields: { readonly [name: string]: unknown }
}

/**
 * What the server remembers: the last request, and its response to that.
 *
 * @since 0.1.0
 * @category models
 */
export interface Continuation {
  readonly responseId: string
  readonly fields: Payload["fields"]
  readonly items: ReadonlyArray<Item>
}

/**
 * What the server remembers of a response that has run to its end; `undefined` if that cannot be referred to.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (body: Payload, response: Response.Response): Continuation | undefined =>
  response.id === undefined || response.finishReason !== "stop"
    ? undefined
    : { responseId: response.id, fields: body.fields, items: [...body.input, ...Response.items(response)] }

/**
 * The items that the server does not know yet. `undefined` if the request does not go on from there: something else than
 * the input has changed, the conversation has taken another way, or nothing is new.
 *
 * @since 0.1.0
 * @category accessors
 */
export const newItems = (self: Continuation, body: Payload): ReadonlyArray<Item> | undefined => {
  const known = self.items.length
  return body.input.length > known && same(self.fields, body.fields) &&
      self.items.every((item, index) => same(comparable(item), comparable(body.input[index])))
    ? body.input.slice(known)
    : undefined
}

/** Items are sent back without what only their response needs: their id, and of reasoning the plain thoughts. */
const comparable = (item: Item | undefined): unknown => {
  if (item === undefined) return undefined
  const { content, id: _, ...rest } = item
  return isReasoning(item) ? rest : { ...rest, content }
}
