import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Either from "effect/Either"

/**
 * Reads the address of a server from the environment, without a query. Refuses an invalid one, which would otherwise look
 * like a network failure.
 */
export const address = (name: string, otherwise: string): Config.Config<string> =>
  Config.nonEmptyString(name).pipe(
    Config.mapOrFail((text) => {
      const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined
      return url !== undefined && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === ""
        ? Either.right(text.trim())
        : Either.left(ConfigError.InvalidData([name], `expected an address like ${otherwise}, not "${text}"`))
    }),
    Config.withDefault(otherwise)
  )
