/**
 * The environment of the programs that we start: ours without our secrets, and with variables that tell a program that
 * it runs non-interactively.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { finderOf, Secrets } from "../../auth/Secrets.ts"

/**
 * Variables that hold a secret of ours: commands do not need our sign-in. Those of other programs, such as
 * `GITHUB_TOKEN`, stay, because commands work with them.
 */
const secret = /(?:^|_)(?:OPENAI|CHATGPT|CODEX|EFFIXIR)_.*(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL)|(?:^|_)CODEX_AUTH/i

/**
 * Kept whole, so that programs are found even where a key is a word that a path may contain, as keys of local servers
 * are.
 */
const needed = /^(?:PATH|HOME|USER|LOGNAME|SHELL|PWD|TMPDIR|LANG)$/

/** Programs that let a person write: this one accepts what is there, so that `git commit --amend` and rebases go on. */
const editors = Object.fromEntries(
  ["EDITOR", "VISUAL", "GIT_EDITOR", "GIT_SEQUENCE_EDITOR", "HGEDITOR", "SVN_EDITOR", "KUBE_EDITOR", "SUDO_EDITOR"]
    .map((name) => [name, "true"])
)

/** Programs that ask for a password: this one fails, so that nothing is tried with an empty one. */
const askers = Object.fromEntries(["GIT_ASKPASS", "SSH_ASKPASS", "SUDO_ASKPASS"].map((name) => [name, "false"]))

const pagers = Object.fromEntries(
  ["PAGER", "GIT_PAGER", "MANPAGER", "GH_PAGER", "PSQL_PAGER", "SYSTEMD_PAGER", "AWS_PAGER", "BAT_PAGER"]
    .map((name) => [name, "cat"])
)

/** No person can answer a pager or a prompt, and git need not write its index for read-only commands. */
const fixed = {
  ...editors,
  ...askers,
  ...pagers,
  AI_AGENT: "effixir",
  TERM: "dumb",
  NO_COLOR: "1",
  GIT_MERGE_AUTOEDIT: "no",
  GIT_TERMINAL_PROMPT: "0",
  GIT_OPTIONAL_LOCKS: "0",
  SSH_ASKPASS_REQUIRE: "never",
  GCM_INTERACTIVE: "never",
  GH_PROMPT_DISABLED: "1",
  DEBIAN_FRONTEND: "noninteractive",
  PIP_NO_INPUT: "1"
}

/**
 * Our own environment without the secrets, whichever variables contain them: a key may be part of a header or of a URL.
 * It is for programs that a person uses, such as a browser.
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
 * The environment of every other child, a command or a helper such as `rg`: the same, with additions. It lacks
 * `CDPATH`, with which `cd` would go to folders that its argument does not name.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (added: Readonly<Record<string, string>> = {}): Effect.Effect<NodeJS.ProcessEnv> =>
  Effect.map(withoutSecrets, ({ CDPATH: _dropped, ...rest }) => ({ ...rest, ...fixed, ...added }))
