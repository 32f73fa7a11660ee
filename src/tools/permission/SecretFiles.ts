/**
 * Files that hold secrets, by their names: no tool opens them only because a model asks, whatever the mode.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import { below, isWithin, resolve } from "../../internal/paths.ts"
import picomatch from "../../vendor/picomatch.ts"
import * as SafeCommands from "./SafeCommands.ts"

/** @since 0.1.0 @category models */
export interface Options {
  /** The folder in which effixir keeps sign-ins and sessions, by its real path. */
  readonly home?: string | undefined
  /** The folders of skills, by their real paths: they may be read wherever they lie. */
  readonly skills?: ReadonlyArray<string> | undefined
  /** Other files that hold secrets, by their real paths. */
  readonly listed?: ReadonlyArray<string> | undefined
  /** Other paths that a policy forbids to open. */
  readonly isDenied?: ((path: string) => boolean) | undefined
}

/** @since 0.1.0 @category models */
export interface Secrets {
  /** Files that hold secrets, wherever they are and whatever they are called, beside those that their names tell. */
  readonly listed: ReadonlyArray<string>
  /**
   * Whether a path leads to a secret. Everything in effixir's own folder counts as one, except the artifacts of this
   * session, and skills when they are only read.
   */
  readonly isSecret: (path: string, session?: string, access?: "read" | "write") => boolean
  /** Whether a search over a folder skips a file: a secret, or what a policy denies. */
  readonly isHidden: (path: string, session?: string) => boolean
  /**
   * Whether a command that runs in a folder names a secret, as far as its words show: a shell has many ways to spell a
   * name.
   */
  readonly isNamedIn: (command: string, folder: string, session?: string) => boolean
  /** The folders outside of a workspace in which a command may look: the artifacts of a session, and skills. */
  readonly open: (session: string) => ReadonlyArray<string>
}

/** @since 0.1.0 @category constructors */
export const make = ({ home, isDenied = () => false, listed = [], skills = [] }: Options = {}): Secrets => {
  const isOwn = (path: string, session: string | undefined): boolean => {
    if (home === undefined || !isWithin(home, path)) return false
    return session === undefined || !isWithin(artifactsOf(home, session), path)
  }
  /** The path within a skill; then being in effixir's own folder does not make it secret. */
  const inSkill = (path: string): string | undefined => {
    const skill = skills.find((folder) => isWithin(folder, path))
    return skill === undefined || path.split("/").includes("..") ? undefined : below(skill, path)
  }
  const isSecret: Secrets["isSecret"] = (path, session, access = "read") => {
    const plain = path.replaceAll("\\", "/")
    const part = access === "read" ? inSkill(plain) : undefined
    if (part !== undefined) return hasSecretName(part)
    if (isOwn(plain, session) || listed.includes(plain)) return true
    if (home !== undefined && isWithin(home, plain)) return false
    return hasSecretName(plain)
  }
  const isWord = (word: string, session: string | undefined) => isSecret(word, session) || isGlobOfSecret(word)
  return {
    listed,
    isSecret,
    isHidden: (path, session) => isSecret(path, session) || isDenied(path),
    open: (session) => [...home === undefined ? [] : [artifactsOf(home, session)], ...skills],
    isNamedIn: (command, folder, session) =>
      wordsOf(command).some((word) => {
        const path = resolve(folder, word)
        return isWord(word, session) || listed.includes(path) || isOwn(path, session) && inSkill(path) === undefined
      })
  }
}

const artifactsOf = (home: string, session: string): string => `${home}/sessions/${session}/artifacts`

/**
 * The files that count as secret for the tools of a run. By default only names decide.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { SecretFiles } from "effixir/tools"
 *
 * // A file of this company is a secret too.
 * const Secrets = Layer.succeed(SecretFiles.SecretFiles, SecretFiles.make({ listed: ["/home/ada/app/licence.txt"] }))
 *
 * const isSecret = (path: string) =>
 *   Effect.map(SecretFiles.SecretFiles, (secrets) => secrets.isSecret(path)).pipe(Effect.provide(Secrets))
 * ```
 *
 * @since 0.1.0
 * @category references
 */
