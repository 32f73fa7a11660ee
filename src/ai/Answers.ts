/**
 * What a model has answered, kept beside the prompts of `@effect/ai`. Those hold the words and the decoded arguments of
 * calls, and drop the rest: encrypted reasoning, the very text of arguments, items of other kinds.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { parse, same } from "../internal/json.ts"
import { type FunctionCall, isFunctionCall, type Item } from "../responses/Item.ts"
import { isEncrypted } from "../responses/Request.ts"

/** What a prompt has of an answer, and so what it is known by: its text, and the ids of its calls. */
export interface Shown {
  readonly text: string
  readonly calls: ReadonlyArray<string>
}

/** A call as a prompt has it. */
export interface Called {
  readonly id: string
  readonly name: string
  readonly params: unknown
}

/** Who can read the encrypted items of an answer: the same model, with the same account. */
export interface Recipient {
  readonly model: string
  readonly account: string | undefined
}

export interface Answers {
  /** `prefix` is the digest of all that came before the answer. */
  readonly keep: (prefix: string, shown: Shown, items: ReadonlyArray<Item>, by: Recipient) => Effect.Effect<void>
  /** The items of an answer at its place in a conversation. */
  readonly find: (prefix: string, shown: Shown, to: Recipient) => Effect.Effect<Option.Option<ReadonlyArray<Item>>>
  /** A call as the model has made it, wherever in a conversation it is now. Not every server gives each an id of its own. */
  readonly call: (called: Called) => Effect.Effect<Option.Option<Item>>
}

/** How many answers are kept; the oldest go first, and their words and calls go back as the prompt has them. */
const most = 2000

export const make: Effect.Effect<Answers> = Effect.gen(function*() {
  const answers = yield* Ref.make<ReadonlyMap<string, Answer>>(new Map())
  const calls = yield* Ref.make<ReadonlyMap<string, FunctionCall>>(new Map())
  const keyOf = (prefix: string, { calls, text }: Shown) => JSON.stringify([prefix, text, calls])
  return {
    keep: (prefix, shown, items, by) =>
      Ref.update(answers, (all) => {
        const key = keyOf(prefix, shown)
        const known = all.get(key)
        if (known === undefined) return added(all, [[key, { items, by }]])
        // Two conversations that are alike so far: what one of them has sent stays as it was sent. Calls that ask for
        // something else under the same ids go back as the prompts have them.
        return same(callsIn(known.items), callsIn(items)) ? all : added(all, [[key, { ...known, items: undefined }]])
      }).pipe(
        Effect.zipRight(
          Ref.update(calls, (all) => added(all, items.filter(isFunctionCall).map((call) => [call.call_id, call])))
        )
      ),
    find: (prefix, shown, to) =>
      Effect.map(Ref.get(answers), (all) => {
        const { by, items } = all.get(keyOf(prefix, shown)) ?? {}
        const isSame = by?.model === to.model && by.account === to.account
        return Option.fromNullable(isSame ? items : items?.filter((item) => !isEncrypted(item)))
      }),
    call: ({ id, name, params }) =>
      Effect.map(Ref.get(calls), (all) =>
        Option.filter(
          Option.fromNullable(all.get(id)),
          (call) => call.name === name && same(parse(call.arguments), params)
        ))
  }
})

/** Without items, it cannot be told from another one. */
interface Answer {
  readonly items: ReadonlyArray<Item> | undefined
  readonly by: Recipient
}

const callsIn = (items: ReadonlyArray<Item> | undefined) =>
  items?.filter(isFunctionCall).map(({ arguments: args, name }) => [name, parse(args)])

const added = <A>(
  all: ReadonlyMap<string, A>,
  entries: ReadonlyArray<readonly [string, A]>
): ReadonlyMap<string, A> => new Map([...all, ...entries].slice(-most))
