/**
 * What a new sign-in has taken the place of.
 */
import * as Redacted from "effect/Redacted"
import * as Credential from "../../auth/Credential.ts"
import * as Host from "../../auth/Host.ts"

/** Nothing where it is the same account or key again, or where a sign-in had ended. */
export const sentence = (before: Credential.Stored, now: Credential.Credential): string | undefined => {
  const name = nameOf(before)
  if (name === undefined || isSame(before, now)) return undefined
  return `${name} that was stored here has been replaced. To keep both, give one a name: ` +
    "effixir login --profile NAME, and --profile NAME with each command that is to use it"
}

const nameOf = (before: Credential.Stored): string | undefined => {
  switch (before.kind) {
    case "api_key":
      return "The API key"
    case "chatgpt":
      return `The sign-in as ${before.email ?? "somebody"}`
    case "subscription": {
      const { accountId, email, plan } = Credential.claims(before)
      return `The sign-in as ${email ?? accountId ?? "somebody"}${plan === undefined ? "" : ` (${plan} plan)`}`
    }
    default:
      return undefined
  }
}

const isSame = (before: Credential.Stored, now: Credential.Credential): boolean => {
  if (before.kind === "api_key" || now.kind === "api_key") {
    return before.kind === "api_key" && now.kind === "api_key" &&
      Redacted.value(before.api_key) === Redacted.value(now.api_key)
  }
  return before.kind !== "chatgpt_ended" && Host.of(before).account === Host.of(now).account
}
