/**
 * What requests to a server carry besides, by its base URL, as `config.json` says it.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A text, or the variable of the environment that has it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Value = Schema.Union(Schema.String, Schema.Struct({ env: Schema.NonEmptyString }))

/** @since 0.1.0 @category models */
export type Value = typeof Value.Type

const isAddress = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)

/**
 * Headers and parameters of the query by base URL. A query of the base URL itself makes no difference here.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Servers = Schema.Record({
  key: Schema.String.pipe(Schema.filter(isAddress)),
  value: Schema.Struct({
    headers: Schema.optional(
      Schema.Record({ key: Schema.String.pipe(Schema.pattern(/^[\w!#$%&'*+.^`|~-]+$/)), value: Value })
    ),
    query: Schema.optional(Schema.Record({ key: Schema.NonEmptyString, value: Value }))
  })
})

/** @since 0.1.0 @category models */
export type Servers = typeof Servers.Type
