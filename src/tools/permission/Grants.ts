/**
 * What an "always" would allow for the rest of a session, and what has been allowed so far.
 *
 * @example
 * ```ts
 * import { Grants } from "effixir/tools"
 *
 * // What a person is offered beside "once".
 * const scopes = [
 *   ...Grants.ofCommand("bash", "npm test && git status", { workdir: undefined, isExact: false }),
 *   ...Grants.ofFiles("edit", ["src/index.ts"]),
 *   ...Grants.ofFilesAlone("edit", [".github/workflows/test.yml"]),
 *   ...Grants.ofTool("fetch"),
 *   ...Grants.ofVersion("mcp__notes__add", { version: "1", once: undefined }),
 *   ...Grants.ofWritable(["/home/ada/.cache"])
 * ]
 * const lines = scopes.flatMap(({ allows }) => allows)
 *
 * // Whether it was allowed before, and where commands may write by that.
 * const runsUnasked = (granted: ReadonlySet<string>) => Grants.isCovered(Grants.ofTool("fetch"), granted)
 * const folders = (granted: ReadonlySet<string>) => Grants.writable(granted)
 * ```
 *
 * @since 0.1.0
 */
import { shellQuoted } from "../../internal/shellQuoted.ts"
import * as SafeCommands from "./SafeCommands.ts"

/**
 * How far an "always" reaches: the commands of a command line, the files of a call, their folder, or the tool. `allows`
 * says in a line each what would run unasked from then on, and nothing where that is the very command of the question;
 * `grants` is the same as the log stores it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Scope {
  readonly kind: ScopeKind
  readonly allows: ReadonlyArray<string>
  readonly grants: ReadonlyArray<string>
}

/** @since 0.1.0 @category models */
export type ScopeKind = "command" | "files" | "folder" | "tool"

/**
 * Whether what has been granted reaches as far as one of the scopes. A grant for a folder covers its whole content, for
 * every tool.
 *
 * @since 0.1.0
 * @category deciding
 */
export const isCovered = (scopes: ReadonlyArray<Scope>, granted: ReadonlySet<string>): boolean =>
  scopes.some(({ grants }) => grants.length > 0 && grants.every((grant) => isGranted(grant, granted)))

const isGranted = (grant: string, granted: ReadonlySet<string>): boolean =>
  granted.has(grant) || grant.startsWith(changing) &&
    foldersOf(grant.slice(changing.length)).some((folder) => granted.has(`${changing}${folder}/`))

const changing = "change "

/** `a/b/c` is in `a/b`, in `a`, and in the workspace. */
const foldersOf = (path: string): ReadonlyArray<string> => {
  const names = path.split("/")
  return path.startsWith("/") ? [] : names.map((_, index) => names.slice(0, index).join("/") || ".")
}

/**
 * Every call of a tool.
 *
 * @since 0.1.0
 * @category scopes
 */
export const ofTool = (tool: string): ReadonlyArray<Scope> => [toolScope(tool)]

/**
 * Calls of a tool of somebody else's: every one as long as its description stays as it is, or with `once` those that are
 * the same.
 *
 * @since 0.1.0
 * @category scopes
 */
export const ofVersion = (
  tool: string,
  { once, version }: { readonly version: string; readonly once: string | undefined }
): ReadonlyArray<Scope> => [{
  kind: "tool",
  allows: [once === undefined ? `every call of ${tool}, as it is described now` : `the same call of ${tool}`],
  grants: [`tool ${tool} ${version}${once === undefined ? "" : ` ${once}`}`]
}]

const toolScope = (tool: string): Scope => ({
  kind: "tool",
  allows: [`every call of ${tool}`],
  grants: [`tool ${tool}`]
})

/**
 * Changes of files: these, those of their folder, or all that the tool makes. The paths are the real ones, relative to the
 * workspace.
 *
 * @since 0.1.0
 * @category scopes
 */
export const ofFiles = (tool: string, paths: ReadonlyArray<string>): ReadonlyArray<Scope> => {
  const files = [...new Set(paths)]
  if (files.length === 0 || files.some((path) => path.startsWith("/"))) return ofTool(tool)
  const [folder = "."] = foldersOf(files[0] ?? "").filter((folder) =>
    folder === "." || files.every((path) => path.startsWith(`${folder}/`))
  ).toSorted((a, b) => b.length - a.length)
  return [
    {
      kind: "files",
      allows: files.map((path) => `changes of ${path}`),
      grants: files.map((path) => `${changing}${path}`)
    },
    {
      kind: "folder",
      allows: [folder === "." ? "changes of all files in the workspace" : `changes of all files in ${folder}/`],
      grants: [`${changing}${folder}/`]
    },
    toolScope(tool)
  ]
}

