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
const secret = /(?:^|_)(?:OPENAI|CHATGPT|CODEX|EFFIXIR)_.*(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL)|(?:^|_)CODEX_AUTH/i

/** Nobody is there to answer a pager or a prompt, and git need not write its index when it only looks. */
const fixed = {
  AI_AGENT: "effixir",
  TERM: "dumb",
  NO_COLOR: "1",
  PAGER: "cat",
  GIT_PAGER: "cat",
  GIT_TERMINAL_PROMPT: "0",
  GIT_OPTIONAL_LOCKS: "0"
}

/** With these, `cd` goes to folders that its word does not name. */
const dropped: ReadonlySet<string> = new Set(["CDPATH"])

/**
 * What a child gets: what we have ourselves, less the secrets, and what is added for it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (added: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => {
  const ours = Object.entries(process.env)
  // A key may stand under another name as well; what is short is no key.
  const values = new Set(ours.flatMap(([name, value = ""]) => secret.test(name) && value.length >= 8 ? [value] : []))
  const rest = ours.filter(([name, value]) => !secret.test(name) && !values.has(value ?? "") && !dropped.has(name))
  return { ...Object.fromEntries(rest), ...fixed, ...added }
}
