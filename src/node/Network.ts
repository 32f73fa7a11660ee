/**
 * How requests leave this machine: directly, or through the proxies and with the certificates that the environment
 * names. Auth and API take the same way.
 *
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type { HttpClient } from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { readFileSync } from "node:fs"
import { rootCertificates } from "node:tls"

const anyOf = (...names: ReadonlyArray<string>) =>
  Config.all(names.map((name) => Config.option(Config.nonEmptyString(name)))).pipe(Config.map(Option.firstSomeOf))

const proxy = anyOf("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY")
const certificates = Config.option(Config.nonEmptyString("SSL_CERT_FILE"))

/** @since 0.1.0 @category constructors */
export const makeFetch: Effect.Effect<typeof globalThis.fetch, ConfigError> = Effect.gen(function*() {
  const hasProxy = Option.isSome(yield* proxy)
  const file = yield* certificates
  if (!hasProxy && Option.isNone(file)) return globalThis.fetch
  const ca = yield* Option.match(file, {
    onNone: () => Effect.succeed(undefined),
    onSome: (path) => Effect.map(readCertificates(path), trustAlso)
  })
  const viaUndici = lazily(() => load(ca))
  return (input, init) => {
    // Certificates are nothing to a plain connection, as to a server on this machine.
    const isPlain = !hasProxy && String(input instanceof Request ? input.url : input).startsWith("http:")
    return isPlain ? globalThis.fetch(input, init) : viaUndici().then((fetch) => fetch(input, init))
  }
})

/**
 * `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in capitals or not, and `SSL_CERT_FILE` for certificates beside those that
 * Node trusts (Node itself reads `NODE_EXTRA_CA_CERTS`).
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<HttpClient | FetchHttpClient.Fetch, ConfigError> = FetchHttpClient.layer.pipe(
  Layer.provideMerge(Layer.effect(FetchHttpClient.Fetch, makeFetch))
)

/** Node's own `fetch` knows of neither; the library it is made of does, and costs its loading when it is needed. */
const load = async (ca: ReadonlyArray<string> | undefined): Promise<typeof globalThis.fetch> => {
  const { EnvHttpProxyAgent, fetch } = await import("undici")
  const tls = ca === undefined ? {} : { ca: [...ca] }
  const dispatcher = new EnvHttpProxyAgent({ connect: tls, requestTls: tls, proxyTls: tls })
  const proxied = (input: unknown, init: unknown) =>
    fetch(input as Parameters<typeof fetch>[0], { ...init as Parameters<typeof fetch>[1], dispatcher })
  return proxied as unknown as typeof globalThis.fetch
}

const readCertificates = (path: string) =>
  Effect.try(() => readFileSync(path, "utf8")).pipe(
    Effect.catchAll(() =>
      Effect.as(Effect.logWarning(`SSL_CERT_FILE names ${path}, which cannot be read; it is left aside`), "")
    )
  )

const trustAlso = (pem: string): ReadonlyArray<string> | undefined => {
  if (pem === "") return undefined
  const extra = process.env["NODE_EXTRA_CA_CERTS"]
  return [...rootCertificates, pem, ...(extra === undefined || extra === "" ? [] : [readFileSync(extra, "utf8")])]
}

const lazily = <A>(make: () => A): () => A => {
  let made: { readonly value: A } | undefined
  return () => (made ??= { value: make() }).value
}
