import * as Option from "effect/Option"
import type { Account } from "./auth.ts"
import type { Received } from "./http.ts"

/** An issued client id, and the person it was issued to. */
export interface Client {
  readonly id: string
  readonly subject: string
  readonly account: Account
}

export const newClient = "dynamic_agent_client"
export const resource = "https://api.openai.com/v1"
export const scopes = [
  "openid",
  "profile",
  "email",
  "offline_access",
  "resource.invoke",
  "chatgpt.tokens.use.direct"
]

const hostId =
  /^(?:urn:uuid:[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}|urn:ietf:params:oauth:jwk-thumbprint:.+|did:key:.+)$/i

/** `force_reconsent` is only for tools that OpenAI has confirmed it for. */
const parameters: ReadonlySet<string> = new Set([
  "client_id",
  "agent_name_hint",
  "ext_agent_host_id",
  "response_type",
  "redirect_uri",
  "resource",
  "scope",
  "state",
  "nonce",
  "code_challenge",
  "code_challenge_method",
  "id_token_hint",
  "login_hint",
  "prompt"
])

/** What is wrong with an authorize request. In this case the server shows a page, and does not redirect the browser. */
export const checkAuthorize = (
  query: Received["query"],
  rawQuery: string,
  client: Option.Option<Client>,
  /** The client of an issued id token. */
  clientOf: (idToken: string) => string | undefined
): string | undefined => {
  const said = (name: string) => query[name] ?? ""
  const isNew = said("client_id") === newClient
  const names = Array.from(new URLSearchParams(rawQuery).keys())
  const checks: ReadonlyArray<readonly [isRight: boolean, problem: string]> = [
    [new Set(names).size === names.length, "a parameter stands there twice"],
    [names.every((name) => parameters.has(name)), "a parameter is unknown"],
    [isNew || Option.isSome(client), "client_id is unknown"],
    [!isNew || said("agent_name_hint") !== "", "agent_name_hint is missing"],
    [isNew || !("agent_name_hint" in query), "agent_name_hint is for the first registration only"],
    [!isNew || !("id_token_hint" in query || "login_hint" in query || "prompt" in query), "a hint has no client yet"],
    [
      !("id_token_hint" in query) || clientOf(said("id_token_hint")) === said("client_id"),
      "id_token_hint is none of this client"
    ],
    [hostId.test(said("ext_agent_host_id")), "ext_agent_host_id is missing, or of no known form"],
    [said("response_type") === "code", "response_type is not code"],
    [
      /^http:\/\/127\.0\.0\.1:\d{1,5}\/auth\/callback$/.test(said("redirect_uri")),
      "redirect_uri is not http://127.0.0.1:PORT/auth/callback"
    ],
    [said("resource") === resource, `resource is not ${resource}`],
    [
      scopes.every((name) => said("scope").split(" ").includes(name)) &&
      said("scope").split(" ").length === scopes.length,
      "scope is not the whole set"
    ],
    [said("state").length >= 22, "state is missing or short"],
    [said("nonce").length >= 22, "nonce is missing or short"],
    [said("nonce") !== said("state"), "nonce and state are the same"],
    [said("code_challenge_method") === "S256", "code_challenge_method is not S256"],
    [/^[\w-]{43}$/.test(said("code_challenge")), "code_challenge is none of S256"],
    [!("prompt" in query) || said("prompt") === "consent", "prompt is unknown"]
  ]
  return checks.find(([isRight]) => !isRight)?.[1]
}
