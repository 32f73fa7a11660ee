/**
 * What is tried of which server, for the table in docs/servers.md: most of it stands in the tables that the tests run
 * over, the rest names its test here.
 */
import type { Reason } from "../../src/responses/ModelError.ts"
import { readings } from "./account/readings.ts"
import { refusals } from "./transport/refusals.ts"

export interface Test {
  /** Below `test/`. */
  readonly file: string
  /** As it stands in the file. */
  readonly title: string
}

export const columns = [
  "streams",
  "calls",
  "reasoning sent back",
  "overflow",
  "wrong key",
  "wrong model",
  "limits",
  "models list"
] as const

type Column = typeof columns[number]

const chat = (title: string): Test => ({ file: "responses/chat/ChatCompletions.test.ts", title })
const others = (title: string): Test => ({ file: "cli/otherServers.test.ts", title })
const llama = (title: string): Test => ({ file: "llama/llama.test.ts", title })
const refused: Test = { file: "responses/transport/refusals.test.ts", title: "is what it is of %s" }
const listed: Test = { file: "responses/account/Models.test.ts", title: "reads the list of %s" }

/** What is tried of single servers beyond the tables. */
const single: { readonly [server: string]: { readonly [column in Column]?: Test } } = {
  OpenAI: {
    streams: { file: "responses/Responses.test.ts", title: "gets from a server what a model says" },
    calls: { file: "cli/run.test.ts", title: "prints the answer alone on stdout" },
    "reasoning sent back": {
      file: "responses/Input.test.ts",
      title: "sends thoughts as text to servers that translate, and to OpenAI only what it has encrypted"
    },
    "models list": { file: "responses/account/Models.test.ts", title: "asks a server with an API key plainly" }
  },
  "ChatGPT plans": {
    calls: {
      file: "responses/hosts.test.ts",
      title: "that a plan pays for on the API has its tools and its prompt in the input"
    },
    "wrong key": { file: "responses/refused.test.ts", title: "is refreshed once, and then the sign-in is over" },
    "wrong model": {
      file: "cli/chatgptRun.test.ts",
      title: "that the account does not have is refused with the names of those that it has"
    },
    limits: {
      file: "responses/hosts.test.ts",
      title: "is told from a part of the request that it does not take, which is not sent again"
    },
    "models list": {
      file: "responses/account/Models.test.ts",
      title: "asks the ChatGPT host as a client that no model is hidden from"
    }
  },
  "llama.cpp": {
    streams: llama("streams an answer, and runs the call that it makes"),
    calls: llama("streams an answer, and runs the call that it makes"),
    "reasoning sent back": llama("gets its thoughts back, also when the session is resumed"),
    overflow: llama("says that a conversation is too long for it"),
    "wrong key": llama("refuses a wrong key"),
    "models list": llama("lists its model with the size of its context")
  },
  DeepSeek: {
    calls: others("goes on at one that wants its thoughts back and calls together, also when it is resumed"),
    "reasoning sent back": others(
      "goes on at one that wants its thoughts back and calls together, also when it is resumed"
    )
  },
  Gemini: {
    calls: others("brings the signature of a call back to its model, and to no other"),
    "reasoning sent back": others("brings the signature of a call back to its model, and to no other")
  },
  Mistral: { streams: chat("holds thoughts under either name, and in Mistral's parts") }
}

const kinds: ReadonlyArray<readonly [Column, ReadonlyArray<Reason["_tag"]>]> = [
  ["overflow", ["ContextOverflow"]],
  ["wrong key", ["Unauthorized"]],
  ["wrong model", ["ModelUnavailable"]],
  ["limits", ["RateLimited", "QuotaExceeded", "UsageLimitReached"]]
]

/** Servers by name; what the tables say of them beyond that ("Gemini, of a day") is left out. */
const servers = [
  "OpenAI",
  "ChatGPT plans",
  "llama.cpp",
  "Ollama",
  "vLLM",
  "LM Studio",
  "LiteLLM",
  "OpenRouter",
  "DeepSeek",
  "Gemini",
  "Mistral",
  "Groq",
  "xAI",
  "Azure",
  "Together",
  "Anthropic",
  "Moonshot",
  "Zhipu",
  "Qwen",
  "Copilot"
]

const isOf = (name: string, server: string): boolean =>
  name === server || /^[ ,]/.test(name.slice(server.length))
    && name.startsWith(server)

/** The tests of a server by column. */
export const rows: ReadonlyArray<readonly [server: string, tests: ReadonlyArray<ReadonlyArray<Test>>]> = servers.map(
  (server) => {
    const own = single[server] ?? {}
    return [
      server,
      columns.map((column) => {
        const [, reasons = []] = kinds.find(([kind]) => kind === column) ?? []
        const isInTable = refusals.some((row) => isOf(row.server, server) && reasons.includes(row.kind))
        const isListed = column === "models list" && readings.some(([name]) => isOf(name, server))
        const test = own[column]
        return [...(test === undefined ? [] : [test]), ...(isInTable ? [refused] : []), ...(isListed ? [listed] : [])]
      })
    ] as const
  }
)
