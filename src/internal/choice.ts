import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Either from "effect/Either"
import * as Option from "effect/Option"

/** Reads one of some words from the environment; an empty text counts as not set. */
export const choice = <A extends string>(
  name: string,
  { literals }: { readonly literals: ReadonlyArray<A> }
): Config.Config<Option.Option<A>> =>
  Config.option(Config.nonEmptyString(name)).pipe(
    Config.mapOrFail(Option.match({
      onNone: () => Either.right(Option.none<A>()),
      onSome: (word) =>
        Option.match(Option.fromNullable(literals.find((literal) => literal === word)), {
          onNone: () => Either.left(ConfigError.InvalidData([name], `"${word}" is none of ${literals.join(", ")}`)),
          onSome: (literal) => Either.right(Option.some(literal))
        })
    }))
  )
