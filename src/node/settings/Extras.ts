/**
 * What requests to the servers in use carry besides, with the values that the environment has.
 *
 * @internal
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { ConfigError } from "../../auth/ConfigError.ts"
import * as Host from "../../auth/Host.ts"
import type * as Servers from "./Servers.ts"

/**
 * The values for the addresses in use; a variable that only another server needs need not be set.
 *
 * @param source the file that says it
 *
 * @since 0.1.0
 * @category loading
 */
export const resolve = Effect.fnUntraced(
  function*(servers: Servers.Servers, addresses: Host.Addresses, source: string) {
    const inUse = new Set(Object.values(addresses).map((address) => Host.splitUrl(address).url))
    const extras: Record<string, Host.Extras> = {}
    for (const [address, { headers = {}, query = {} }] of Object.entries(servers)) {
      const { url } = Host.splitUrl(address)
      if (!inUse.has(url)) continue
      const at = { source, server: address }
      const [ofHeaders, ofQuery] = [yield* values(headers, "headers", at), yield* values(query, "query", at)]
      extras[url] = {
        headers: ofHeaders.values,
        query: ofQuery.values,
        secrets: [...ofHeaders.secrets, ...ofQuery.secrets]
      }
    }
    return extras
  }
)

const values = Effect.fnUntraced(function*(
  given: { readonly [name: string]: Servers.Value },
  kind: string,
  { server, source }: { readonly source: string; readonly server: string }
) {
  const values: Record<string, Redacted.Redacted> = {}
  const secrets: Array<Redacted.Redacted> = []
  for (const [name, value] of Object.entries(given)) {
    const isNamed = typeof value !== "string"
    const text = isNamed
      ? yield* Effect.mapError(
        Config.nonEmptyString(value.env),
        () =>
          new ConfigError({
            key: `servers.${server}.${kind}.${name}`,
            source,
            expected: `the variable ${value.env} of the environment is not set`
          })
      )
      : value
    // A value that was pasted with a line break is still valid, and no header can hold one.
    const secret = Redacted.make(kind === "headers" ? text.replace(/[^\t\x20-\x7e]/g, "").trim() : text)
    values[name] = secret
    if (isNamed || Host.isSecretName(name)) secrets.push(secret)
  }
  return { values, secrets }
})
