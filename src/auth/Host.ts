/**
 * What depends on the kind of credential: where its requests go, what they carry, and what they may ask for. A new kind
 * of credential is a new case here, beside the way to sign in with it.
 *
 * @example
 * ```ts
 * import * as Redacted from "effect/Redacted"
 * import { Credential, Host } from "effixir"
 *
 * const host = Host.of(Credential.apiKey(Redacted.make("sk-proj-1234567890abcdef")))
 *
 * Host.isPlan("api_key") // false
 * Host.isOpenAi("https://api.openai.com/v1") // true
 * Host.serverAt("http://user:word@localhost:8080/v1") // for people: without what is secret
 * Host.splitUrl("https://example.com/v1?api-version=2").query.get("api-version") // "2"
 * Host.isSecretName("x-api-key") // true
 * ```
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import { InvalidData } from "effect/ConfigError"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { defined } from "../internal/json.ts"
import { ConfigError } from "./ConfigError.ts"
import { claims, type Credential } from "./Credential.ts"

/**
 * The Codex version that we send to the ChatGPT host. The host hides models from versions that are too old for them
 * (`gpt-6.1-sol` from those before 0.160.0), and knows no versions of other programs. This was the current one when
 * `Models.fallback` was made.
 *
 * @since 0.1.0
 * @category constants
 */
export const clientVersion = "0.171.0"

/**
 * The page where a person sees how much of a plan the official sign-in has used, and limits it. This program cannot ask
 * for it.
 *
 * @since 0.1.0
 * @category constants
 */
export const manageUsage = "https://chatgpt.com/settings/usage"

/**
 * The base URLs of the hosts: `chatgpt` for a subscription, `api` for the official sign-in and for a key.
 *
 * @since 0.1.0
 * @category models
 */
export interface Addresses {
  readonly chatgptBaseUrl: string
  readonly apiBaseUrl: string
}

/**
 * Which organization and project of an API account pays.
 *
 * @since 0.1.0
 * @category models
 */
export interface Billing {
  readonly organization: Option.Option<string>
  readonly project: Option.Option<string>
}

/**
 * How a model call has to be written for a host.
 *
 * - `hasInstructions` whether the system prompt has a field of its own; otherwise it is the first message of the input,
 *   and so a part of the prefix that the server caches
 * - `hasAdditionalTools` whether models that can take their tools as an item of the input do
 * - `hasEffortUpdates` whether an item of the conversation may change how hard the model thinks
 * - `hasThinkTags` whether its models may write thoughts in front of an answer, between tags
 * - `hasCompaction` whether it compacts a conversation that ends with an item of the type `compaction_trigger`
 * - `refusedFields` fields that it refuses whatever stands in them
 * - `isTranslated` whether the server makes chat messages of the input. Then thoughts go back to it as the text they are,
 *   calls stand together before their outputs, outputs are text, and arguments are JSON
 * - `server` the address of a server that is not OpenAI's: what it has made for itself alone goes back to no other
 *
 * @since 0.1.0
 * @category models
 */
export interface Wire {
  readonly hasInstructions: boolean
  readonly hasAdditionalTools: boolean
  readonly hasEffortUpdates: boolean
  readonly hasThinkTags: boolean
  readonly hasCompaction: boolean
  readonly refusedFields: ReadonlySet<string>
  readonly isTranslated: boolean
  readonly server?: string | undefined
}

/**
 * What a credential is good for.
 *
 * - `account` the account it belongs to, in one word: `api-key`, or `chatgpt:` and the account, or `chatgpt-plan:` and
 *   what the official sign-in knows an account by. Content that the server encrypts for one account is useless to
 *   another
 * - `token` the text after `Bearer`
 * - `secrets` the parts of it that must never be shown
 * - `headers` what a request carries beside its token
 * - `isOpenAi` whether its models are those of OpenAI
 * - `modelsQuery` the query for the list of models
 * - `hasCatalogue` whether that list is of this account, and tells what its models can be sent
 * - `wire` how its model calls are written
 * - `usagePath` the path, below the base URL, for how much of a plan is used
 * - `speaksChat` whether the host knows Chat Completions
 * - `refuse` why its token must not go to the address that is set, if it must not
 * - `summarizesReasoning` whether everyone may ask for summaries of reasoning; an API account has to be allowed to
 *
 * @since 0.1.0
 * @category models
 */
