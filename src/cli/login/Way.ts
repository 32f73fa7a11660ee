/** The ways to sign in. `codex` leaves open whether with a code or in a browser. */
export type Way = "chatgpt" | "codex" | "codex-device" | "codex-browser" | "api-key" | "from-codex" | "from-pi"
