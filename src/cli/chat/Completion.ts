/**
 * What a word could become: a command behind `/`, a file of the folder behind `@`.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { relative } from "node:path"
import * as NodeAgent from "../../node/NodeAgent.ts"
import * as FileTree from "../../tools/workspace/FileTree.ts"
import { Workspace } from "../../tools/workspace/Workspace.ts"
import { rank } from "./fuzzy.ts"
import type { SlashCommand } from "./slash/SlashCommand.ts"

/** A word that can be completed: where it begins, and what was typed of it. */
export interface Word {
  readonly kind: "command" | "file"
  readonly from: number
  readonly query: string
}

/** The word before the cursor, if it is one. */
export const wordAt = (text: string, cursor: number): Word | undefined => {
  const head = text.slice(0, cursor)
  const command = /^\/([^\s/]*)$/.exec(head)
  if (command !== null) return { kind: "command", from: 0, query: command[1] ?? "" }
  const file = /(?:^|\s)@("[^"\n]*|[^\s"]*)$/.exec(head)
  if (file === null) return undefined
  const [, typed = ""] = file
  return { kind: "file", from: cursor - typed.length - 1, query: typed.replace(/^"/, "") }
}

/** What would be put in the place of the word. */
export interface Proposal {
  readonly text: string
  readonly title: string
  readonly remark: string
}

/** More of them are of no use. */
const maxProposals = 50

export const ofCommands = (query: string, commands: ReadonlyArray<SlashCommand>): ReadonlyArray<Proposal> => {
  const starting = commands.filter(({ name }) => name.startsWith(query))
  const others = rank(query, commands.filter(({ name }) => !name.startsWith(query)), ({ name }) => name)
  return [...starting, ...others].map(({ name, summary, words = "" }) => ({
    text: `/${name} `,
    title: `/${name}${words === "" ? "" : ` ${words}`}`,
    remark: summary
  }))
}

export const ofFiles = (query: string, files: ReadonlyArray<string>): ReadonlyArray<Proposal> =>
  (query === "" ? files : rank(query, files, (path) => path)).slice(0, maxProposals).map((path) => ({
    // The model gets the path as its tools take it.
    text: `${/[\s"'\\]/.test(path) ? JSON.stringify(path) : path}${path.endsWith("/") ? "" : " "}`,
    title: path,
    remark: ""
  }))

/** So many paths are known of a folder at most. */
const maxFiles = 50_000

/** The files and folders of a folder, as `find` shows them: without what git ignores. */
export const filesIn = (folder: string): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function*() {
    const { root } = yield* Workspace
    const paths: Array<string> = []
    yield* FileTree.walk({ folder: root }).pipe(
      Stream.take(maxFiles),
      Stream.runForEach(({ kind, path }) =>
        Effect.sync(() => void paths.push(`${relative(root, path)}${kind === "Folder" ? "/" : ""}`))
      )
    )
    // Short ones first: what is near is meant more often.
    return paths.toSorted((a, b) => depthOf(a) - depthOf(b))
  }).pipe(
    Effect.provide(NodeAgent.layerWorkspace(folder)),
    Effect.orElseSucceed(() => [])
  )

const depthOf = (path: string): number => path.replace(/\/$/, "").split("/").length
