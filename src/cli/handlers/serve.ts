/**
 * `effixir serve`: sessions over HTTP.
 */
import * as HttpServer from "@effect/platform/HttpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { existsSync, statSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { makeFolder } from "../../internal/makeFolder.ts"
import { quote } from "../../internal/quote.ts"
import { prose } from "../../internal/visible.ts"
import * as NodeServer from "../../node/network/NodeServer.ts"
import { layerSessions } from "../../node/NodeSessions.ts"
import * as Home from "../../node/settings/Home.ts"
import * as Overrides from "../../node/settings/Overrides.ts"
import * as ServerToken from "../../node/settings/ServerToken.ts"
import * as Trust from "../../node/settings/Trust.ts"
import * as EventFeeds from "../../server/EventFeeds.ts"
import * as Questions from "../../server/Questions.ts"
import { ServedAgents } from "../../server/ServedAgents.ts"
import * as Server from "../../server/Server.ts"
import * as Common from "../commands/options.ts"
import type { Flags } from "../commands/serve.ts"
import { databaseUrl } from "../databaseUrl.ts"
import * as ExitCode from "../ExitCode.ts"
import { Interruption } from "../Interruption.ts"
import { checkPolicy } from "../permissionModes.ts"
import { sandboxFor } from "../sandbox.ts"
import { Screen } from "../Screen.ts"
import * as Agents from "../serve/agents.ts"
import { settings } from "../settings.ts"

export const handle = Effect.fnUntraced(function*(flags: Flags) {
  const host = Option.getOrElse(flags.host, () => "127.0.0.1")
  const home = yield* Home.config
  const port = yield* portOf(Option.getOrElse(flags.port, () => "0"))
  const maxTurns = yield* Common.countOf("max-turns", flags.maxTurns)
  const maxBody = yield* Common.countOf("max-body", flags.maxBody)
  const grace = yield* Common.durationOf("drain", flags.drain)
  const folder = resolve(Option.getOrElse(flags.workspace, () => "."))
  const tokenFile = Option.match(flags.tokenFile, { onNone: () => home.serveToken, onSome: (file) => resolve(file) })
  if (flags.trust) yield* Trust.trust(home, folder)
  // What cannot be had is told now, and not to the first client.
  const usual = yield* settings(folder)
  yield* sandboxFor({ ...usual, folder })
  yield* checkPolicy(flags.policy, usual)
  const tokenFolder = dirname(tokenFile)
  if (Option.isNone(flags.tokenFile)) yield* Effect.ignore(makeFolder(tokenFolder, 0o700))
  else if (!existsSync(tokenFolder)) {
    return yield* new ExitCode.BadInput({
      message: `--token-file cannot be ${quote(tokenFile)}: there is no folder ${quote(tokenFolder)}`
    })
  }
  const token = yield* ServerToken.load(tokenFile)

  const options = { token, hosts: [host, ...flags.allowHost], maxBody, grace }
  const database = yield* databaseUrl(flags.database)
  const own = Server.layer({ ...options, maxTurns }).pipe(
    Layer.provideMerge(Agents.layer({ folder, flags, tokenFile })),
    Layer.provide(Layer.mergeAll(EventFeeds.layer({ grown: sizeOf(home.sessions) }), Questions.layer)),
    Layer.provide(layerSessions)
  )
  const ofCluster = (url: Redacted.Redacted) =>
    Layer.unwrapEffect(Effect.map(
      Effect.promise(() => import("../serve/gateway.ts")),
      (gateway) => Layer.provideMerge(Server.layerOver(options), gateway.layer(url))
    ))
  const listening = NodeServer.layer({ host, port })
  const serving = Option.match(database, {
    onNone: () => Layer.build(Layer.provideMerge(own, listening)),
    onSome: (url) => Layer.build(Layer.provideMerge(ofCluster(url), listening))
  })
  const interruption = yield* Interruption
  yield* Effect.scoped(Effect.gen(function*() {
    const services = yield* serving
    // The folder has to be there before anybody asks for it.
    yield* Effect.mapError(
      Context.get(services, ServedAgents).workspace(undefined),
      ({ message }) => new ExitCode.BadInput({ message })
    )
    yield* tell(host, tokenFile, Context.get(services, HttpServer.HttpServer))
    yield* Effect.never
  })).pipe(
    Effect.catchTag("ServeError", ({ cause }) => new ExitCode.BadInput({ message: whyNot(host, port, cause) })),
    // To be stopped is how a server ends.
    Effect.onInterrupt(() => interruption.tellEnd(Effect.succeed(ExitCode.success), Effect.void))
  )
}, (serving, { set }) => Overrides.withOverrides(set)(serving))

/** How large the log of a session is: other processes append to it as well. */
const sizeOf = (folder: string) => (session: string) =>
  Effect.sync(() => statSync(join(folder, session, "log.ndjson"), { throwIfNoEntry: false })?.size)

const portOf = (given: string) => {
  const port = /^\d{1,5}$/.test(given.trim()) ? Number(given) : NaN
  return port <= 65_535
    ? Effect.succeed(port)
    : new ExitCode.BadInput({ message: `--port cannot be ${quote(given)}: give it a number from 0 to 65535` })
}

const tell = Effect.fnUntraced(function*(host: string, tokenFile: string, { address }: HttpServer.HttpServer) {
  const screen = yield* Screen
  const port = address._tag === "TcpAddress" ? address.port : 0
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`
  yield* screen.out(
    screen.isOutTerminal
      ? `Serving sessions at ${url}\n` +
        "Its page is at the same address, in a browser, and asks for the token. Programs send it with each call.\n" +
        `The token is in ${prose(tokenFile)}\n` +
        "Ctrl-C ends the server: turns that run then end first, or go on at the next start.\n"
      : `${JSON.stringify({ type: "serve.started", url, token_file: tokenFile })}\n`
  )
  if (/^(?:127\.|localhost$|::1$)/.test(host)) return
  yield* screen.say(
    `${url} can be reached from other machines, and what is said there is not encrypted: put a proxy with TLS before it`
  )
})

const whyNot = (host: string, port: number, cause: unknown): string => {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause)
  const why = reasons[code] ?? code
  return `The server cannot listen at ${host}, port ${port}: ${why}`
}

const reasons: { readonly [code: string]: string } = {
  EADDRINUSE: "another program does; choose another with --port",
  EACCES: "that is not permitted; choose a port from 1024 on",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "there is no such name"
}
