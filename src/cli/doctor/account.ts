/**
 * What is checked of the sign-in and of the network. Tokens and addresses with secrets in them are never told.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { connect } from "node:net"
import { AuthClient } from "../../auth/AuthClient.ts"
import { expiresAt, isSignIn } from "../../auth/Credential.ts"
import { Credentials } from "../../auth/Credentials.ts"
import * as Host from "../../auth/Host.ts"
import { address } from "../../internal/address.ts"
import { innermost, networkProblem, ProxyProblem } from "../../internal/networkProblem.ts"
import * as Network from "../../node/network/Network.ts"
import * as NodeSocketClient from "../../node/network/NodeSocketClient.ts"
import { Models } from "../../responses/account/Models.ts"
import { SocketClient } from "../../responses/transport/SocketClient.ts"
import { sayConfig } from "../sayConfig.ts"
import { moment, span } from "../time.ts"
import { type Check, fail, type Finding, ok, skipped, warn } from "./Check.ts"

export type Services = Credentials | Models | AuthClient | HttpClient.HttpClient

/** In the order of the manual. */
export const ids = [
  "auth.credential",
  "auth.expiry",
  "net.issuer",
  "net.api",
  "net.proxy",
  "net.websocket",
  "clock.skew"
] as const

const selected = Effect.flatMap(Credentials, (credentials) => Effect.either(credentials.selected))

export const credential: Check<Credentials> = {
  id: "auth.credential",
  look: Effect.map(
    selected,
    Either.match({
      onLeft: ({ message }) => fail("There is no sign-in that could be used", message),
      onRight: ({ credential, source }) =>
        ok(
          credential.kind === "api_key"
            ? `An API key, ${source === "store" ? "stored with effixir login" : "from OPENAI_API_KEY"}`
            : "Signed in with ChatGPT"
        )
    })
  )
}

export const expiry: Check<Credentials> = {
  id: "auth.expiry",
  look: Effect.gen(function*() {
    const found = yield* selected
    if (Either.isLeft(found)) return skipped("There is no sign-in that could be used")
    const { credential } = found.right
    if (!isSignIn(credential)) return skipped("API keys do not expire by themselves")
    const now = yield* DateTime.now
    return Option.match(expiresAt(credential), {
      onNone: () => ok("The sign-in does not say when it expires, and is refreshed when the server refuses it"),
      onSome: (end) =>
        DateTime.lessThanOrEqualTo(end, now)
          ? warn(
            `The token has expired ${moment(end, now)}; the next request refreshes it`,
            "If that does not work: effixir login"
          )
          : ok(`The token expires ${moment(end, now)}, and is refreshed by itself`)
    })
  })
}

/** Less than a check may take, so that two checks can share an answer. */
const answerPatience = Duration.seconds(8)

class NoAnswer extends Data.TaggedError("NoAnswer") {
  override get message(): string {
    return `it has not answered within ${Duration.toSeconds(answerPatience)} seconds`
  }
}

/** How an address answers to a request without a credential; any answer shows that it can be reached. */
const ask = Effect.fnUntraced(
  function*(url: string) {
    const client = yield* HttpClient.HttpClient
    const begin = yield* Clock.currentTimeMillis
    const response = yield* client.pipe(
      HttpClient.withTracerDisabledWhen(() => true),
      HttpClient.withTracerPropagation(false)
    ).execute(HttpClientRequest.get(url))
    yield* Effect.ignore(Effect.timeout(response.text, "2 seconds"))
    const end = yield* Clock.currentTimeMillis
    return { status: response.status, date: response.headers["date"], at: (begin + end) / 2 }
  },
  Effect.scoped,
  (effect) =>
    Effect.timeoutFail(effect, {
      duration: answerPatience,
      onTimeout: () => new NoAnswer()
    })
)

const issuerAddress = address("EFFIXIR_ISSUER", "https://auth.openai.com")

/** Asked once, for two checks. */
export const askIssuer = Effect.flatMap(issuerAddress, (issuer) => Effect.cached(Effect.either(ask(issuer))))

type Asked = Effect.Effect.Success<Effect.Effect.Success<typeof askIssuer>>

export const issuer = (asked: Effect.Effect<Asked, never, HttpClient.HttpClient>): Check<HttpClient.HttpClient> => ({
  id: "net.issuer",
  look: Effect.gen(function*() {
    const server = hostOf(yield* Effect.orDie(issuerAddress))
    return Either.match(yield* asked, {
      onLeft: (error) => unreachable(`the sign-in server ${server}`, error),
      onRight: ({ status }) => answered(`The sign-in server ${server}`, status)
    })
  })
})

/** More makes tokens look expired that are not, or good that are not. */
const maxSkew = Duration.minutes(2)

export const clock = (asked: Effect.Effect<Asked, never, HttpClient.HttpClient>): Check<HttpClient.HttpClient> => ({
  id: "clock.skew",
  look: Effect.map(asked, (asked) => {
    if (Either.isLeft(asked)) return skipped("No server could be asked what time it is")
    const { at, date } = asked.right
    const time = Date.parse(date ?? "")
    if (Number.isNaN(time)) return skipped("The sign-in server does not say what time it is")
    const away = Duration.millis(Math.abs(at - time))
    const way = at > time ? "ahead of" : "behind"
    return Duration.greaterThan(away, maxSkew)
      ? warn(
        `The clock of this machine is ${span(away)} ${way} that of the sign-in server`,
        "Set the clock, best by the network (NTP): sign-ins expire by it"
      )
      : ok("The clock of this machine agrees with that of the sign-in server")
  })
})

const hostOf = (url: string): string => URL.canParse(url) ? new URL(url).host : "at this address"

