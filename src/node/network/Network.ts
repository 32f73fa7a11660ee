/**
 * How requests leave this machine: directly, or through the proxies and with the certificates that the environment
 * names. Auth and API requests are sent the same way.
 *
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { readFileSync } from "node:fs"
import type { AgentOptions } from "node:https"
import { readPlainText } from "../files/readPlainFile.ts"

/**
 * The network settings of the environment.
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

/** @since 0.1.0 @category config */
export const config: Config.Config.Wrap<Options> = {
  httpsProxy: variable("https_proxy"),
  httpProxy: variable("http_proxy"),
  noProxy: variable("no_proxy"),
  certificates: Config.option(Config.nonEmptyString("SSL_CERT_FILE"))
}

/**
 * Straight to the server by `node:http`: a stream that `fetch` reads holds 30 KB more, and takes twice the time. Only
 * `fetch` supports proxies. Neither follows redirects, so that a secret goes only to the server it was sent to.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(options: Options) {
  const tls = yield* makeTls(options)
  const hasProxy = Option.isSome(options.httpsProxy) || Option.isSome(options.httpProxy)
  if (hasProxy) return yield* proxied(options, tls)
  return yield* direct({ keepAlive: true, timeout: keptAlive, ...tls })
})

/** Loaded with the first request: many commands make none. */
const direct = Effect.fnUntraced(function*(options: AgentOptions) {
  const scope = yield* Effect.scope
  const loaded = yield* Effect.promise(() => import("./NodeHttp.ts")).pipe(
    Effect.flatMap((NodeHttp) => NodeHttp.make(options)),
    Scope.extend(scope),
    // The next request would share the interruption of the first.
    Effect.uninterruptible,
    Effect.cached
  )
  const client: HttpClient.HttpClient = HttpClient.makeWith(
    (request: Effect.Effect<HttpClientRequest>) =>
      Effect.flatMap(request, (request) => Effect.flatMap(loaded, (client) => client.execute(request))),
    Effect.succeed
  )
  return client
})

/** In milliseconds, as `fetch` does: many servers close a connection that is not used after five seconds. */
const keptAlive = 4000

const proxied = Effect.fnUntraced(function*(options: Options, tls: Tls) {
  let loaded: Promise<Proxied> | undefined
  yield* Effect.addFinalizer(() => Effect.ignore(Effect.tryPromise(async () => (await loaded)?.close())))
  const fetch: typeof globalThis.fetch = (input, init) =>
    (loaded ??= load(options, tls)).then(({ fetch }) => fetch(input, init))
  return yield* HttpClient.HttpClient.pipe(
    Effect.provide(FetchHttpClient.layer),
    Effect.map(HttpClient.transformResponse((response) =>
      response.pipe(
        Effect.provideService(FetchHttpClient.Fetch, fetch),
        Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" })
      )
    ))
  )
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
): Layer.Layer<HttpClient.HttpClient, ConfigError> =>
  Layer.scoped(HttpClient.HttpClient, Effect.flatMap(Config.unwrap(options), make))

/**
 * The proxy on the way to a URL, if there is one: an `http:` one for what is not encrypted, and for the rest too if no
 * other is named.
 *
 * @since 0.1.0
 * @category accessors
 */
export const proxyFor = (options: Options, url: URL): Option.Option<string> => {
  const isSecure = url.protocol === "https:" || url.protocol === "wss:"
  const proxy = isSecure ? Option.orElse(options.httpsProxy, () => options.httpProxy) : options.httpProxy
  const port = url.port === "" ? isSecure ? "443" : "80" : url.port
  const isDirect = Option.getOrElse(options.noProxy, () => "").split(/[,\s]+/).some((entry) => {
    const [, name = "", only = port] = /^(?:\*?\.)?(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? []
    return entry === "*" || name !== "" && only === port && `.${url.hostname}`.endsWith(`.${name}`)
  })
  return isDirect ? Option.none() : proxy
}

/**
 * The certificates to trust; nothing if Node's own are enough.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tls {
  readonly ca?: Array<string>
}

/** @since 0.1.0 @category constructors */
export const makeTls = Effect.fnUntraced(function*(options: Options) {
  const ca = yield* Effect.transposeMapOption(options.certificates, readCertificates)
  if (Option.isNone(ca)) return nothingMore
  const { rootCertificates } = yield* Effect.promise(() => import("node:tls"))
  const tls: Tls = { ca: [...rootCertificates, ca.value, ...alsoTrusted()] }
  return tls
})

const nothingMore: Tls = {}

interface Proxied {
  readonly fetch: typeof globalThis.fetch
  readonly close: () => Promise<void>
}

/** Node's own `fetch` supports neither; undici, the library behind it, does, and is loaded only when needed. */
const load = async (options: Options, tls: Tls): Promise<Proxied> => {
  const { EnvHttpProxyAgent, fetch } = await import("undici")
  const dispatcher = new EnvHttpProxyAgent({
    // An empty text keeps it from reading the environment itself.
    httpProxy: Option.getOrElse(options.httpProxy, () => ""),
    httpsProxy: Option.getOrElse(options.httpsProxy, () => ""),
    noProxy: Option.getOrElse(options.noProxy, () => ""),
    // A plain request needs no tunnel, and many proxies refuse one to port 80.
    proxyTunnel: false,
    connect: tls,
    requestTls: tls,
    proxyTls: tls
  })
  const proxied = (input: unknown, init: unknown) =>
    fetch(input as Parameters<typeof fetch>[0], { ...init as Parameters<typeof fetch>[1], dispatcher })
  return { fetch: proxied as unknown as typeof globalThis.fetch, close: () => dispatcher.destroy() }
}

const readCertificates = (path: string) =>
  readPlainText(path).pipe(
    Effect.mapError(() => "cannot be read"),
    // Node does not complain about a file without certificates.
    Effect.filterOrFail((text) => /-BEGIN (?:[A-Z0-9]+ )?CERTIFICATE-/.test(text), () => "holds no certificate (PEM)"),
    Effect.catchAll((why) =>
      Effect.as(Effect.logWarning(`SSL_CERT_FILE names ${path}, which ${why}; it is left aside`), "")
    )
  )

/** Passing certificates replaces those of `NODE_EXTRA_CA_CERTS`, which Node has read, or warned about, at its start. */
const alsoTrusted = (): ReadonlyArray<string> => {
  try {
    return [readFileSync(process.env["NODE_EXTRA_CA_CERTS"] ?? "", "utf8")]
  } catch {
    return []
  }
}
