/** What tools work with and within: `/sandbox`, `/mcp`. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { line } from "../../../internal/visible.ts"
import * as NodeSandbox from "../../../node/sandbox/NodeSandbox.ts"
import { Mode } from "../../../tools/command/Sandbox.ts"
import * as McpServers from "../../../tools/mcp/McpServers.ts"
import { notHad } from "../../sandbox.ts"
import { table } from "../../table.ts"
import type { Chat } from "../Chat.ts"
import { chooseMode } from "./chooseMode.ts"
import type { SlashCommand } from "./SlashCommand.ts"

/** What each mode lets commands do, as the person who chooses is told. */
const modes: { readonly [mode in Mode]: string } = {
  off: "commands may do what you may",
  "workspace-write": "commands write in the folder and the temporary folder, and nowhere else",
  "read-only": "commands write nowhere"
}

export const sandbox: SlashCommand = {
  name: "sandbox",
  words: `[${Mode.literals.join("|")}]`,
  summary: "Show what commands are kept in, and decide it from the next turn on",
  run: Effect.fnUntraced(function*(chat, given) {
    const found = yield* NodeSandbox.find
    const opened = yield* chat.session.open
    const chosen = yield* chooseMode(chat, given, {
      what: "sandbox",
      question: "What are commands kept in?",
      modes,
      all: Mode.literals,
      now: opened.sandbox?.mode ?? "off",
      before: chat.say(shown(opened, found))
    })
    if (Option.isNone(chosen)) return
    const mode = chosen.value
    if (mode !== "off" && Either.isLeft(found)) return yield* chat.say(`${notHad(mode, found.left)}.`)
    yield* change(chat, mode)
    yield* chat.say(
      opened.permission === "read-only" && mode === "workspace-write"
        ? "From the next turn on commands write nowhere, as the permission is read-only."
        : `From the next turn on ${modes[mode]}.`
    )
  })
}

/** As it was before, if the settings do not go with it. */
const change = Effect.fnUntraced(function*(chat: Chat, mode: Mode) {
  const before = chat.session.asked().sandbox
  yield* chat.session.change({ sandbox: mode })
  yield* Effect.tapError(chat.session.open, () => chat.session.change({ sandbox: before }))
})

type Opened = Effect.Effect.Success<Chat["session"]["open"]>

const shown = ({ sandbox }: Opened, found: Effect.Effect.Success<typeof NodeSandbox.find>): string => {
  if (sandbox === undefined) {
    return `sandbox   off${Either.isRight(found) ? "" : `; there could be none: ${found.left.reason}`}`
  }
  if (Either.isLeft(found)) {
    return `sandbox   none, though ${sandbox.mode} is wanted: ${found.left.reason}. ${found.left.remedy}`
  }
  const { mode, network, writable } = sandbox
  return [
    `sandbox   ${mode}`,
    `network   ${network ? "reached" : "out of reach"} (sandbox_network)`,
    ...mode === "read-only" || writable.length === 0
      ? []
      : [`also      ${writable.map(line).join(", ")} (sandbox_writable)`]
  ].join("\n")
}

/** How long a server that is still starting is waited for before it is shown as such. */
const patience = "2 seconds"

export const mcp: SlashCommand = {
  name: "mcp",
  summary: "List the MCP servers, their tools, and what is wrong with them",
  worksAlongside: true,
  run: Effect.fnUntraced(function*(chat) {
    const { isTrusted, servers } = yield* chat.session.open
    const left = isTrusted ? "" : " Those of a .mcp.json count once the project is trusted."
    if (servers.all.length === 0) {
      return yield* chat.say(
        `There is no MCP server; to add one, effixir mcp add NAME -- COMMAND, or --url URL, and begin anew.${left}`
      )
    }
    const running = new Map(servers.running.map((server) => [server.configured, server]))
    const rows = yield* Effect.forEach(
      servers.all,
      (configured) =>
        Effect.map(
          stateOf(configured, running.get(configured)),
          (state) => [line(configured.name), configured.source, ...state]
        ),
      { concurrency: "unbounded" }
    )
    yield* chat.say(table(rows).trimEnd())
  })
}

const stateOf = Effect.fnUntraced(
  function*(configured: McpServers.Configured, running: McpServers.Running | undefined) {
    if (running === undefined) return McpServers.isEnabled(configured) ? ["not started", ""] : ["disabled", ""]
    const isKnown = Option.isSome(yield* Effect.timeoutOption(running.state, patience))
    const { problem, tools } = running.now()
    if (problem !== undefined) return ["failed", line(problem)]
    if (!isKnown) return ["starting", ""]
    return ["ready", tools.length === 0 ? "no tools" : tools.map(({ name }) => line(name)).join(", ")]
  }
)
