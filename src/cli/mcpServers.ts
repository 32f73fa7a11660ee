/**
 * The MCP servers that count in a folder, as the commands about them find them.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { existsSync } from "node:fs"
import { CredentialStore } from "../auth/CredentialStore.ts"
import * as Secrets from "../auth/Secrets.ts"
import { closest } from "../internal/closest.ts"
import { quote } from "../internal/quote.ts"
import { layerHome } from "../node/NodeHome.ts"
import * as McpSettings from "../node/settings/McpSettings.ts"
import * as Trust from "../node/settings/Trust.ts"
import * as McpServers from "../tools/mcp/McpServers.ts"
import { sayNotStarted } from "./agentSetup.ts"
import { BadInput } from "./ExitCode.ts"
import * as Prompt from "./prompt.ts"
import { Screen } from "./Screen.ts"
import { settings as readSettings } from "./settings.ts"
import { withoutSecrets } from "./withoutSecrets.ts"

/** A person is told of those of a project that is not trusted. */
export const load = Effect.fnUntraced(function*(cd: Option.Option<string>) {
  const folder = Option.getOrElse(cd, () => process.cwd())
  const settings = yield* readSettings(folder)
  const { home } = settings
  const isTrusted = yield* Trust.isTrusted(home, folder)
  const servers = yield* McpSettings.load({ home, settings, folder, isTrusted })
  const file = yield* McpSettings.fileOf(folder)
  if (!isTrusted && existsSync(file)) {
    const screen = yield* Screen
    yield* screen.say(
      `${quote(file)} left out: this project is not trusted. To trust it, run something there with --trust`
    )
  }
  if (isTrusted) yield* sayNotStarted(home, folder)
  return { folder, servers }
})

/**
 * Starts the servers side by side; they are stopped with the Scope. The state of each is known once it is ready or has
 * failed to be; one that is disabled has none.
 */
export const look = Effect.fnUntraced(function*(servers: ReadonlyArray<McpServers.Configured>, folder: string) {
  yield* Effect.ignore(knowSignIn)
  const enabled = servers.filter(McpServers.isEnabled)
  const connected = enabled.length === 0 ? [] : yield* Effect.flatMap(
    Effect.promise(() => import("../node/mcp/McpClients.ts")),
    ({ connect }) => connect(enabled, { folder })
  )
  const states = new Map(connected.map(({ configured, state }) => [configured, state]))
  return servers.map((configured) => ({ configured, state: states.get(configured) }))
}, Effect.provide(Secrets.layer))

/** From then on it is a secret that no server gets, under whatever name, and that nothing a server prints shows. */
const knowSignIn = Effect.flatMap(CredentialStore, ({ load }) => load).pipe(Effect.provide(layerHome))

/** The server of a name. */
export const named = (servers: ReadonlyArray<McpServers.Configured>, name: string) => {
  const found = servers.find((server) => server.name === name)
  if (found !== undefined) return Effect.succeed(found)
  const nearest = closest(name, servers.map(({ name }) => name))
  return new BadInput({
    message: `There is no MCP server ${quote(name)}${
      nearest === undefined ? "" : `, the nearest is ${quote(nearest)}`
    }; see \`effixir mcp list\``
  })
}

/** The server that a person signs in to or out of. */
export const toSignIn = Effect.fnUntraced(
  function*(words: ReadonlyArray<string>, cd: Option.Option<string>, command: "login" | "logout") {
    const [name] = yield* Prompt.positionals(words, 1)
    if (name === undefined) return yield* new BadInput({ message: `Which server? effixir mcp ${command} NAME` })
    const { server } = yield* named((yield* load(cd)).servers, name)
    if (Either.isLeft(server)) {
      return yield* new BadInput({ message: `The server ${quote(name)} cannot be used: ${server.left}` })
    }
    return "url" in server.right
      ? { name, url: server.right.url }
      : yield* new BadInput({ message: `${quote(name)} is a program, and nobody signs in to it: it gets env` })
  }
)

/** How it is set up, as it may be shown. */
export const shown = ({ server }: McpServers.Configured): { readonly [key: string]: unknown } | undefined => {
  const value = Either.isLeft(server) ? undefined : withoutSecrets("server", server.right)
  return Predicate.isReadonlyRecord(value) ? value : undefined
}
