/** The ways to sign in. `codex` does not decide between code and browser. */
export type Way = "chatgpt" | "codex" | "codex-device" | "codex-browser" | "api-key" | "from-codex" | "from-pi"
