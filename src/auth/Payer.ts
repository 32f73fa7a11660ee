/**
 * Who pays for what a credential is used for.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { base64url } from "jose"
import type { Credential } from "./Credential.ts"
import * as Host from "./Host.ts"

/**
 * The payer in one word, to tell whether it is still the same: the account of a sign-in; of an API key the beginning of
 * its SHA-256, since nothing else tells one key from another, with the organization and the project that are set.
 *
 * @since 0.1.0
 * @category accessors
 */
export const of = (credential: Credential, { organization, project }: Host.Billing): Effect.Effect<string> => {
  const { account } = Host.of(credential)
  if (credential.kind !== "api_key") return Effect.succeed(account)
  return Effect.map(
    digest(Redacted.value(credential.api_key)),
    (key) => [account, key, ...Option.toArray(organization), ...Option.toArray(project)].join(":")
  )
}

const digest = (key: string): Effect.Effect<string> =>
  Effect.promise(async () => {
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key))
    return base64url.encode(new Uint8Array(hash)).slice(0, 12)
  })
