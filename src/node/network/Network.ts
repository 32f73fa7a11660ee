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
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"
import { readFileSync } from "node:fs"
import type { AgentOptions } from "node:https"
import { BlockList, isIP } from "node:net"
import { loadedOnce } from "../../internal/loadedOnce.ts"
import { innermost, networkProblem, ProxyProblem } from "../../internal/networkProblem.ts"
import { readPlainText } from "../files/readPlainFile.ts"

/**
 * A proxy, and the variable that names it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Proxy {
  readonly variable: string
  readonly url: string
}

/**
 * The network settings of the environment.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly httpsProxy: Option.Option<Proxy>
  readonly httpProxy: Option.Option<Proxy>
  /** Hosts that are reached without a proxy, with commas between them. */
  readonly noProxy: Option.Option<string>
  /** A file of certificates to trust beside those that Node trusts. */
  readonly certificates: Option.Option<string>
}

/** The value of a variable with its name. Lower case comes first, as in every other program. */
const variable = (name: string): Config.Config<Option.Option<Named>> =>
  Config.all(
    [name, name.toUpperCase()].map((variable) =>
      Config.option(Config.map(Config.nonEmptyString(variable), (value): Named => ({ variable, value: value.trim() })))
    )
  ).pipe(Config.map(Option.firstSomeOf))

interface Named {
  readonly variable: string
  readonly value: string
}

/** The first of some variables that is set, as a proxy. What is wrong with the others does not matter. */
const proxy = (...names: ReadonlyArray<string>): Config.Config<Option.Option<Proxy>> =>
  Config.all(names.map(variable)).pipe(
    Config.map(Option.firstSomeOf),
    Config.mapOrFail(Option.match({
      onNone: () => Either.right(Option.none<Proxy>()),
      onSome: ({ value, variable }) =>
        Either.mapBoth(toProxyUrl(value), {
          onLeft: (message) => ConfigError.InvalidData([variable], message),
          onRight: (url) => Option.some({ variable, url })
        })
    }))
  )

