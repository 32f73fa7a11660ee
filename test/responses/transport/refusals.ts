/**
 * Refusals of real servers, in their own words as people have reported them; names and numbers are changed. A row that
 * names no report has words that are commonly known of its server, and were not looked up.
 */
import type { Reason } from "../../../src/responses/ModelError.ts"

export interface Refusal {
  readonly server: string
  readonly status: number
  /** An object or a list is sent as JSON, a text as it is. */
  readonly body: object | string
  readonly headers?: Readonly<Record<string, string>>
  readonly kind: Reason["_tag"]
  readonly isRetried: boolean
  readonly exitCode: number
  /** How long the server asks to wait, in milliseconds. */
  readonly wait?: number
  readonly source?: string
}

type Outcome = Pick<Refusal, "kind" | "isRetried" | "exitCode">

const outcome = (kind: Reason["_tag"], exitCode: number, isRetried = false): Outcome => ({ kind, isRetried, exitCode })

const unauthorized = outcome("Unauthorized", 4)
const noModel = outcome("ModelUnavailable", 1)
const overflow = outcome("ContextOverflow", 1)
const refused = outcome("InvalidRequest", 1)
const noQuota = outcome("QuotaExceeded", 1)
const filtered = outcome("ContentFiltered", 1)
const limited = outcome("RateLimited", 7, true)
const overloaded = outcome("Overloaded", 1, true)

const row = (
  server: string,
  status: number,
  body: object | string,
  outcome: Outcome,
  more: Partial<Pick<Refusal, "headers" | "wait" | "source" | "isRetried">> = {}
): Refusal => ({ server, status, body, ...outcome, ...more })

const error = (message: string, fields: object = {}) => ({ error: { message, ...fields } })
/** As Google writes it: a list of one. */
const google = (code: number, status: string, message: string, details?: ReadonlyArray<object>) => [
  { error: { code, message, status, ...(details === undefined ? {} : { details }) } }
]
/** As xAI writes it: the code is a sentence, and the error a text. */
const xai = (code: string, error: string) => ({ code, error })
const llama = (code: number, message: string, type: string, fields: object = {}) => ({
  error: { code, message, type, ...fields }
})
/** As vLLM has written it for long. */
const vllm = (code: number, message: string, type: string) => ({ object: "error", message, type, param: null, code })
const invalid = { type: "invalid_request_error", param: null, code: null }

const credentials: ReadonlyArray<Refusal> = [
  row(
    "xAI",
    400,
    xai(
      "Client specified an invalid argument",
      "Incorrect API key provided: na***ys. You can obtain an API key from https://console.x.ai."
    ),
    unauthorized,
    { source: "continuedev/continue#10778" }
  ),
  row(
    "xAI through a proxy",
    400,
    "\"Incorrect API key provided: na***ys. You can obtain an API key from https://console.x.ai.\"",
    unauthorized,
    { source: "continuedev/continue#10161" }
  ),
  row(
    "Gemini",
    400,
    google(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", [
      { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "API_KEY_INVALID" }
    ]),
    unauthorized,
    { source: "cequence-io/openai-scala-client#109" }
  ),
  row("Gemini", 400, google(400, "INVALID_ARGUMENT", "API Key not found. Please pass a valid API key."), unauthorized, {
    source: "google-gemini/gemini-cli#25198"
  }),
  row(
    "Gemini behind its own SDK",
    400,
    error(
      JSON.stringify({ error: { code: 400, message: "API key not valid. Please pass a valid API key." } }, null, 2),
      { code: 400, status: "Bad Request" }
    ),
    unauthorized,
    { source: "can1357/oh-my-pi#449" }
  ),
  row("Groq", 401, error("Invalid API Key", { type: "invalid_request_error", code: "invalid_api_key" }), unauthorized, {
    source: "spring-projects/spring-ai#997"
  }),
  row("DeepSeek", 401, "Authentication Fails (governor)", unauthorized),
  row("llama.cpp", 401, llama(401, "Invalid API Key", "authentication_error"), unauthorized)
]