const networkRemedy = "See whether this machine is online, and whether a proxy is needed (HTTPS_PROXY)"

const unreachable = (server: string, error: unknown): Finding =>
  fail(
    `${server.slice(0, 1).toUpperCase()}${server.slice(1)} cannot be reached: ${networkProblem(error)}`,
    networkRemedy
  )

const answered = (server: string, status: number): Finding =>
  status >= 500
    ? warn(`${server} is in trouble: it answers with ${status}`, "Try again later")
    : ok(`${server} answers`)

/** With a sign-in, whether the server takes it. */
export const api: Check<Credentials | Models | HttpClient.HttpClient> = {
  id: "net.api",
  look: Effect.gen(function*() {
    const addresses = yield* Effect.orDie(Config.unwrap(Host.addresses))
    const found = yield* selected
    if (Either.isLeft(found)) {
      const url = Host.splitUrl(addresses.chatgptBaseUrl).url
      return Either.match(yield* Effect.either(ask(url)), {
        onLeft: (error) => unreachable(`the server ${hostOf(url)}`, error),
        onRight: ({ status }) => answered(`The server ${hostOf(url)}`, status)
      })
    }
    const server = hostOf(Host.of(found.right.credential).baseUrl(addresses))
    const { models, problem, source } = yield* Effect.flatMap(
      Models,
      ({ list }) => list({ refresh: true })
    )
    return source === "live"
      ? ok(`The server ${server} takes the sign-in, and has ${models.length} models`)
      : fail(
        `The server ${server} does not list its models: ${problem ?? "it gives no answer"}`,
        "If it refuses the sign-in: effixir login. If it cannot be reached: see whether this machine is online, and " +
          "whether a proxy is needed (HTTPS_PROXY). If it has no list of models, this does no harm"
      )
  })
}

const proxyPatience = 5000

export const proxy: Check = {
  id: "net.proxy",
  look: Effect.gen(function*() {
    const proxies = Network.proxiesOf(yield* Config.unwrap(Network.config))
    if (proxies.length === 0) return ok("No proxy is set: servers are reached directly")
    for (const { url, variable } of proxies) {
      const problem = yield* reach(new URL(url))
      if (problem !== undefined) {
        return fail(
          `${variable} names the proxy ${new URL(url).host}, which cannot be reached: ${problem}`,
          `Correct ${variable}, or unset it`
        )
      }
    }
    const told = proxies.map(({ url, variable }) => `${new URL(url).host} (${variable})`).join(" and ")
    return ok(`Servers are reached by the proxy ${told}`)
  }).pipe(
    Effect.catchAll((error) => Effect.succeed(fail(sayConfig(error), "Correct the variable, or unset it")))
  )
}

/** A proxy may be there, and give no way to a server. */
export const refusal = (asked: Effect.Effect<Asked, never, HttpClient.HttpClient>) =>
  Effect.gen(function*() {
    if (Network.proxiesOf(yield* Config.unwrap(Network.config)).length === 0) return undefined
    const answer = yield* asked
    const why = Either.isLeft(answer) ? innermost(answer.left) : undefined
    return why instanceof ProxyProblem
      ? fail(why.message, "Correct the variable, or unset it where no proxy is needed")
      : undefined
  })

/** Whether anything listens there. */
const reach = ({ hostname, port, protocol }: URL): Effect.Effect<string | undefined> =>
  Effect.async((resume) => {
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ""),
      port: Number(port || (protocol === "https:" ? 443 : 80)),
      timeout: proxyPatience
    })
    const end = (problem: string | undefined) => {
      socket.destroy()
      resume(Effect.succeed(problem))
    }
    socket.once("connect", () => end(undefined)).once("timeout", () => end("there is no answer"))
      .once("error", (error) => end(networkProblem(error)))
    return Effect.sync(() => socket.destroy())
  })

export const websocket = (transport: string): Check<Credentials | AuthClient> => ({
  id: "net.websocket",
  look: Effect.gen(function*() {
    if (transport === "sse") {
      return skipped("Model calls travel as server-sent events; `effixir config set transport auto` changes that")
    }
    if (Either.isLeft(yield* selected)) return skipped("There is no sign-in that could be used")
    const isNeeded = transport === "websocket"
    const auth = yield* AuthClient
    const sockets = yield* SocketClient
    const opened = yield* auth.send(
      HttpClientRequest.get("/responses", { headers: { "openai-beta": "responses_websockets=2026-02-06" } }),
      (sent) => Effect.either(Effect.scoped(sockets.connect(socketAddress(sent), sent.headers))),
      (answer) =>
        Effect.succeed(
          Either.isLeft(answer) && answer.left.status === 401 ? Option.some(answer.left.headers) : Option.none()
        )
    )
    if (Either.isRight(opened)) return ok("The server takes WebSockets")
    const { cause, status } = opened.left
    const why = status === undefined ? networkProblem(cause) : `it answers with ${status}`
    return (isNeeded ? fail : warn)(
      `No WebSocket to the server can be opened: ${why}`,
      isNeeded
        ? "Let model calls travel otherwise: effixir config set transport sse"
        : "Nothing has to be done: model calls travel as server-sent events instead"
    )
  }).pipe(
    Effect.catchAll((error) => Effect.succeed(fail("No WebSocket to the server can be opened", error.message))),
    Effect.provide(Layer.orDie(NodeSocketClient.layerConfig()))
  )
})

const socketAddress = ({ url, urlParams }: HttpClientRequest.HttpClientRequest): string =>
  `${url.replace(/^http/, "ws")}${urlParams.length === 0 ? "" : `?${UrlParams.toString(urlParams)}`}`