/** Most programs take an address without a scheme as well. The address may hold a password, and is not told. */
const toProxyUrl = (value: string): Either.Either<string, string> => {
  const [, scheme = "http"] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(value) ?? []
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`
  if (/^socks/i.test(scheme)) {
    return Either.left(
      "SOCKS proxies are not supported; name an HTTP proxy as http://HOST:PORT (many programs that offer a SOCKS proxy " +
        "offer one of those as well)"
    )
  }
  return /^https?$/i.test(scheme) && URL.canParse(url) && new URL(url).hostname !== ""
    ? Either.right(new URL(url).href)
    : Either.left("expected the address of a proxy, as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT")
}

/** @since 0.1.0 @category config */
export const config: Config.Config.Wrap<Options> = {
  httpsProxy: proxy("https_proxy", "all_proxy"),
  httpProxy: proxy("http_proxy", "all_proxy"),
  noProxy: Config.map(variable("no_proxy"), Option.map(({ value }) => value)),
  certificates: Config.option(Config.nonEmptyString("SSL_CERT_FILE"))
}

/**
 * The proxies in use, each once.
 *
 * @since 0.1.0
 * @category accessors
 */
export const proxiesOf = ({ httpProxy, httpsProxy }: Options): ReadonlyArray<Proxy> =>
  [...Option.toArray(httpsProxy), ...Option.toArray(httpProxy)].filter(({ url }, index, all) =>
    all.findIndex((other) => other.url === url) === index
  )

/**
 * Straight to the server by `node:http`: a stream that `fetch` reads holds 30 KB more, and takes twice the time. Only
 * `fetch` supports proxies. Neither follows redirects, so that a secret goes only to the server it was sent to.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 * import { Network, NodeHttp } from "effixir/node"
 *
 * const options: Network.Options = {
 *   httpsProxy: Option.some({ variable: "HTTPS_PROXY", url: "http://proxy.example.com:3128" }),
 *   httpProxy: Option.none(),
 *   noProxy: Option.some("localhost,.example.com"),
 *   certificates: Option.none()
 * }
 *
 * const client = Network.make(options)
 * const fetch = Network.makeFetch(options) // for a library that brings no HTTP client
 * const direct = Effect.flatMap(Network.makeTls(options), NodeHttp.make) // past the proxy
 * ```
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
    loadedOnce
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
 * `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in capitals or not, and `SSL_CERT_FILE`. Node itself reads
 * `NODE_EXTRA_CA_CERTS`.
 *
 * @example
 * ```ts
 * import * as Config from "effect/Config"
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 * import { Network } from "effixir/node"
 *
 * const HttpClientLive = Network.layerConfig() // HTTPS_PROXY and the like, SSL_CERT_FILE
 *
 * const way = Effect.gen(function*() {
 *   const options = yield* Config.unwrap(Network.config)
 *   yield* Effect.log(Network.proxiesOf(options).map(({ variable }) => variable))
 *   return Option.isSome(Network.proxyFor(options, new URL("https://api.openai.com"))) ? "by a proxy" : "straight"
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options> = config
): Layer.Layer<HttpClient.HttpClient, ConfigError.ConfigError> =>
  Layer.scoped(HttpClient.HttpClient, Effect.flatMap(Config.unwrap(options), make))

/**
 * The proxy on the way to a URL, if there is one: an `http:` one for what is not encrypted, and for the rest too if no
 * other is named.
 *
 * @since 0.1.0
 * @category accessors
 */
export const proxyFor = (options: Options, url: URL): Option.Option<Proxy> => {
  const isSecure = url.protocol === "https:" || url.protocol === "wss:"
  const port = url.port === "" ? isSecure ? "443" : "80" : url.port
  const host = url.hostname.toLowerCase().replace(/^\[|\]$/g, "")
  const entries = Option.getOrElse(options.noProxy, () => "").toLowerCase().split(/[,\s]+/)
  if (entries.some((entry) => isFor(entry, host, port))) return Option.none()
  return isSecure ? Option.orElse(options.httpsProxy, () => options.httpProxy) : options.httpProxy
}

/** Whether an entry of `NO_PROXY` means a host: by its name, that of a domain above, its address or a range of those. */
const isFor = (entry: string, host: string, port: string): boolean => {
  if (entry === "" || entry === "*") return entry === "*"
  const family = isIP(host)
  const [, network = "", bits] = /^\[?([0-9a-f.:]+)\]?\/(\d{1,3})$/.exec(entry) ?? []
  if (bits !== undefined) return family !== 0 && family === isIP(network) && isInRange(host, network, Number(bits))
  const [, bracketed, plain = "", only = port] = /^(?:\[([^\]]*)\]|((?:[^:]*)|.*:.*:.*?))(?::(\d+))?$/.exec(entry) ?? []
  const name = (bracketed ?? plain).replace(/^\*?\./, "")
  if (name === "" || only !== port) return false
  return family === 0 ? `.${host}`.endsWith(`.${name}`) : isSameAddress(host, name)
}

const isInRange = (host: string, network: string, bits: number): boolean => {
  const family = isIP(network) === 6 ? "ipv6" : "ipv4"
  if (bits > (family === "ipv6" ? 128 : 32)) return false
  const range = new BlockList()
  range.addSubnet(network, bits, family)
  return range.check(host, family)
}

/** An address of version 6 can be written in several ways. */
const isSameAddress = (host: string, other: string): boolean =>
  host === other ||
  isIP(host) !== 0 && isIP(host) === isIP(other) && isInRange(host, other, isIP(host) === 6 ? 128 : 32)

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

/**
 * A `fetch` that goes the same way, for libraries that bring no HTTP client of their own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeFetch = Effect.fnUntraced(function*(options: Options) {
  const tls = yield* makeTls(options)
  if (tls === nothingMore && proxiesOf(options).length === 0) return globalThis.fetch
  const { fetch } = yield* Effect.acquireRelease(
    Effect.promise(() => load(options, tls)),
    ({ close }) => Effect.ignore(Effect.tryPromise(close))
  )
  return fetch
})

interface Proxied {
  readonly fetch: typeof globalThis.fetch
  readonly close: () => Promise<void>
}

/** Node's own `fetch` supports neither; undici, the library behind it, does, and is loaded only when needed. */
const load = async (options: Options, tls: Tls): Promise<Proxied> => {
  const { Agent, fetch, ProxyAgent } = await import("../../vendor/undici.ts")
  const direct = new Agent({ connect: tls })
  const proxies = new Map(
    proxiesOf(options).map(({ url }) => [
      url,
      // A plain request needs no tunnel, and many proxies refuse one to port 80.
      new ProxyAgent({ uri: url, proxyTunnel: false, connect: tls, requestTls: tls, proxyTls: tls })
    ])
  )
  const proxied = async (input: unknown, init: unknown) => {
    const proxy = Option.getOrUndefined(
      proxyFor(options, new URL(input instanceof Request ? input.url : String(input)))
    )
    const dispatcher = proxies.get(proxy?.url ?? "") ?? direct
    const sent = fetch(input as Parameters<typeof fetch>[0], { ...init as Parameters<typeof fetch>[1], dispatcher })
    return proxy === undefined ? sent : sent.catch((error: unknown) => Promise.reject(ofProxy(proxy, error) as Error))
  }
  return {
    fetch: proxied as unknown as typeof globalThis.fetch,
    close: async () => {
      await Promise.all([direct, ...proxies.values()].map((agent) => agent.destroy()))
    }
  }
}

/**
 * What went wrong at a proxy, told with the variable that names it. All others are of the server behind it.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Network } from "effixir/node"
 *
 * const proxy = { variable: "HTTPS_PROXY", url: "http://proxy.example.com:3128" }
 *
 * // Says which variable to look at, where it was the proxy.
 * const told = <A, E, R>(call: Effect.Effect<A, E, R>) => Effect.mapError(call, (error) => Network.ofProxy(proxy, error))
 *
 * Network.refusedBy(proxy, 407).message
 * ```
 *
 * @since 0.1.0
 * @category errors
 */
export const ofProxy = (proxy: Proxy, error: unknown): unknown => {
  const inner = innermost(error)
  const status = Number(/Proxy (?:response|Authentication Required) \((\d+)\)/i.exec(String(inner))?.[1] ?? NaN)
  if (!Number.isNaN(status)) return refusedBy(proxy, status)
  const code = Predicate.hasProperty(inner, "code") ? String(inner.code) : ""
  if (!notReached.test(code)) return error
  return new ProxyProblem(
    `${proxy.variable} names the proxy ${new URL(proxy.url).host}, which cannot be reached (${
      networkProblem(error)
    }); ` +
      "correct it, or unset it where no proxy is needed",
    /^(?:ECONNREFUSED|ENOTFOUND|EINVAL|EADDRNOTAVAIL)$/.test(code)
  )
}

/** There is no connection, which would have been one to the proxy. */
const notReached =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EINVAL|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT)$/

/**
 * A proxy that gives no way to a server.
 *
 * @since 0.1.0
 * @category errors
 */
export const refusedBy = ({ url, variable }: Proxy, status: number): ProxyProblem => {
  const { host, username } = new URL(url)
  const proxy = `the proxy ${host}, which ${variable} names,`
  if (status !== 407) {
    return new ProxyProblem(
      `${proxy} gives no way to the server: it answered ${status}; try again later, or unset ${variable} where no ` +
        "proxy is needed",
      status < 500
    )
  }
  const form = `into ${variable}, as http://USER:PASSWORD@HOST:PORT`
  return new ProxyProblem(
    username === ""
      ? `${proxy} wants a name and a password (407); put them ${form}`
      : `${proxy} does not accept the name and the password that it gets (407); put the right ones ${form}`,
    true
  )
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
