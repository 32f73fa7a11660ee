/**
 * The environment of the programs that we start: ours without our secrets, and with what tells a program that no person
 * sits in front of it.
 *
 * @since 0.1.0
 */

/**
 * Variables that hold a secret of ours: what signs us in is none of a command's business. Those of other programs, such
 * as `GITHUB_TOKEN`, are what commands are there to work with.
 */
const secret = /^(OPENAI|CHATGPT|CODEX|EFFIXIR)_.*(KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL)/i

/** Nobody is there to answer a pager or a prompt. */
const fixed = {
  AI_AGENT: "effixir",
  TERM: "dumb",
  NO_COLOR: "1",
  PAGER: "cat",
  GIT_PAGER: "cat",
  GIT_TERMINAL_PROMPT: "0"
}

/**
 * What a child gets: what we have ourselves, less the secrets, and what is added for it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (added: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !secret.test(name))),
  ...fixed,
  ...added
})
