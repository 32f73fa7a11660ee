/** The prompts of MCP servers as commands: `/mcp__SERVER__PROMPT`. It is loaded only where there is a server. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { line } from "../../../internal/visible.ts"
import * as McpPrompt from "../../../tools/mcp/McpPrompt.ts"
import type * as McpServers from "../../../tools/mcp/McpServers.ts"
import * as ToolNames from "../../../tools/mcp/ToolNames.ts"
import type { SlashCommand } from "./SlashCommand.ts"

/** How long servers that are still starting are waited for. */
const patience = "2 seconds"

export const wait = (running: ReadonlyArray<McpServers.Running>) =>
  Effect.timeoutOption(Effect.forEach(running, ({ state }) => state, { concurrency: "unbounded" }), patience)

/** Those of the servers that are ready. */
export const load = (
  running: ReadonlyArray<McpServers.Running>,
  known: ReadonlyArray<McpServers.Configured>
): ReadonlyArray<SlashCommand> => {
  const all = running.flatMap((server) => server.now().prompts.map((prompt) => ({ server, prompt })))
  const names = ToolNames.make(
    all.map(({ prompt, server }) => ({ server: server.configured.name, tool: prompt.name })),
    known.map(({ name }) => name)
  )
  return all.map(({ prompt, server }, at) => commandOf(names[at] ?? "", server, prompt))
}

const commandOf = (name: string, server: McpServers.Running, prompt: McpPrompt.Listed): SlashCommand => {
  const words = line(McpPrompt.wordsOf(prompt))
  const from = line(server.configured.name)
  return {
    name,
    words,
    summary: line(prompt.description) || `A prompt of the MCP server ${from}`,
    run: Effect.fnUntraced(function*(chat, given) {
      const filled = McpPrompt.fill(prompt, given)
      if (Either.isLeft(filled)) {
        return yield* chat.say(`/${name} was not sent: ${line(filled.left)}. Write it as /${name} ${words}`.trimEnd())
      }
      const parts = yield* server.prompt(prompt.name, filled.right)
      if (parts.length === 0) {
        return yield* chat.say(`/${name} was not sent: the MCP server ${from} has no text for it.`)
      }
      yield* chat.say(`The MCP server ${from} says this in your place:`)
      yield* chat.sendFrom(`/${name} ${given}`.trimEnd(), parts)
    })
  }
}