/**
 * Changes of files for which no folder or tool can be granted: only these, by this tool.
 *
 * @since 0.1.0
 * @category scopes
 */
export const ofFilesAlone = (tool: string, paths: ReadonlyArray<string>): ReadonlyArray<Scope> => [{
  kind: "files",
  allows: paths.map((path) => `calls of ${tool} that change ${path}`),
  grants: paths.map((path) => `tool ${tool} ${path}`)
}]

/**
 * The commands of a line: with any options where their first words say what they do, else exactly these commands. With
 * `isExact` the grant is for this line alone, and also where the shell would put names or a folder in the place of a word:
 * `rm *` is another command than `rm '*'`.
 *
 * @since 0.1.0
 * @category scopes
 */
export const ofCommand = (
  tool: string,
  line: string,
  options: { readonly workdir: string | undefined; readonly isExact: boolean }
): ReadonlyArray<Scope> => {
  const { workdir } = options
  const place = workdir === undefined ? "" : ` in ${workdir}`
  const there = workdir === undefined ? "" : `in the folder ${quote(workdir)}, `
  const parts = options.isExact ? [] : SafeCommands.split(line)?.map(commandOf) ?? []
  const isExact = parts.length === 0 || expands(line) && parts.some(({ isWhole }) => isWhole)
  const commands: ReadonlyArray<Command> = isExact ? [{ grant: `is ${JSON.stringify(line)}`, isWhole: true }] : parts
  return [{
    kind: "command",
    allows: commands.flatMap(({ allows }) => allows === undefined ? [] : [`${there}${allows}`]),
    grants: commands.map(({ grant }) => `${tool} ${grant}${place}`)
  }]
}

/** `isWhole` if the grant is for all its words. */
interface Command {
  readonly grant: string
  readonly allows?: string
  readonly isWhole: boolean
}

/** Whether the shell changes a word of a line that it can be split into. */
const expands = (line: string): boolean => /[*?~]/.test(line.replaceAll(/'[^']*'|"(?:[^"\\]|\\.)*"/g, ""))

const commandOf = (words: SafeCommands.Words): Command => {
  const [program] = words
  const count = Object.hasOwn(commanders, program) ? commanders[program] ?? 0 : 0
  const length = words[1] === "run" || words[1] === "compose" ? count + 1 : count
  const first = words.slice(0, length)
  return count > 0 && first.length === length && first.every((word) => /^[\w:./]+[\w:./-]*$/.test(word))
    ? {
      grant: `begins ${JSON.stringify(first)}`,
      allows: `commands that begin with ${first.join(" ")}`,
      isWhole: false
    }
    : { grant: `is ${JSON.stringify(words)}`, allows: `the command ${words.map(quote).join(" ")}`, isWhole: true }
}

/**
 * Files and folders that commands may write although they are outside of what their sandbox lets be written.
 *
 * @since 0.1.0
 * @category scopes
 */
export const ofWritable = (paths: ReadonlyArray<string>): ReadonlyArray<Scope> => [{
  kind: "files",
  allows: paths.map((path) => `writing of any command in ${path}`),
  grants: paths.map((path) => `${writing}${path}`)
}]

/**
 * The files and folders of such grants.
 *
 * @since 0.1.0
 * @category accessors
 */
export const writable = (granted: Iterable<string>): ReadonlyArray<string> =>
  [...granted].flatMap((grant) => grant.startsWith(writing) ? [grant.slice(writing.length)] : [])

const writing = "sandbox writes "

/** Quoted so that a shell reads it as one word. */
const quote = (word: string): string => /^[\w@%+=:,./-]+$/.test(word) ? word : shellQuoted(word)

/** Programs whose first word after the name says what they do, and how many words say it. */
const commanders: { readonly [program: string]: number } = {
  git: 2,
  npm: 2,
  pnpm: 2,
  yarn: 2,
  bun: 2,
  cargo: 2,
  go: 2,
  make: 2,
  docker: 2,
  kubectl: 2,
  gh: 2,
  pip: 2,
  uv: 2
}
