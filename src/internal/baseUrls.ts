import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Either from "effect/Either"

/** A wrong address would look like a network that is down. */
const baseUrl = (name: string, otherwise: string): Config.Config<string> =>
  Config.nonEmptyString(name).pipe(
    Config.mapOrFail((text) => {
      const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined
      return url !== undefined && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === ""
        ? Either.right(text.trim())
        : Either.left(ConfigError.InvalidData([name], `expected an address like ${otherwise}, not "${text}"`))
    }),
    Config.withDefault(otherwise)
  )

/** Where the ChatGPT host is for the paths of Codex. */
export const chatgptBaseUrl = baseUrl("EFFIXIR_CHATGPT_BASE_URL", "https://chatgpt.com/backend-api/codex")

/** Where a server is that takes API keys. */
export const apiBaseUrl = baseUrl("OPENAI_BASE_URL", "https://api.openai.com/v1")