export class SecretFiles extends Context.Reference<SecretFiles>()("effixir/tools/permission/SecretFiles", {
  defaultValue: (): Secrets => make()
}) {}

const hasSecretName = (path: string): boolean => {
  const lower = path.toLowerCase()
  if (!mayBeSecret.test(lower)) return false
  const folded = lower.replace(/\/+$/, "")
  const name = folded.slice(folded.lastIndexOf("/") + 1)
  if (/^\.env(\..+)?$/.test(name)) return !/\.(example|sample|template|dist)$/.test(name)
  if (/^id_(rsa|dsa|ecdsa|ed25519)(_sk)?$/.test(name)) return true
  return names.has(name) || /[^/]\.(pem|key|p12|pfx|jks|keystore|kdbx|ppk)$/.test(name) ||
    /(^|\/)\.ssh\/.+(?<!\.pub|\/known_hosts)$/.test(folded) || places.test(folded) ||
    /(^|\/)\.effixir(\/|$)/.test(folded)
}

/** Rules out nearly every path of a search at once. */
const mayBeSecret = /(^|\/)[._]|(^|\/)id_|\.(pem|key|p12|pfx|jks|keystore|kdbx|ppk)\/*$|(^|\/)proc\//

const names: ReadonlySet<string> = new Set(
  [
    ".envrc",
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    ".pgpass",
    ".my.cnf",
    ".htpasswd",
    ".dockercfg"
  ]
)

/** Credential files of cloud tools and the like below a home folder. */
const places =
  /(^|\/)(\.aws\/(credentials|config|sso\/.+|cli\/.+)|\.azure(\/.+)?|\.gnupg(\/.+)?|\.docker\/config\.json|\.kube\/config|\.codex\/auth\.json|\.config\/(gcloud(\/.+)?|gh\/hosts\.yml|git\/credentials)|\.password-store(\/.+)?|proc\/[^/]+\/environ)$/

/** One path for each kind, to see what a glob would find. */
const samples = [
  ".env",
  ".env.local",
  ".env.production",
  "id_rsa",
  "id_ed25519",
  "server.pem",
  "private.key",
  "server.key",
  "cert.p12",
  ".netrc",
  ".npmrc",
  ".git-credentials",
  ".ssh/id_rsa",
  ".ssh/config",
  ".aws/credentials",
  ".docker/config.json",
  ".kube/config",
  ".effixir/auth.json",
  "proc/self/environ"
].map((path) => path.split("/"))

const isGlobOfSecret = (word: string): boolean => {
  if (!/[*?[\]{}]/.test(word)) return false
  const parts = word.toLowerCase().replace(/^!/, "").split("/").filter((part) => part !== "")
  return samples.some((sample) => {
    const length = Math.min(sample.length, parts.length)
    return sample.slice(-length).every((name, index) => {
      const part = parts.at(index - length) ?? ""
      return part.length <= maxGlobLength && picomatch.isMatch(name, part, { dot: true, noextglob: true })
    })
  })
}

const maxGlobLength = 200

/** Every word of a command, as it is spelled and as the shell would read it, and the values after options or `=`. */
const wordsOf = (command: string): ReadonlyArray<string> => {
  const line = command.slice(0, maxLength)
  const read = SafeCommands.split(line)?.flat() ?? []
  const spelled = line.split(/[\s'"`;|&<>()$@]+/)
  return [...read, ...spelled, ...line.replaceAll(/['"\\]/g, "").split(/[\s`;|&<>()$@]+/)].flatMap((word) =>
    [word, word.replace(/^-\w/, ""), ...word.split(/[=:,]/)].map((one) => one.replace(/^~\//, "").replace(/^!/, ""))
  )
}

const maxLength = 100_000
