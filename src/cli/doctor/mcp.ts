/**
 * What is checked of MCP servers: whether each that counts in this folder can be started.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ConfigError } from "../../auth/ConfigError.ts"
import * as McpSettings from "../../node/settings/McpSettings.ts"
import * as McpServers from "../../tools/mcp/McpServers.ts"
import { load, look } from "../mcpServers.ts"
import { type Check, fail, ok, skipped, warn } from "./Check.ts"

/** They are started side by side. What is wrong with the settings of the person is told by another check. */
export const checks = (isOffline: boolean) =>
  load(Option.none()).pipe(
    Effect.flatMap(({ folder, servers }) => {
      const isLeft = (server: McpServers.Configured) => isOffline && McpServers.transportOf(server) === "http"
      return Effect.map(
        look(servers.filter((server) => !isLeft(server)), folder),
        (looked) => [...looked.map(checkOf), ...servers.filter(isLeft).map(({ name }) => offline(name))]
      )
    }),
    Effect.catchIf((error) => error instanceof ConfigError, (error) =>
      Effect.map(
        McpSettings.fileOf(process.cwd()),
        (file): ReadonlyArray<Check> => error.source === file ? [broken(error)] : []
      )),
    Effect.orElseSucceed((): ReadonlyArray<Check> => [])
  )

const broken = ({ expected, source }: ConfigError): Check => ({
  id: "mcp.project",
  look: Effect.succeed(fail(`The MCP servers of the project cannot be used: ${expected}`, `Mend ${source}`))
})

const idOf = (name: string): string => `mcp.${name}`

const offline = (name: string): Check => ({
  id: idOf(name),
  look: Effect.succeed(skipped("No server is asked: --offline"))
})

const checkOf = (
  { configured, state }: Effect.Effect.Success<ReturnType<typeof look>>[number]
): Check => ({
  id: idOf(configured.name),
  look: state === undefined
    ? Effect.succeed(skipped("The server is disabled"))
    : Effect.map(state, ({ problem, tools }) => {
      if (problem === undefined) {
        return ok(`The server has ${tools.length === 1 ? "1 tool" : `${tools.length} tools`}`)
      }
      const isRequired = configured.server._tag === "Right" && configured.server.right.required === true
      const remedy = `Mend it in ${configured.from}, or set "enabled": false there`
      return isRequired
        ? fail(`The server is required, and could not be started: ${problem}`, remedy)
        : warn(`The server could not be started: ${problem}`, remedy)
    })
})