const models: ReadonlyArray<Refusal> = [
  row(
    "OpenAI",
    404,
    error("The model `gpt-9` does not exist or you do not have access to it.", {
      type: "invalid_request_error",
      param: null,
      code: "model_not_found"
    }),
    noModel
  ),
  row(
    "Mistral",
    400,
    {
      object: "error",
      message: "Invalid model: mistral-huge",
      type: "invalid_model",
      param: null,
      code: "1500"
    },
    noModel,
    { source: "tmc/langchaingo#1233" }
  ),
  row(
    "DeepSeek",
    400,
    error("Model Not Exist", { type: "invalid_request_error", param: null, code: "invalid_request_error" }),
    noModel,
    { source: "ConardLi/easy-dataset#9" }
  ),
  row(
    "DeepSeek",
    400,
    error("The supported API model names are deepseek-v4-pro or deepseek-v4-flash, but you passed deepseek-v4.", {
      type: "invalid_request_error"
    }),
    noModel
  ),
  row("OpenRouter", 400, error("foo/bar is not a valid model ID", { code: 400 }), noModel),
  row(
    "OpenRouter",
    404,
    { ...error("No endpoints found for google/gemma-2-9b-it:free.", { code: 404 }), user_id: "user_1" },
    noModel,
    { source: "Alishahryar1/free-claude-code#166" }
  ),
  row(
    "OpenRouter",
    404,
    error("No endpoints found that support tool use. To learn more, visit: https://openrouter.ai/docs", { code: 404 }),
    noModel,
    { source: "lastmile-ai/mcp-agent#237" }
  ),
  row(
    "Azure",
    404,
    {
      error: {
        code: "DeploymentNotFound",
        message:
          "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again."
      }
    },
    noModel,
    { source: "chatboxai/chatbox#646" }
  ),
  row(
    "GitHub Models",
    404,
    {
      error: { code: "unknown_model", message: "Unknown model: /Phi-9", details: "Unknown model: /Phi-9" }
    },
    noModel,
    { source: "microsoft/Generative-AI-for-beginners-dotnet#302" }
  ),
  row(
    "Groq",
    404,
    error("The model `llama3.1-405b` does not exist or you do not have access to it.", {
      type: "invalid_request_error",
      code: "model_not_found"
    }),
    noModel,
    { source: "continuedev/continue#10832" }
  ),
  row(
    "Groq",
    400,
    error(
      "The model `gemma-7b-it` has been decommissioned and is no longer supported. Please refer to https://console.groq.com/docs/deprecations",
      { type: "invalid_request_error", code: "model_decommissioned" }
    ),
    noModel,
    { source: "angerman/llm-groq#17" }
  ),
  row(
    "Together",
    400,
    {
      id: "okk",
      error: {
        message:
          "Unable to access non-serverless model meta-llama/Llama-3.1-405B. Please visit https://api.together.ai",
        type: "invalid_request_error",
        param: null,
        code: "model_not_available"
      }
    },
    noModel,
    { source: "HeyPuter/puter#3168" }
  ),
  row(
    "Together",
    404,
    error("Unable to access model evo-1-131k. Please visit https://api.together.xyz to see the list", {
      ...invalid,
      code: "model_not_found"
    }),
    noModel,
    { source: "evo-design/evo#14" }
  ),
  row(
    "Gemini",
    404,
    google(
      404,
      "NOT_FOUND",
      "models/gemini-pro is not found for API version v1main, or is not supported for generateContent. Call ListModels to see the list of available models."
    ),
    noModel,
    { source: "karthink/gptel#667" }
  ),
  row("Ollama", 404, error("model 'qwen9' not found", { type: "not_found_error", param: null, code: null }), noModel, {
    source: "yazinsai/OpenOats#716"
  }),
  row("Ollama", 404, { error: "model \"qwen9\" not found, try pulling it first" }, noModel),
  row(
    "LM Studio",
    400,
    error("Invalid model identifier \"o4-mini\". Please specify a valid downloaded model (e.g., qwen3-vl-8b).", {
      type: "invalid_request_error",
      param: "model",
      code: "model_not_found"
    }),
    noModel,
    { source: "assafelovic/gpt-researcher#1556" }
  ),
  row(
    "LM Studio",
    400,
    {
      error: "No models loaded. Please load a model in the developer page or use the 'lms load' command."
    },
    noModel,
    { source: "assafelovic/gpt-researcher#1556" }
  ),
  row(
    "LM Studio",
    404,
    error("Model \"local model\" not found. Please specify a valid model.\n\nYour models:\n\nqwen3", {
      type: "invalid_request_error",
      param: "model"
    }),
    noModel,
    { source: "letta-ai/letta#1876" }
  ),
  row("LM Studio", 400, { error: "Failed to load model \"gpt-oss-20b\". Error: Error loading model." }, noModel, {
    source: "continuedev/continue#10150"
  }),
  row("vLLM", 404, vllm(404, "The model `Qwen1.5-14B-Chat` does not exist.", "NotFoundError"), noModel, {
    source: "vllm-project/vllm#3485"
  }),
  row(
    "vLLM",
    404,
    error("The model `Qwen3` does not exist.", { type: "NotFoundError", param: "model", code: 404 }),
    noModel
  ),
  row("llama.cpp", 400, llama(400, "model not found", "invalid_request_error"), noModel, {
    source: "ggml-org/llama.cpp#17968"
  }),
  row(
    "xAI",
    404,
    xai(
      "Some requested entity was not found",
      "The model grok-9 does not exist or your team 1-2 does not have access to it. Please ensure you're using the correct API key."
    ),
    noModel,
    { source: "yihong0618/bilingual_book_maker#464" }
  ),
  row("Zhipu", 400, error("Unknown Model, please check the model code.", { code: "1211" }), noModel),
  row(
    "Perplexity",
    400,
    error("Invalid model 'llama-3.1-sonar'. Permitted models can be found in the documentation.", {
      type: "invalid_model",
      code: 400
    }),
    noModel,
    { source: "ELPROFUG0/TexTab#2" }
  ),
  row("Copilot", 400, error("The requested model is not supported.", { code: "model_not_supported" }), noModel),
  row(
    "Anthropic",
    404,
    { type: "error", error: { type: "not_found_error", message: "model: claude-9" } },
    noModel
  )
]

