import * as Config from "effect/Config"

/** Where the ChatGPT host is for the paths of Codex. */
export const chatgptBaseUrl: Config.Config<string> = Config.withDefault(
  Config.nonEmptyString("EFFIXIR_CHATGPT_BASE_URL"),
  "https://chatgpt.com/backend-api/codex"
)

/** Where a server is that takes API keys. */
export const apiBaseUrl: Config.Config<string> = Config.withDefault(
  Config.nonEmptyString("OPENAI_BASE_URL"),
  "https://api.openai.com/v1"
)
