/**
 * The environment of the programs that we start: ours without our secrets, and with what tells a program that no person
 * sits in front of it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { holding, Secrets } from "../auth/Secrets.ts"

/**
 * Variables that hold a secret of ours: what signs us in is none of a command's business. Those of other programs, such
 * as `GITHUB_TOKEN`, are what commands are there to work with.
 */
const secret = /(?:^|_)(?:OPENAI|CHATGPT|CODEX|EFFIXIR)_.*(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL)|(?:^|_)CODEX_AUTH/i

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
 * What we have ourselves, less the secrets, whatever the variables are called that they stand in: a key may be part of a
 * header or of an address. It is for programs that a person uses, such as a browser.
 *
 * @since 0.1.0
 * @category constructors
 */
export const withoutSecrets: Effect.Effect<NodeJS.ProcessEnv> = Effect.map(Secrets, ({ isIn }) => {
  const ours = Object.entries(process.env)
  const isNamed = holding(ours.flatMap(([name, value = ""]) => secret.test(name) ? [value] : []))
  return Object.fromEntries(ours.filter(([name, value = ""]) => !secret.test(name) && !isNamed(value) && !isIn(value)))
})

/**
 * What every other child gets, be it a command or a helper such as `rg` or `git`: the same, and what is added for it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (added: Readonly<Record<string, string>> = {}): Effect.Effect<NodeJS.ProcessEnv> =>
  Effect.map(withoutSecrets, (rest) => ({ ...rest, ...fixed, ...added }))
