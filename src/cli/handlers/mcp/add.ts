/**
 * `effixir mcp add NAME`
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { quote } from "../../../internal/quote.ts"
import * as Home from "../../../node/settings/Home.ts"
import * as Settings from "../../../node/settings/Settings.ts"
import * as SettingsFile from "../../../node/settings/SettingsFile.ts"
import type { Flags } from "../../commands/mcp/add.ts"
import { BadInput } from "../../ExitCode.ts"
import { Screen } from "../../Screen.ts"

export const handle = Effect.fnUntraced(function*(flags: Flags) {
  const [name, ...command] = flags.words
  if (name === undefined) return yield* bad(`What is it called? ${usage}`)
  if (!/^[\w-]{1,40}$/.test(name) || name === "__proto__" || name.startsWith("-")) {
    return yield* bad(
      `A server cannot be called ${
        quote(name)
      }: give it a name of 1 to 40 letters, digits, - and _, which begins with no -`
    )
  }
  const server = yield* serverOf(flags, command)
  const { config } = yield* Home.config
  const { mcp_servers = {} } = yield* Settings.load(config)
  if (Object.hasOwn(mcp_servers, name)) {
    return yield* bad(`There is an MCP server ${quote(name)} already; to have another one: effixir mcp remove ${name}`)
  }
  yield* SettingsFile.set(config, `mcp_servers.${JSON.stringify(name)}`, JSON.stringify(server))
  const screen = yield* Screen
  yield* screen.say(`${name} is added to ${quote(config)}; to see whether it works: effixir mcp list`)
})

const usage = "effixir mcp add NAME -- COMMAND ARGUMENTS, or effixir mcp add NAME --url URL"

const bad = (message: string) => new BadInput({ message })

const serverOf = Effect.fnUntraced(
  function*({ bearerTokenEnvVar, env, header, url }: Flags, [program, ...args]: ReadonlyArray<string>) {
    const variables = yield* pairs(env, "--env", "=", "NAME=VALUE")
    const headers = yield* pairs(header, "--header", ":", "NAME: VALUE")
    if (Option.isNone(url)) {
      if (program === undefined) return yield* bad(`Where is it? ${usage}`)
      if (/^https?:\/\//i.test(program)) {
        return yield* bad(`A server at an address is added with --url: effixir mcp add NAME --url ${program}`)
      }
      if (header.length > 0 || Option.isSome(bearerTokenEnvVar)) {
        return yield* bad("--header and --bearer-token-env-var are for a server with --url; a program gets --env")
      }
      return { command: program, ...args.length === 0 ? {} : { args }, ...env.length === 0 ? {} : { env: variables } }
    }
    if (program !== undefined) return yield* bad("--url and a command are about the same: give one of them")
    if (env.length > 0) return yield* bad("--env is for a program; a server with --url gets --header")
    const address = URL.canParse(url.value) ? new URL(url.value) : undefined
    if (address === undefined || !/^https?:$/.test(address.protocol)) {
      return yield* bad(`--url cannot be ${quote(url.value)}: give it an address like https://example.com/mcp`)
    }
    return {
      url: url.value,
      ...header.length === 0 ? {} : { headers },
      ...Option.isNone(bearerTokenEnvVar) ? {} : { bearer_token_env_var: bearerTokenEnvVar.value }
    }
  }
)

/** The message leaves out the value, which may be a secret. */
const pairs = (given: ReadonlyArray<string>, flag: string, sign: string, expected: string) =>
  Effect.map(
    Effect.forEach(given, (text) => {
      const at = text.indexOf(sign)
      const name = text.slice(0, at).trim()
      return at < 1 || !/^[\w!#$%&'*+.^`|~-]+$/.test(name)
        ? bad(`${flag} wants ${expected}`)
        : Effect.succeed([name, sign === ":" ? text.slice(at + 1).trim() : text.slice(at + 1)] as const)
    }),
    (entries) => Object.fromEntries(entries)
  )
