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

/**
 * What the environment says of the network.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly httpsProxy: Option.Option<string>
  readonly httpProxy: Option.Option<string>
  /** Hosts that are reached without a proxy, with commas between them. */
  readonly noProxy: Option.Option<string>
  /** A file of certificates to trust beside those that Node trusts. */
  readonly certificates: Option.Option<string>
}

/** Lower case comes first, as in every other program. */
const variable = (name: string) =>
  Config.all([Config.option(Config.nonEmptyString(name)), Config.option(Config.nonEmptyString(name.toUpperCase()))])
    .pipe(Config.map(Option.firstSomeOf))

const config: Config.Config.Wrap<Options> = {
  httpsProxy: variable("https_proxy"),
  httpProxy: variable("http_proxy"),
  noProxy: variable("no_proxy"),
  certificates: Config.option(Config.nonEmptyString("SSL_CERT_FILE"))
}

/** @since 0.1.0 @category constructors */
export const makeFetch = Effect.fnUntraced(function*(options: Options) {
  const hasProxy = Option.isSome(options.httpsProxy) || Option.isSome(options.httpProxy)
  const ca = yield* Effect.transposeMapOption(options.certificates, readCertificates)
  if (!hasProxy && Option.isNone(ca)) return globalThis.fetch
  const loaded = lazily(() => load(options, Option.getOrUndefined(ca)))
  const fetch: typeof globalThis.fetch = (input, init) => {
    // Certificates are nothing to a plain connection, as to a server on this machine.
    const isPlain = !hasProxy && String(input instanceof Request ? input.url : input).startsWith("http:")
    return isPlain ? globalThis.fetch(input, init) : loaded().then((fetch) => fetch(input, init))
  }
  return fetch
})

/**
 * `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in capitals or not, and `SSL_CERT_FILE`. Node itself reads
 * `NODE_EXTRA_CA_CERTS`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options> = config
): Layer.Layer<HttpClient | FetchHttpClient.Fetch, ConfigError> =>
  FetchHttpClient.layer.pipe(
    Layer.provideMerge(Layer.effect(FetchHttpClient.Fetch, Effect.flatMap(Config.unwrap(options), makeFetch)))
  )

/** Node's own `fetch` knows of neither; the library it is made of does, and costs its loading when it is needed. */
const load = async (options: Options, ca: string | undefined): Promise<typeof globalThis.fetch> => {
  const { EnvHttpProxyAgent, fetch } = await import("undici")
  const tls = ca === undefined ? {} : { ca: [...rootCertificates, ca, ...alsoTrusted()] }
  const dispatcher = new EnvHttpProxyAgent({
    // An empty text keeps it from looking into the environment once more.
    httpProxy: Option.getOrElse(options.httpProxy, () => ""),
    httpsProxy: Option.getOrElse(options.httpsProxy, () => ""),
    noProxy: Option.getOrElse(options.noProxy, () => ""),
    // A plain request needs no tunnel, and many proxies give none to port 80.
    proxyTunnel: false,
    connect: tls,
    requestTls: tls,
    proxyTls: tls
  })
  const proxied = (input: unknown, init: unknown) =>
    fetch(input as Parameters<typeof fetch>[0], { ...init as Parameters<typeof fetch>[1], dispatcher })
  return proxied as unknown as typeof globalThis.fetch
}

const readCertificates = (path: string) =>
  Effect.try({ try: () => readFileSync(path, "utf8"), catch: () => "cannot be read" }).pipe(
    // Node says nothing of a file in which it finds none.
    Effect.filterOrFail((text) => /-BEGIN (?:[A-Z0-9]+ )?CERTIFICATE-/.test(text), () => "holds no certificate (PEM)"),
    Effect.catchAll((why) =>
      Effect.as(Effect.logWarning(`SSL_CERT_FILE names ${path}, which ${why}; it is left aside`), "")
    )
  )

/** Naming certificates replaces those that Node has read at its start, or has complained of. */
const alsoTrusted = (): ReadonlyArray<string> => {
  try {
    return [readFileSync(process.env["NODE_EXTRA_CA_CERTS"] ?? "", "utf8")]
  } catch {
    return []
  }
}

const lazily = <A>(make: () => A): () => A => {
  let made: { readonly value: A } | undefined
  return () => (made ??= { value: make() }).value
}
