/** An agent where there is no Node, as in a browser: over `fetch`, with all that it keeps in memory. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { ChatGptOAuth } from "../src/auth/index.ts"
import { Agent, AgentEvent, AuthClient, Credentials, CredentialStore, OAuth, Permission } from "../src/index.ts"
import { Responses, SessionStore, Tool, ToolExecutor, Toolkit } from "../src/index.ts"

const language = Tool.make({
  name: "language",
  description: "The language of the person who looks at the page",
  parameters: Schema.Struct({}),
  handler: () => Effect.sync(() => Intl.DateTimeFormat().resolvedOptions().locale)
})

const layer = ({ apiKey, baseUrl }: { readonly apiKey: string; readonly baseUrl: string }) => {
  const issuer = "https://auth.openai.com"
  return Agent.layer({ model: "gpt-6.2-sol", instructions: "Answer in the language of the person." }).pipe(
    Layer.provide([ToolExecutor.layer(Toolkit.make(language)), Permission.layerAllowAll, SessionStore.layerMemory]),
    Layer.provide(Responses.layer),
    Layer.provide(AuthClient.layer({
      chatgptBaseUrl: "https://chatgpt.com/backend-api/codex",
      apiBaseUrl: baseUrl,
      originator: "effixir",
      organization: Option.none(),
      project: Option.none()
    })),
    Layer.provide(Credentials.layer({ apiKey: Option.some(Redacted.make(apiKey)), choice: "any" })),
    Layer.provide([OAuth.layer({ issuer, originator: "effixir" }), ChatGptOAuth.layer({ issuer })]),
    Layer.provide([CredentialStore.layerMemory(), FetchHttpClient.layer])
  )
}

/** What a page calls: `await ask({ apiKey, baseUrl }, "Hello?")`. */
export const ask = (server: Parameters<typeof layer>[0], question: string): Promise<string> =>
  Effect.gen(function*() {
    const agent = yield* Agent.Agent
    return yield* AgentEvent.answer(agent.run(yield* SessionStore.makeId, question))
  }).pipe(Effect.provide(layer(server)), Effect.runPromise)
