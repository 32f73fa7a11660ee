/**
 * Settings as they may be shown.
 */
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import * as Host from "../auth/Host.ts"

/**
 * The value of a setting without secrets: texts whose names say that they are, those behind such a name among the arguments
 * of a program, passwords and parameters in addresses, and all that a variable or a header is set to.
 */
export const withoutSecrets = (name: string, value: unknown): unknown => {
  const json: { readonly [name: string]: unknown } = JSON.parse(JSON.stringify({ [name]: value }), shown)
  return json[name]
}

const shown = (name: string, value: unknown): unknown => {
  if (typeof value === "string") {
    return Host.isSecretName(name) && !namesOnly.has(name) ? hidden : inText(value)
  }
  if (Array.isArray(value)) {
    return name === "args" ? value.map((argument, at) => inArgument(argument, value[at - 1])) : value
  }
  return (name === "env" || name === "headers") && Predicate.isReadonlyRecord(value)
    ? Record.map(value, (one) => typeof one === "string" ? hidden : one)
    : value
}

const hidden = "[hidden]"

/** Settings that say where a secret is, and hold none. */
const namesOnly: ReadonlySet<string> = new Set(["bearer_token_env_var", "credential_store"])

/** As `--api-key SECRET`, `--api-key=SECRET`, `API_KEY=SECRET`, `Authorization: SECRET`. */
const inArgument = (argument: unknown, before: unknown): unknown => {
  if (typeof argument !== "string") return argument
  const isNamed = typeof before === "string" && /^-[^=]*$/.test(before) && Host.isSecretName(before)
  if (isNamed && !argument.startsWith("-")) return hidden
  const [start, name = ""] = /^(-{0,2}[\w.-]+)(?:=|: ?)/.exec(argument) ?? []
  return start !== undefined && Host.isSecretName(name) ? `${start}${hidden}` : argument
}

const inText = (text: string): string =>
  text
    .replaceAll(/([a-z][a-z\d+.-]*:\/\/)[^\s/?#]+@/gi, `$1${hidden}@`)
    .replaceAll(
      /([?&]([^=&#\s]+)=)[^&#\s]+/g,
      (whole, start: string, name: string) => Host.isSecretName(name) ? `${start}${hidden}` : whole
    )
