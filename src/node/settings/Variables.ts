/**
 * The environment variables that effixir reads, for the manual. `value` is what holds without the variable.
 *
 * @internal
 */
export interface Variable {
  readonly name: string
  readonly value?: string
  readonly text: string
}

/** @since 0.1.0 @category constants */
export const variables: ReadonlyArray<Variable> = [
  {
    name: "EFFIXIR_HOME",
    value: "~/.effixir",
    text:
      "the folder of `auth.json`, `registrations.json`, `host.json`, `config.json`, `AGENTS.md`, `sessions/`, `skills/`, `cache/`"
  },
  {
    name: "EFFIXIR_MODEL",
    value: "gpt-6.2-sol",
    text: "the model to ask, or the first one that the account has instead; also `-m`, or `\"model\"`"
  },
  {
    name: "EFFIXIR_PERMISSION",
    value: "auto",
    text: "what may run without a question; also `--permission`, or `\"permission\"`"
  },
  {
    name: "EFFIXIR_SANDBOX",
    value: "workspace-write",
    text: "what commands are kept in, where this system can do so; also `--sandbox`, or `\"sandbox\"`"
  },
  { name: "EFFIXIR_PROFILE", text: "which sign-in to use; also `--profile`" },
  { name: "EFFIXIR_AUTH", value: "any", text: "use only this kind of credential; also `--auth`" },
  { name: "OPENAI_API_KEY", text: "the key that is used when no ChatGPT sign-in is stored" },
  { name: "OPENAI_ORGANIZATION", text: "the organization of an API account that pays" },
  { name: "OPENAI_PROJECT", text: "the project of an API account that pays" },
  {
    name: "OPENAI_BASE_URL",
    value: "https://api.openai.com/v1",
    text: "any server that speaks Responses, or Chat Completions"
  },
  { name: "EFFIXIR_DIALECT", value: "responses", text: "`responses` or `chat-completions`; also `\"dialect\"`" },
  {
    name: "EFFIXIR_DATABASE_URL",
    text: "the Postgres of a cluster, for `runner` and `serve`; also `--database`"
  },
  {
    name: "EFFIXIR_CREDENTIAL_KEY",
    text: "32 bytes in Base64 that seal the sign-in in the database of a cluster; runners that have it use that sign-in"
  },
  { name: "EFFIXIR_TRANSPORT", value: "sse", text: "`sse`, `websocket` or `auto`; also `\"transport\"`" },
  {
    name: "EFFIXIR_CHATGPT_BASE_URL",
    value: "https://chatgpt.com/backend-api/codex",
    text: "the host of ChatGPT plans"
  },
  { name: "EFFIXIR_ISSUER", value: "https://auth.openai.com", text: "where one signs in" },
  { name: "EFFIXIR_ORIGINATOR", value: "effixir", text: "how this client calls itself" },
  { name: "CODEX_HOME", value: "~/.codex", text: "where `login --from-codex` and `sessions import codex` look" },
  { name: "CLAUDE_CONFIG_DIR", value: "~/.claude", text: "where `sessions import claude` looks" },
  { name: "PI_CODING_AGENT_DIR", value: "~/.pi/agent", text: "where `sessions import pi` looks" },
  { name: "XDG_DATA_HOME", value: "~/.local/share", text: "where `sessions import opencode` looks, in `opencode/`" },
  {
    name: "HTTPS_PROXY",
    text: "the HTTP proxy for `https:`, also in lower case; for signing in and for the API alike"
  },
  { name: "HTTP_PROXY", text: "the proxy for `http:`, also in lower case" },
  { name: "ALL_PROXY", text: "the proxy for what none of these two names, also in lower case" },
  {
    name: "NO_PROXY",
    text:
      "hosts that are reached without one, also in lower case: names, domains, addresses, ranges (`10.0.0.0/8`), `*`"
  },
  { name: "SSL_CERT_FILE", text: "a file of certificates to trust beside those of Node" },
  { name: "NODE_EXTRA_CA_CERTS", text: "the same, as Node has it" },
  {
    name: "OTEL_EXPORTER_OTLP_ENDPOINT",
    text:
      "the collector that gets [traces](observability.md); without it, or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, nobody does"
  },
  { name: "NO_COLOR", text: "no colours, whatever the terminal can" },
  { name: "VISUAL", text: "the editor that Ctrl-G opens in a conversation; before `EDITOR`" },
  { name: "EDITOR", value: "vi", text: "the same" },
  { name: "SHELL", value: "/bin/sh", text: "what runs `!command` in a conversation" },
  { name: "PAGER", value: "less", text: "what `sessions show` shows long texts with on a terminal; `cat` for nothing" },
  { name: "NODE_DISABLE_COMPILE_CACHE", text: "keep no compiled code in `cache/`" }
]
