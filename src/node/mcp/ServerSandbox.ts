/**
 * What keeps an MCP server that is a program in the sandbox of commands.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdirSync } from "node:fs"
import { homedir } from "node:os"
import { delimiter, resolve } from "node:path"
import { isWithin } from "../../internal/paths.ts"
import type { CommandNotStarted } from "../../tools/command/CommandRunner.ts"
import type * as McpServers from "../../tools/mcp/McpServers.ts"
import { isExecutable } from "../files/isExecutable.ts"

/**
 * The words that stand before those of a program to keep it in, where it may write in these folders too; none where there
 * is no sandbox.
 *
 * @since 0.1.0
 * @category models
 */
export type Within = (
  writable: ReadonlyArray<string>
) => Effect.Effect<ReadonlyArray<string>, CommandNotStarted, Scope.Scope>

/**
 * - `source` who has named the server
 * - `workspace` the folder that the agent works in
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly source: McpServers.Configured["source"]
  readonly workspace: string
  readonly within: Within | undefined
}

/**
 * What stands before a server, which works in `folder`. It may write beside what commands may in what its entry names, and
 * where its command keeps packages.
 *
 * @since 0.1.0
 * @category starting
 */
export const before = (
  server: McpServers.StdioServer,
  folder: string,
  { source, within, workspace }: Options
): Effect.Effect<ReadonlyArray<string>, CommandNotStarted, Scope.Scope> => {
  if (within === undefined || server.sandbox === false) return Effect.succeed([])
  const own = (server.sandbox_writable ?? []).map((path) => resolve(folder, path.replace(/^~(?=$|\/)/, homedir())))
  const packages = source === "user" ? packageFoldersOf(server.command, workspace) : []
  // What is not there cannot be let be written.
  packages.forEach(makeFolder)
  return within([...own, ...packages])
}

/**
 * A program with its environment behind what keeps it in. That environment is not the one of the sandbox's own program,
 * which runs outside of it and would load what `LD_PRELOAD` names. So its values go in under names that mean nothing,
 * which stay out of the sight of others as a command line would not, and get their own names there. What is no name to a
 * shell is left out, as a shell does.
 *
 * @since 0.1.0
 * @category starting
 */
export const behind = (
  before: ReadonlyArray<string>,
  words: ReadonlyArray<string>,
  env: Readonly<Record<string, string>>
) => {
  if (before.length === 0) return { words, env }
  const named = Object.entries(env).filter(([name]) => /^[A-Za-z_]\w*$/.test(name)).map(([name, value], at) => ({
    name,
    value,
    passed: `EFFIXIR_SERVER_${at}`
  }))
  const renamed = named.map(({ name, passed }) => `export ${name}="$${passed}"; unset ${passed}; `)
  return {
    // A program that is not there is told as such by the shell.
    words: [...before, "/bin/sh", "-c", `${renamed.join("")}exec "$0" "$@"`, ...words],
    env: Object.fromEntries(named.map(({ passed, value }) => [passed, value]))
  }
}

/** Nothing for a program that is named by its path, or that commands could have put into the workspace. */
const packageFoldersOf = (command: string, workspace: string): ReadonlyArray<string> => {
  const folders = packageFolders.get(command)
  const found = (process.env["PATH"] ?? "").split(delimiter).map((folder) => resolve(workspace, folder, command))
    .find(isExecutable)
  return folders === undefined || found === undefined || isWithin(resolve(workspace), found)
    ? []
    : folders.map((path) => resolve(homedir(), path))
}

/** In the home of the person. */
const packageFolders: ReadonlyMap<string, ReadonlyArray<string>> = new Map([
  ["bunx", [".bun", ".cache"]],
  ["npx", [".npm", ".cache"]],
  ["pnpm", [".local/share/pnpm", ".cache"]],
  ["pnpx", [".local/share/pnpm", ".cache"]],
  ["uv", [".local/share/uv", ".cache"]],
  ["uvx", [".local/share/uv", ".cache"]],
  ["yarn", [".yarn", ".cache"]]
])

const makeFolder = (path: string): void => {
  try {
    mkdirSync(path, { recursive: true })
  } catch {
    // The server will say what it misses.
  }
}
