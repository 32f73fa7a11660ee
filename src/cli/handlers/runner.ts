/**
 * `effixir runner`: a member of a cluster.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import { createServer } from "node:net"
import { hostname } from "node:os"
import { resolve } from "node:path"
import { CredentialStore } from "../../auth/CredentialStore.ts"
import * as NodeCluster from "../../cluster/NodeCluster.ts"
import { Refused } from "../../cluster/Refused.ts"
import { SessionAgents } from "../../cluster/SessionAgents.ts"
import * as SessionFeeds from "../../cluster/SessionFeeds.ts"
import * as SessionRunner from "../../cluster/SessionRunner.ts"
import * as Waits from "../../cluster/Waits.ts"
import { quote } from "../../internal/quote.ts"
import * as Home from "../../node/settings/Home.ts"
import * as Overrides from "../../node/settings/Overrides.ts"
import * as Trust from "../../node/settings/Trust.ts"
import * as Questions from "../../server/Questions.ts"
import { SessionStore } from "../../session/SessionStore.ts"
import * as Credentials from "../cluster/credentials.ts"
import * as Database from "../cluster/database.ts"
import * as Common from "../commands/options.ts"
import type { Flags } from "../commands/runner.ts"
import { databaseUrl } from "../databaseUrl.ts"
import * as ExitCode from "../ExitCode.ts"
import { Interruption } from "../Interruption.ts"
import { sandboxFor } from "../sandbox.ts"
import { Screen } from "../Screen.ts"
import * as Agents from "../serve/agents.ts"
import { settings } from "../settings.ts"

export const handle = Effect.fnUntraced(
  function*(flags: Flags) {
    const url = yield* databaseUrl(flags.database)
    if (Option.isNone(url)) {
      return yield* new ExitCode.BadInput({
        message: "Which database do the runners share? effixir runner --database URL"
      })
    }
    // The client of the database tells of itself.
    process.noDeprecation = true
    const home = yield* Home.config
    const drain = yield* Common.durationOf("drain", flags.drain)
    const retention = yield* Common.durationOf("retention", flags.retention)
    const listen = yield* addressOf(Option.getOrElse(flags.listen, () => "127.0.0.1:0"))
    const folder = resolve(Option.getOrElse(flags.workspace, () => "."))
    if (flags.trust) yield* Trust.trust(home, folder)
    // What cannot be had is told now, and not to the first client.
    yield* sandboxFor({ ...yield* settings(folder), folder })

    const credentials = (yield* Credentials.hasKey)
      ? Context.get(yield* Common.override(flags)(Layer.build(Credentials.layer(url.value))), CredentialStore)
      : undefined
    // What listens everywhere is reached by its name.
    const host = /^(?:0\.0\.0\.0|::)$/.test(listen.host) ? hostname() : listen.host
    const running = SessionRunner.layer.pipe(
      Layer.provide(layerAgents({ folder, flags, tokenFile: home.serveToken, credentials })),
      Layer.provide(SessionFeeds.layer),
      Layer.provide(Database.layerSessions({ takesOver: true })),
      Layer.provide(NodeCluster.layerRunner({ host, port: listen.port, listen, drain, retention })),
      Layer.provide(Database.layerClient(url.value)),
      Layer.provide(Logger.minimumLogLevel(LogLevel.Warning))
    )
    const interruption = yield* Interruption
    yield* Effect.scoped(Effect.gen(function*() {
      yield* Layer.build(running)
      yield* tell(`${host}:${listen.port}`)
      yield* Effect.never
    })).pipe(
      Effect.catchTag("SocketServerError", ({ cause }) =>
        new ExitCode.BadInput({
          message: `The runner cannot listen at ${listen.host}:${listen.port}: ${
            cause instanceof Error ? cause.message : String(cause)
          }`
        })),
      // To be stopped is how a runner ends.
      Effect.onInterrupt(() => interruption.tellEnd(Effect.succeed(ExitCode.success), Effect.void))
    )
  },
  Effect.scoped,
  (running, { set }) => Overrides.withOverrides(set)(running)
)

/** The agents of `effixir serve`, over the sessions of the database. */
const layerAgents = (options: Omit<Agents.Options, "aroundSessions" | "toolkit">) =>
  Layer.scoped(
    SessionAgents,
    Effect.gen(function*() {
      const store = yield* SessionStore
      const questions = yield* Questions.Questions
      const served = yield* Agents.make({ ...options, aroundSessions: () => store, toolkit: Waits.toolkit })
      return SessionAgents.of({
        agent: (session) =>
          Effect.mapError(
            served.agent(session),
            ({ details, kind, message }) => new Refused({ kind, message, details })
          ),
        answer: questions.answer
      })
    })
  ).pipe(Layer.provide(Questions.layer))

const addressOf = Effect.fnUntraced(function*(given: string) {
  const [, host = "", port = ""] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(given.trim()) ?? []
  if (host === "" || Number(port) > 65_535) {
    return yield* new ExitCode.BadInput({ message: `--listen cannot be ${quote(given)}: give it HOST:PORT` })
  }
  return { host, port: port === "0" ? yield* freePort(host) : Number(port) }
})

/** The others are told the port before this runner listens. */
const freePort = (host: string) =>
  Effect.async<number, ExitCode.BadInput>((resume) => {
    const server = createServer()
    server.once("error", ({ message }) =>
      resume(new ExitCode.BadInput({ message: `The runner cannot listen at ${quote(host)}: ${message}` })))
    server.listen(0, host, () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      server.close(() =>
        resume(Effect.succeed(port))
      )
    })
  })

const tell = Effect.fnUntraced(function*(address: string) {
  const screen = yield* Screen
  yield* screen.out(
    screen.isOutTerminal
      ? `Running sessions at ${address}\nCtrl-C ends the runner: others go on with its turns.\n`
      : `${JSON.stringify({ type: "runner.started", address })}\n`
  )
})