export interface Host {
  readonly account: string
  readonly token: Redacted.Redacted
  readonly secrets: ReadonlyArray<Redacted.Redacted>
  readonly baseUrl: (addresses: Addresses) => string
  readonly headers: (billing: Billing) => { readonly [name: string]: string }
  readonly isOpenAi: (addresses: Addresses) => boolean
  readonly modelsQuery: { readonly [name: string]: string }
  readonly hasCatalogue: boolean
  readonly wire: (addresses: Addresses) => Wire
  readonly usagePath: (baseUrl: string) => Option.Option<string>
  readonly speaksChat: boolean
  readonly refuse: (addresses: Addresses) => Option.Option<ConfigError>
  readonly summarizesReasoning: boolean
}

/**
 * Whether a ChatGPT plan pays for the calls of this account.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isPlan = (account: string): boolean => /^chatgpt(?:-plan)?:/.test(account)

/** @since 0.1.0 @category constructors */
export const of = (credential: Credential): Host => {
  switch (credential.kind) {
    case "subscription": {
      const { accountId, isFedramp } = claims(credential)
      return {
        account: `chatgpt:${accountId ?? "unknown"}`,
        token: credential.access_token,
        secrets: [
          credential.access_token,
          credential.refresh_token,
          ...credential.id_token == null ? [] : [credential.id_token]
        ],
        baseUrl: ({ chatgptBaseUrl }) => chatgptBaseUrl,
        headers: () => defined({ "chatgpt-account-id": accountId, "x-openai-fedramp": isFedramp ? "true" : undefined }),
        isOpenAi: () => true,
        modelsQuery: { client_version: clientVersion },
        hasCatalogue: true,
        wire: () => ofOpenAi,
        // The usage path lies beside the folder of the Codex paths.
        usagePath: (baseUrl) => Option.some(/\/codex\/*$/.test(baseUrl) ? "/../wham/usage" : "/wham/usage"),
        speaksChat: false,
        // The address that is set is for this kind alone, so that whoever sets it means this token.
        refuse: Option.none,
        summarizesReasoning: true
      }
    }
    case "chatgpt":
      return {
        account: `chatgpt-plan:${credential.client_id}:${credential.subject}`,
        token: credential.access_token,
        secrets: [
          credential.access_token,
          credential.refresh_token,
          credential.id_token,
          ...credential.unverified === undefined ? [] : [credential.unverified.id_token]
        ],
        baseUrl: ({ apiBaseUrl }) => apiBaseUrl,
        // The token alone decides who pays; an organization or a project would be another way to pay.
        headers: () => ({}),
        isOpenAi: () => true,
        modelsQuery: { client_version: clientVersion },
        hasCatalogue: true,
        wire: () => ofPlan,
        usagePath: Option.none,
        speaksChat: false,
        // The address may have been set for an API key, and another server could use up the plan with this token.
        refuse: ({ apiBaseUrl }) =>
          isOpenAi(apiBaseUrl) && new URL(apiBaseUrl).protocol === "https:" || isThisMachine(apiBaseUrl)
            ? Option.none()
            : Option.some(
              new ConfigError({
                key: "OPENAI_BASE_URL",
                source: "the environment",
                expected:
                  `the ChatGPT sign-in sends its token to https://api.openai.com and to this machine, and not to ` +
                  `"${apiBaseUrl}"; unset it, or use an API key there with \`--auth api-key\``
              })
            ),
        summarizesReasoning: true
      }
    case "api_key":
      return {
        account: "api-key",
        token: credential.api_key,
        secrets: [credential.api_key],
        baseUrl: ({ apiBaseUrl }) => apiBaseUrl,
        headers: ({ organization, project }) =>
          defined({
            "openai-organization": Option.getOrUndefined(organization),
            "openai-project": Option.getOrUndefined(project)
          }),
        isOpenAi: ({ apiBaseUrl }) => isOpenAi(apiBaseUrl),
        modelsQuery: {},
        hasCatalogue: false,
        wire: ({ apiBaseUrl }) => isOpenAi(apiBaseUrl) ? ofOpenAi : { ...ofOthers, server: serverAt(apiBaseUrl) },
        usagePath: Option.none,
        speaksChat: true,
        refuse: Option.none,
        summarizesReasoning: false
      }
  }
}

const ofOpenAi: Wire = {
  hasInstructions: false,
  hasAdditionalTools: false,
  hasEffortUpdates: true,
  hasThinkTags: false,
  hasCompaction: true,
  refusedFields: new Set(),
  isTranslated: false
}

/** With a plan, the API accepts less than from an account that pays for every call. */
const ofPlan: Wire = {
  hasInstructions: false,
  hasAdditionalTools: true,
  hasEffortUpdates: false,
  hasThinkTags: false,
  hasCompaction: false,
  refusedFields: new Set([
    "background",
    "conversation",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "moderation",
    "multi_agent",
    "prompt",
    "prompt_cache_breakpoint",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "temperature",
    "top_logprobs",
    "top_p",
    "truncation",
    "user"
  ]),
  isTranslated: false
}

/**
 * Other servers that speak this API know the body in its first form.
 *
 * @since 0.1.0
 * @category models
 */
export const ofOthers: Wire = {
  ...ofOpenAi,
  hasInstructions: true,
  hasEffortUpdates: false,
  hasThinkTags: true,
  hasCompaction: false,
  isTranslated: true
}

/**
 * A base URL without what may be secret in it.
 *
 * @since 0.1.0
 * @category accessors
 */
export const serverAt = (url: string): string => {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`.replace(/\/+$/, "")
}

/**
 * Whether an address is OpenAI's; regional hosts are, such as `eu.api.openai.com`.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isOpenAi = (url: string): boolean =>
  URL.canParse(url) && /(?:^|\.)api\.openai\.com$/.test(new URL(url).hostname)

const isThisMachine = (url: string): boolean =>
  URL.canParse(url) && /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname)

/**
 * A base URL without slashes at its end, and its query apart: every request has it behind its own path.
 *
 * @since 0.1.0
 * @category accessors
 */
export const splitUrl = (baseUrl: string): { readonly url: string; readonly query: URLSearchParams } => {
  const at = baseUrl.indexOf("?")
  const [url, query] = at === -1 ? [baseUrl, ""] : [baseUrl.slice(0, at), baseUrl.slice(at)]
  return { url: url.replace(/\/+$/, ""), query: new URLSearchParams(query) }
}

/**
 * What requests to a server carry beside what all do, as a person has set it. `secrets` are the values that must never
 * be shown.
 *
 * @since 0.1.0
 * @category models
 */
export interface Extras {
  readonly headers: { readonly [name: string]: Redacted.Redacted }
  readonly query: { readonly [name: string]: Redacted.Redacted }
  readonly secrets: ReadonlyArray<Redacted.Redacted>
}

/**
 * Whether the value of a header or of a parameter with this name is a secret wherever it stands.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isSecretName = (name: string): boolean =>
  /key|token|secret|auth|pass|cred|cookie|session|sig(?:nature)?$/i.test(name)

/** Refuses an invalid address, which would otherwise look like a network failure. */
const baseUrl = (name: string, otherwise: string): Config.Config<string> =>
  Config.nonEmptyString(name).pipe(
    Config.mapOrFail((text) => {
      const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined
      return url !== undefined && /^https?:$/.test(url.protocol) && url.hash === ""
        ? Either.right(text.trim())
        : Either.left(InvalidData([name], `expected an address like ${otherwise}, not "${splitUrl(text).url}"`))
    }),
    Config.withDefault(otherwise)
  )

/**
 * The address of the API for all that have no other.
 *
 * @since 0.1.0
 * @category constants
 */
export const openAi = "https://api.openai.com/v1"

/**
 * The addresses that the environment names, or those of OpenAI.
 *
 * @since 0.1.0
 * @category config
 */
export const addresses = {
  chatgptBaseUrl: baseUrl("EFFIXIR_CHATGPT_BASE_URL", "https://chatgpt.com/backend-api/codex"),
  apiBaseUrl: baseUrl("OPENAI_BASE_URL", openAi)
} satisfies Config.Config.Wrap<Addresses>

/**
 * The organization and the project that the environment names.
 *
 * @since 0.1.0
 * @category config
 */
export const billing = {
  organization: Config.option(Config.nonEmptyString("OPENAI_ORGANIZATION")),
  project: Config.option(Config.nonEmptyString("OPENAI_PROJECT"))
} satisfies Config.Config.Wrap<Billing>