const overflows: ReadonlyArray<Refusal> = [
  row(
    "OpenAI",
    400,
    error("Your input exceeds the context window of this model. Please adjust your input and try again.", {
      type: "invalid_request_error",
      param: "input",
      code: "context_length_exceeded"
    }),
    overflow,
    { source: "openai/codex#20866" }
  ),
  row(
    "DeepSeek",
    400,
    error(
      "This model's maximum context length is 131072 tokens. However, you requested 131134 tokens (122942 in the messages, 8192 in the completion). Please reduce the length of the messages or completion.",
      { type: "invalid_request_error", param: null, code: "invalid_request_error" }
    ),
    overflow,
    { source: "evalstate/fast-agent#621" }
  ),
  row(
    "Kimi",
    400,
    error("Invalid request: Your request exceeded model token limit: 262144 (requested: 269030)", {
      type: "invalid_request_error"
    }),
    overflow,
    { source: "MoonshotAI/kimi-cli#2011" }
  ),
  row("Moonshot", 400, error("model max length exceeded, max length:8192", invalid), overflow, {
    source: "MoonshotAI/MoonshotAI-Cookbook#18"
  }),
  row(
    "xAI",
    400,
    xai(
      "Client specified an invalid argument",
      "This model's maximum prompt length is 131072 but the request contains 136973 tokens."
    ),
    overflow,
    { source: "cline/cline#3120" }
  ),
  row(
    "Gemini",
    400,
    google(
      400,
      "INVALID_ARGUMENT",
      "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576)."
    ),
    overflow,
    { source: "google-gemini/gemini-cli#6678" }
  ),
  row("Zhipu", 400, error("Prompt exceeds max length", { code: "1261" }), overflow),
  row("Zhipu", 400, error("Prompt 超长", { code: "1261" }), overflow),
  row(
    "Qwen",
    400,
    {
      error: {
        code: "invalid_parameter_error",
        message: "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 983616]",
        param: null,
        type: "invalid_request_error"
      },
      request_id: "81a3"
    },
    overflow,
    { source: "agentscope-ai/QwenPaw#6255" }
  ),
  row(
    "Qwen",
    400,
    {
      code: "InvalidParameter",
      message: "Range of input length should be [1, 6000]",
      request_id: "x"
    },
    overflow,
    { source: "LLM-Red-Team/qwen-free-api#23" }
  ),
  row(
    "Copilot",
    400,
    error("prompt token count of 138898 exceeds the limit of 64000", { code: "model_max_prompt_tokens_exceeded" }),
    overflow,
    { source: "microsoft/copilot-intellij-feedback#94" }
  ),
  row(
    "Copilot",
    400,
    error("prompt token count of 65446 exceeds the limit of 64000", { param: "", code: "", type: "" }),
    overflow,
    { source: "microsoft/vscode-copilot-release#6700" }
  ),
  row(
    "GitHub Models",
    413,
    error("Request body too large for gpt-4o model. Max size: 8000 tokens.", { code: "tokens_limit_reached" }),
    overflow
  ),
  row(
    "TGI",
    422,
    {
      error:
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 32768. Given: 40000 `inputs` tokens and 100 `max_new_tokens`",
      error_type: "validation"
    },
    overflow,
    { source: "barun-saha/slide-deck-ai#44" }
  ),
  row(
    "TGI",
    422,
    {
      error: "Input validation error: `inputs` must have less than 4096 tokens. Given: 4545",
      error_type: "validation"
    },
    overflow,
    { source: "meta-llama/llama#1103" }
  ),
  row(
    "vLLM",
    400,
    vllm(
      400,
      "The decoder prompt (length 10127) is longer than the maximum model length of 8192. Make sure that `max_model_len` is no smaller than the number of text tokens.",
      "BadRequestError"
    ),
    overflow,
    { source: "Gabesarch/grounded-rl#16" }
  ),
  row(
    "vLLM",
    400,
    vllm(
      400,
      "The prompt (total length 25938) is too long to fit into the model (context length 4096).",
      "BadRequestError"
    ),
    overflow,
    { source: "vllm-project/vllm#12165" }
  ),
  row(
    "llama.cpp",
    400,
    llama(
      400,
      "the request exceeds the available context size. try increasing the context size or enable context shift",
      "exceed_context_size_error",
      { n_prompt_tokens: 14_429, n_ctx: 8192 }
    ),
    overflow,
    { source: "ggml-org/llama.cpp#15780" }
  ),
  row(
    "llama.cpp, an older one",
    500,
    llama(
      500,
      "the request exceeds the available context size. try increasing the context size or enable context shift",
      "server_error"
    ),
    overflow,
    { source: "ggml-org/llama.cpp#15780" }
  ),
  row(
    "Ollama",
    400,
    error("the input length exceeds the context length", { type: "invalid_request_error", param: null, code: null }),
    overflow
  ),
  row("Ollama", 400, { error: "prompt too long; exceeded max context length by 1234 tokens" }, overflow),
  row(
    "LM Studio",
    400,
    {
      error:
        "The number of tokens to keep from the initial prompt is greater than the context length. Try to load the model with a larger context length, or provide a shorter input"
    },
    overflow,
    { source: "anomalyco/opencode#2259" }
  ),
  row(
    "LM Studio",
    400,
    {
      error:
        "Trying to keep the first 10136 tokens when context the overflows. However, the model is loaded with context length of only 7866 tokens, which is not enough."
    },
    overflow,
    { source: "cline/cline#3664" }
  ),
  row("LM Studio", 400, { error: "Context size has been exceeded." }, overflow, {
    source: "lmstudio-ai/lmstudio-bug-tracker#2339"
  }),
  row(
    "Perplexity",
    400,
    error("This model's maximum context length is 127072 tokens, however you requested 130000 tokens.", {
      type: "bad_request",
      code: 400
    }),
    overflow
  ),
  row(
    "Mistral",
    400,
    {
      object: "error",
      message: "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
      type: "invalid_request_invalid_args",
      param: null,
      code: "3051"
    },
    overflow,
    { source: "badlogic/pi-mono packages/ai/src/utils/overflow.ts" }
  ),
  row(
    "MiniMax",
    400,
    error("invalid params, context window exceeds limit (2013)", { type: "bad_request_error", http_code: "400" }),
    overflow,
    { source: "badlogic/pi-mono packages/ai/src/utils/overflow.ts" }
  ),
  row(
    "Anthropic",
    400,
    {
      type: "error",
      error: { type: "invalid_request_error", message: "prompt is too long: 215350 tokens > 200000 maximum" },
      request_id: "req_1"
    },
    overflow,
    { source: "anthropics/claude-code#11434" }
  ),
  row("Anthropic", 400, {
    type: "error",
    error: {
      type: "invalid_request_error",
      message: "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length"
    }
  }, overflow),
  row("Bedrock", 400, { message: "Input is too long for requested model." }, overflow, {
    source: "aws-samples/bedrock-chat#95"
  }),
  row(
    "Bedrock",
    400,
    { Message: "The model returned the following errors: prompt is too long: 227255 tokens > 200000 maximum" },
    overflow,
    { source: "aaif-goose/goose#7504" }
  ),
  row(
    "OpenRouter, what a provider says",
    400,
    error("Provider returned error", {
      code: 400,
      metadata: {
        provider_name: "DeepInfra",
        raw: JSON.stringify(
          error("This model's maximum context length is 8192 tokens. However, you requested 8246 tokens", {
            type: "invalid_request_error"
          })
        )
      }
    }),
    overflow,
    { source: "truefoundry/models#873" }
  ),
  row("DS4", 400, error("Prompt tokens (9000) exceeds context size (8192)", { type: "context_exceeded" }), overflow, {
    source: "antirez/ds4#150"
  })
]

