/**
 * The environment of the programs that we start: ours without our secrets, and with what tells a program that no person
 * sits in front of it.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { finderOf, Secrets } from "../../auth/Secrets.ts"

/**
 * Variables that hold a secret of ours: what signs us in is none of a command's business. Those of other programs, such
 * as `GITHUB_TOKEN`, are what commands are there to work with.
 */
const secret = /(?:^|_)(?:OPENAI|CHATGPT|CODEX|EFFIXIR)_.*(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL)|(?:^|_)CODEX_AUTH/i

/** Where a key is a word that a path may have in it, as keys of servers on this machine are, programs are found all the same. */
const needed = /^(?:PATH|HOME|USER|LOGNAME|SHELL|PWD|TMPDIR|LANG)$/

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

/**
 * What we have ourselves, less the secrets, whatever the variables are called that they stand in: a key may be part of a
 * header or of an address. It is for programs that a person uses, such as a browser.
 *
 * @since 0.1.0
 * @category constructors
 */
export const withoutSecrets: Effect.Effect<NodeJS.ProcessEnv> = Effect.map(Secrets, ({ isIn }) => {
  const ours = Object.entries(process.env)
  const named = finderOf(ours.flatMap(([name, value = ""]) => secret.test(name) ? [value] : []))
  const isSecret = (name: string, value: string) =>
    secret.test(name) || !needed.test(name) && (named.isIn(value) || isIn(value))
  return Object.fromEntries(ours.filter(([name, value = ""]) => !isSecret(name, value)))
})

/**
 * What every other child gets, be it a command or a helper such as `rg`: the same, and what is added for it. With a
 * `CDPATH`, `cd` would go to folders that its word does not name.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (added: Readonly<Record<string, string>> = {}): Effect.Effect<NodeJS.ProcessEnv> =>
  Effect.map(withoutSecrets, ({ CDPATH: _dropped, ...rest }) => ({ ...rest, ...fixed, ...added }))
