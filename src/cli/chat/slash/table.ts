/**
 * All commands of a conversation; `/help` is made of this table.
 */
import * as Effect from "effect/Effect"
import { line } from "../../../internal/visible.ts"
import * as Suggest from "../../suggest.ts"
import { cells } from "../../verbatim.ts"
import { wrap } from "../../wrap.ts"
import type { Chat } from "../Chat.ts"
import * as About from "./about.ts"
import * as Asking from "./asking.ts"
import * as Prompts from "./prompts.ts"
import * as Sessions from "./sessions.ts"
import type { SlashCommand } from "./SlashCommand.ts"
import * as Surroundings from "./surroundings.ts"
import * as Work from "./work.ts"

const help: SlashCommand = {
  name: "help",
  summary: "Show all commands and keys",
  worksAlongside: true,
  run: Effect.fnUntraced(function*(chat) {
    const { keys } = yield* Effect.promise(() => import("../keyHelp.ts"))
    const own = yield* Effect.orElseSucceed(Prompts.load(chat), () => [])
    const ofServers = yield* Effect.orElseSucceed(Prompts.ofServers(chat, "starting"), () => [])
    const row = (names: ReadonlyArray<string>) => {
      const width = Math.max(0, ...names.map(cells)) + 4
      return (name: string, what: string) =>
        `  ${name}`.padEnd(width) +
        wrap(what, Math.max(width + 20, chat.front.columns() - 1), " ".repeat(width)).trimStart()
    }
    const spelled = ({ name, words = "" }: SlashCommand) => `/${name}${words === "" ? "" : ` ${words}`}`
    const named = [...commands, ...own].map(spelled)
    yield* chat.say([
      "Commands:",
      ...commands.map((command) => row(named)(spelled(command), command.summary)),
      ...own.length === 0 ? [] : ["", "Your prompts:"],
      ...own.map((command) => row(named)(spelled(command), command.summary)),
      ...ofServers.length === 0 ? [] : ["", "Prompts of MCP servers:"],
      ...ofServers.map((command) => row(ofServers.map(spelled))(spelled(command), command.summary)),
      "",
      "Keys:",
      ...keys.map(([name, what]) => row(keys.map(([name]) => name))(name, what))
    ].join("\n"))
  })
}

const quit: SlashCommand = {
  name: "quit",
  summary: "Leave; the session can be gone on with later",
  worksAlongside: true,
  run: (chat) => chat.front.leave
}

export const commands: ReadonlyArray<SlashCommand> = [
  help,
  Asking.model,
  Asking.effort,
  Asking.permission,
  Surroundings.sandbox,
  Work.compact,
  About.context,
  Sessions.fork,
  Sessions.resume,
  Sessions.sessions,
  Sessions.rename,
  Sessions.history,
  Work.undo,
  About.status,
  About.skills,
  Surroundings.mcp,
  Work.init,
  Work.review,
  About.copy,
  Sessions.exportSession,
  Sessions.clear,
  quit
]

/** Names that people bring from elsewhere. */
const aliases: { readonly [name: string]: string } = { exit: "quit", new: "clear", "?": "help" }

export type Found =
  | { readonly _tag: "Command"; readonly command: SlashCommand; readonly words: string }
  | { readonly _tag: "Problem"; readonly problem: string }

/** The command that a text is; none if it is a prompt, as `/usr/bin is full` is. */
export const find = Effect.fnUntraced(function*(chat: Chat, text: string) {
  const [, given = "", words = ""] = /^\/([^\s/]*)(?:\s+([^]*))?$/.exec(text) ?? []
  if (given === "") return undefined
  const name = aliases[given] ?? given
  const built = commands.find((command) => command.name === name)
  const all = built === undefined ? yield* withOwn(chat, given.startsWith("mcp__") ? "starting" : "ready") : commands
  const command = built ?? all.find((command) => command.name === name)
  if (command !== undefined) return { _tag: "Command", command, words: words.trim() } satisfies Found
  if (!/^[\p{L}\p{N}_-]+$/u.test(given)) return undefined
  const meant = Suggest.command(given, all.map(({ name }) => name))
  const problem = `There is no command /${line(given)}${meant === undefined ? "" : `, the nearest is /${meant}`}; ` +
    "/help shows all. To send it as a prompt, put a space before it."
  return { _tag: "Problem", problem } satisfies Found
})

/** With the prompts that are written down, and those of servers, which never stand in for a command. */
export const withOwn = (chat: Chat, servers: Prompts.Servers = "ready") =>
  Effect.map(
    Effect.orElseSucceed(
      Effect.all([Prompts.load(chat), Prompts.ofServers(chat, servers)]),
      (): ReadonlyArray<ReadonlyArray<SlashCommand>> => []
    ),
    (prompts) => {
      const all = [...commands, ...prompts.flat()]
      return all.filter(({ name }, at) => all.findIndex((other) => other.name === name) === at)
    }
  )