const neverServed: ReadonlyArray<Refusal> = [
  row("llama.cpp", 500, llama(500, "tools param requires --jinja flag", "server_error"), refused, {
    source: "containers/ramalama#988"
  }),
  row(
    "llama.cpp",
    500,
    llama(
      500,
      "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
      "server_error"
    ),
    refused,
    { source: "ggml-org/llama.cpp#13566" }
  ),
  row("llama.cpp", 500, llama(500, "Unsupported param: tools", "server_error"), refused, {
    source: "ggml-org/llama.cpp#10920"
  }),
  row(
    "llama.cpp",
    500,
    llama(500, "Jinja Exception: System message must be at the beginning.", "server_error"),
    refused,
    { source: "Mangi-11/Eta#59" }
  ),
  row(
    "llama.cpp",
    500,
    llama(
      500,
      "Unknown method: keys at row 57, column 46:\n {%- for json_key in param_fields.keys() %}",
      "server_error"
    ),
    refused,
    { source: "QwenLM/qwen-code#48" }
  ),
  row(
    "llama.cpp",
    500,
    llama(
      500,
      "Failed to parse tool call arguments as JSON: [json.exception.parse_error.101] parse error at line 1, column 2",
      "server_error"
    ),
    refused
  ),
  row(
    "llama.cpp",
    501,
    llama(501, "This feature is not supported by multimodal", "not_supported_error"),
    refused,
    { source: "ggml-org/llama.cpp#22373" }
  ),
  row(
    "Ollama",
    400,
    error("stablelm2:latest does not support tools", { type: "api_error", param: null, code: null }),
    refused,
    {
      source: "ollama/ollama#6027"
    }
  ),
  row(
    "Ollama",
    500,
    error("model requires more system memory (10.0 GiB) than is available (6.2 GiB)", { type: "api_error" }),
    refused
  ),
  row(
    "Mistral",
    422,
    {
      detail: [{ type: "extra_forbidden", loc: ["body", "store"], msg: "Extra inputs are not permitted", input: false }]
    },
    refused,
    { source: "Gitlawb/openclaude#739" }
  ),
  row(
    "OpenAI",
    500,
    error("The server had an error processing your request. Sorry about that!", {
      type: "server_error",
      param: null,
      code: null
    }),
    overloaded
  ),
  row("Ollama", 500, error("an error was encountered while running the model: EOF", { type: "api_error" }), overloaded),
  row("llama.cpp", 500, llama(500, "Failed to parse input at pos 12: <tool_call>", "server_error"), overloaded)
]

const limits: ReadonlyArray<Refusal> = [
  row(
    "OpenAI, more than a minute has",
    429,
    error(
      "Request too large for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000, Requested 40000. The input or output tokens must be reduced in order to run successfully.",
      { type: "tokens", param: null, code: "rate_limit_exceeded" }
    ),
    refused,
    { source: "enricoros/big-AGI#636" }
  ),
  row(
    "Groq, more than a minute has",
    413,
    error(
      "Request too large for model `kimi-k2` in organization `org_1` service tier `on_demand` on tokens per minute (TPM): Limit 10000, Requested 21247, please reduce your message size and try again.",
      { type: "tokens", code: "rate_limit_exceeded" }
    ),
    refused,
    { source: "cline/cline#4971" }
  ),
  row(
    "OpenAI",
    429,
    error(
      "Rate limit reached for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30,000, Used 25,000, Requested 8,000. Please try again in 6s. Visit https://platform.openai.com/account/rate-limits to learn more.",
      { type: "tokens", param: null, code: "rate_limit_exceeded" }
    ),
    limited,
    { wait: 6000 }
  ),
  row(
    "OpenAI",
    429,
    error(
      "Rate limit reached for gpt-5.4-pro on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s.",
      { type: "requests", code: "rate_limit_exceeded" }
    ),
    limited,
    { wait: 20_000, source: "continuedev/continue#12703" }
  ),
  row(
    "OpenAI, of a day",
    429,
    error(
      "Rate limit reached for gpt-4 on requests per day (RPD): Limit 200, Used 200, Requested 1. Please try again in 7m12s.",
      { type: "requests", code: "rate_limit_exceeded" }
    ),
    limited,
    { wait: 432_000, isRetried: false }
  ),
  row(
    "Azure",
    429,
    {
      error: {
        code: "429",
        message:
          "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-05-01-preview have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 6 seconds."
      }
    },
    limited,
    { wait: 6000, source: "microsoft/action-python#12" }
  ),
  row(
    "Azure, of a day",
    429,
    {
      error: {
        code: "429",
        message: "You have exceeded token rate limit of your pricing tier. Please retry after 86400 seconds."
      }
    },
    limited,
    { wait: 86_400_000, isRetried: false, source: "alex-wolf-ps/dbchatprov2#2" }
  ),
  row(
    "Gemini",
    429,
    google(
      429,
      "RESOURCE_EXHAUSTED",
      "You exceeded your current quota, please check your plan and billing details.\n* Quota exceeded for metric: input_token_count, limit: 4000000",
      [
        {
          "@type": "type.googleapis.com/google.rpc.QuotaFailure",
          violations: [{ quotaId: "TokensPerModelPerMinute" }]
        },
        { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "47.434392449s" }
      ]
    ),
    limited,
    { wait: 47_435, source: "browserbase/mcp-server-browserbase#129" }
  ),
  row(
    "Gemini, in words",
    429,
    google(
      429,
      "RESOURCE_EXHAUSTED",
      "You exceeded your current quota, please check your plan and billing details.\nPlease retry in 38.601658672s."
    ),
    limited,
    { wait: 38_602, source: "anomalyco/opencode#49039" }
  ),
  row("Gemini", 429, google(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."), limited, {
    source: "n4ze3m/page-assist#406"
  }),
  row(
    "Gemini, of a day",
    429,
    google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing details.", [
      { violations: [{ quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier" }] },
      { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "38s" }
    ]),
    noQuota,
    { source: "dcdpr/jp#1061" }
  ),
  row(
    "Anthropic",
    429,
    {
      type: "error",
      error: {
        type: "rate_limit_error",
        message:
          "This request would exceed the rate limit for your organization of 20,000 input tokens per minute. Please reduce the prompt length or the maximum tokens requested, or try again later."
      }
    },
    limited,
    { source: "FoundationAgents/OpenManus#746" }
  ),
  row("Anthropic", 529, { type: "error", error: { type: "overloaded_error", message: "Overloaded" } }, overloaded),
  row("Cerebras", 429, { message: "Tokens per minute limit exceeded - too many tokens processed." }, limited, {
    source: "continuedev/continue#9800"
  }),
  row("Zhipu", 429, error("Rate limit reached for requests", { code: "1302" }), limited, {
    source: "kaitranntt/ccs#536"
  }),
  row(
    "Moonshot",
    429,
    error("The engine is currently overloaded, please try again later", { type: "engine_overloaded_error" }),
    overloaded
  ),
  row(
    "OpenRouter",
    429,
    error("Provider returned error", {
      code: 429,
      metadata: {
        raw: "z-ai/glm-5.3-flash is temporarily rate-limited upstream. Please retry shortly, or add your own key",
        provider_name: "BaseTen"
      }
    }),
    limited,
    { source: "open-webui/computer#293" }
  ),
  row(
    "OpenRouter, of a day",
    429,
    error("Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day", {
      code: 429,
      metadata: { headers: { "X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999" } }
    }),
    limited,
    { wait: 99_999_000, isRetried: false }
  ),
  row("a server with headers only", 429, "", limited, {
    headers: { "x-ratelimit-reset-tokens": "6s" },
    wait: 6000
  }),
  row("a server with headers for each limit", 429, "", limited, {
    headers: {
      "x-ratelimit-remaining-requests": "99",
      "x-ratelimit-reset-requests": "50s",
      "x-ratelimit-remaining-tokens": "0",
      "x-ratelimit-reset-tokens": "1m0s"
    },
    wait: 60_000
  }),
  row("a server that counts in milliseconds", 429, "", limited, { headers: { "retry-after-ms": "250" }, wait: 250 }),
  row("a server with the field retry_after", 429, { error: { message: "Slow down", retry_after: 3 } }, limited, {
    wait: 3000
  })
]

const accounts: ReadonlyArray<Refusal> = [
  row(
    "OpenAI",
    429,
    error("You exceeded your current quota, please check your plan and billing details.", {
      type: "insufficient_quota",
      param: null,
      code: "insufficient_quota"
    }),
    noQuota
  ),
  row(
    "DeepSeek",
    402,
    error("Insufficient Balance", { type: "unknown_error", param: null, code: "invalid_request_error" }),
    noQuota,
    { source: "frostime/sy-f-misc#10" }
  ),
  row(
    "OpenRouter",
    402,
    error("Insufficient credits. Add more using https://openrouter.ai/settings/credits", { code: 402 }),
    noQuota,
    { source: "open-assistant-org/open-assistant#80" }
  ),
  row(
    "OpenRouter",
    402,
    error(
      "This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens, but can only afford 3395.",
      { code: 402, metadata: { provider_name: null } }
    ),
    noQuota,
    { source: "newo-ether/Agora#8" }
  ),
  row(
    "OpenRouter",
    402,
    error("Prompt tokens limit exceeded: 69120 > 36608. To increase, visit https://openrouter.ai", {
      code: 402
    }),
    noQuota,
    { source: "continuedev/continue#10962" }
  ),
  row(
    "xAI",
    403,
    xai(
      "The caller does not have permission to execute the specified operation",
      "Your newly created team doesn't have any credits or licenses yet. You can purchase those on https://console.x.ai."
    ),
    noQuota,
    { source: "continuedev/continue#12670" }
  ),
  row(
    "xAI",
    429,
    xai(
      "Some resource has been exhausted",
      "Your team 1-2 has either used all available credits or reached its monthly spending limit."
    ),
    noQuota,
    { source: "continuedev/continue#10373" }
  ),
  row("xAI", 403, xai("permission-denied", "You have run out of credits or need a Grok subscription."), noQuota, {
    source: "Wei-Shaw/sub2api#4069"
  }),
  row(
    "Anthropic",
    400,
    {
      type: "error",
      error: {
        type: "invalid_request_error",
        message: "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade."
      }
    },
    noQuota,
    { source: "anthropics/claude-code#4684" }
  ),
  row("Zhipu", 429, error("余额不足或无可用资源包,请充值。", { code: "1113" }), noQuota, {
    source: "zhayujie/CowAgent#2910"
  }),
  row(
    "Zhipu",
    429,
    error("Usage limit reached for 5 hour. Your limit will reset at 2026-08-27 21:31:39", { code: "1308" }),
    noQuota,
    { source: "continuedev/continue#13195" }
  ),
  row(
    "Moonshot",
    403,
    error(
      "Your account org-1 is not active, organization org-1 exceeded current quota, please check your plan and billing details",
      { type: "exceeded_current_quota_error" }
    ),
    noQuota,
    { source: "MoonshotAI/Kimi-K2#5" }
  ),
  row(
    "Qwen",
    400,
    {
      code: "Arrearage",
      message: "Access denied, please make sure your account is in good standing.",
      request_id: "8af5"
    },
    noQuota,
    { source: "tencentmusic/supersonic#1572" }
  ),
  row("Ollama", 429, { error: "you (me) have reached your session usage limit, upgrade for higher limits" }, noQuota, {
    source: "continuedev/continue#11444"
  }),
  row(
    "Ollama",
    403,
    error("your subscription payment is past due. update your payment method", { type: "api_error" }),
    noQuota,
    { source: "continuedev/continue#13195" }
  )
]

const filters: ReadonlyArray<Refusal> = [
  row(
    "Azure",
    400,
    {
      error: {
        message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        type: null,
        param: "prompt",
        code: "content_filter",
        status: 400,
        innererror: { code: "ResponsibleAIPolicyViolation", content_filter_result: { hate: { filtered: true } } }
      }
    },
    filtered,
    { source: "openai/openai-python#331" }
  ),
  row(
    "Azure behind LiteLLM",
    400,
    error(
      "litellm.BadRequestError: AzureException - The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
      { type: null, param: null, code: "400" }
    ),
    filtered,
    { source: "BerriAI/litellm#16231" }
  ),
  row(
    "Gemini",
    400,
    google(400, "INVALID_ARGUMENT", "The request was blocked.", [{ reason: "PROHIBITED_CONTENT" }]),
    filtered
  ),
  row(
    "Zhipu",
    400,
    {
      contentFilter: [{ level: 1, role: "user" }],
      error: { code: "1301", message: "系统检测到输入或生成内容可能包含不安全或敏感内容" }
    },
    filtered,
    { source: "zai-org/feedback#516" }
  ),
  row(
    "Qwen",
    400,
    {
      error: {
        code: "data_inspection_failed",
        param: null,
        message: "Input data may contain inappropriate content.",
        type: "data_inspection_failed"
      }
    },
    filtered,
    { source: "camel-ai/owl#432" }
  ),
  row(
    "Qwen",
    400,
    error("<400> InternalError.Algo.DataInspectionFailed: Input text data may contain inappropriate content.", invalid),
    filtered,
    { source: "QwenLM/qwen-code#2905" }
  ),
  row("DeepSeek", 400, error("Content Exists Risk", invalid), filtered),
  row(
    "Moonshot",
    400,
    error("The request was rejected because it was considered high risk", { type: "content_filter" }),
    filtered
  ),
  row("xAI", 403, xai("forbidden", "Content violates usage guidelines."), filtered),
  row(
    "OpenRouter",
    403,
    error("openai/gpt-4o requires moderation on OpenAI. Your input was flagged for \"violence\"", {
      code: 403,
      metadata: { reasons: ["violence"], flagged_input: "…" }
    }),
    filtered
  )
]

/** As Cloudflare begins its pages. */
const page = (title: string) =>
  `<!DOCTYPE html>\n<!--[if lt IE 7]> <html class="no-js ie6 oldie" lang="en-US"> <![endif]-->\n<head>\n<title>${title}` +
  "</title></head><body><div id=\"cf-wrapper\">Visit cloudflare.com for more information.</div></body></html>"

const between: ReadonlyArray<Refusal> = [
  ...[520, 521, 522, 523, 524, 525, 526].map((status) =>
    row("Cloudflare", status, page(`api.host.test | ${status}: A problem`), overloaded, {
      headers: { "content-type": "text/html; charset=UTF-8", "cf-ray": "8f1-FRA" },
      source: "anthropics/claude-code#3197"
    })
  ),
  row("Cloudflare, to a program", 522, "error code: 522", overloaded, { headers: { "content-type": "text/plain" } }),
  row("Cloudflare", 403, page("Just a moment..."), refused, { headers: { "cf-ray": "8f1-FRA" } }),
  row("a proxy", 502, "<html><head><title>502 Bad Gateway</title></head></html>", overloaded),
  row("a page that is said to be JSON", 503, "<html>Service Unavailable</html>", overloaded, {
    headers: { "content-type": "application/json" }
  }),
  row("a text that is said to be JSON", 503, "upstream connect error or disconnect/reset before headers", overloaded, {
    headers: { "content-type": "application/json" }
  }),
  row("an event in the place of a body", 400, "data: {\"error\":{\"message\":\"prompt is too long\"}}\n\n", overflow),
  row("FastAPI", 401, { detail: "Not authenticated" }, unauthorized),
  row("FastAPI", 400, { detail: { message: "Model not found: qwen9" } }, noModel),
  row(
    "Cloudflare's gateway",
    400,
    { success: false, errors: [{ code: 7000, message: "No route for that URI" }] },
    refused
  ),
  row("a text", 429, "Too many requests, try again in 1m30s", limited, { wait: 90_000, isRetried: false }),
  row("a text", 503, "Busy. Retry in 250ms.", overloaded, { wait: 250 })
]

export const refusals: ReadonlyArray<Refusal> = [
  ...credentials,
  ...models,
  ...overflows,
  ...neverServed,
  ...limits,
  ...accounts,
  ...filters,
  ...between
]

/** A server that will be ready in a moment; it is waited for longer. */
export const loading: ReadonlyArray<Pick<Refusal, "server" | "status" | "body" | "source">> = [
  {
    server: "llama.cpp",
    status: 503,
    body: llama(503, "Loading model", "unavailable_error"),
    source: "mostlygeek/llama-swap#146"
  },
  {
    server: "Hugging Face",
    status: 503,
    body: { error: "Model mistralai/Mistral-7B is currently loading", estimated_time: 20 }
  }
]

/** Ordinary complaints that name tokens, contexts, models or keys: the request is at fault, and nothing else. */
export const nearMisses: ReadonlyArray<readonly [status: number, message: string]> = [
  [
    400,
    "max_tokens is too large: 8192. This model supports at most 4096 completion tokens, whereas you provided 8192."
  ],
  [
    400,
    "`max_tokens` must be less than or equal to `16384`, the maximum value for `max_tokens` is less than the `context_window` for this model"
  ],
  [400, "max_tokens must be at least 16 for sonar."],
  [
    400,
    "Invalid 'input[0].call_id': string too long. Expected a string with maximum length 64, but got a string with length 78 instead."
  ],
  [
    400,
    "Unsupported value: 'none' is not supported with the 'gpt-5-mini' model. Supported values are: 'low' and 'high'."
  ],
  [400, "Unsupported parameter: 'temperature' is not supported with this model."],
  [400, "Unknown parameter: 'context'. The model parameter was not changed."],
  [400, "Tool 'search' of this model was not found in the list of tools."],
  [400, "The item that the model referred to with id 'rs_1' was not found. Items are not persisted."],
  [404, "Previous response with id 'resp_1' not found."],
  [400, "Image input for this model is not supported."],
  [400, "The image is too long on one side for the model."],
  [400, "Invalid value for 'context': expected an array of tokens."],
  [400, "Missing required parameter: 'model'."],
  [400, "you must provide a model parameter"],
  [400, "Invalid model parameter value: temperature must not exceed 2."],
  [400, "The reasoning_content in the thinking mode must be passed back to the API."],
  [
    400,
    "An assistant message with 'tool_calls' must be followed by tool messages. The context of the call is missing."
  ],
  [400, "The API key parameter is not allowed in the body."],
  [422, "This tokenizer does not exceed the tests of its context."],
  [403, "You do not have permission to use this endpoint."],
  [400, "Deep research models require at least one of the 'web_search_preview' tools."],
  [400, "Your team settings limit: 10 tools per request, requested: 12."],
  [404, "Not Found"]
]
