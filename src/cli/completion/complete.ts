/**
 * What may follow on a command line, for the completion of a shell.
 */
import * as CommandLine from "../CommandLine.ts"
import type { Flag, Grammar } from "../Grammar.ts"
import type { Described } from "../help.ts"
import * as Help from "../help.ts"
import * as Scripts from "./scripts.ts"

/** What would be written, and what it is. */
export interface Candidate {
  readonly value: string
  readonly text: string
}

/** Known only to the machine, or to the account. */
export type Asked = "sessions" | "models" | "profiles" | "settings"

/** What may stand at a place; where nothing is known, the shell names files. */
export type Possible = Asked | ReadonlyArray<Candidate>

export interface Completion {
  readonly possible: Possible
  /** What has been written of it. */
  readonly written: string
  /** What stands before it in the same word. */
  readonly before: string
}

/**
 * The words are those behind the program's name; the last one is being written. Bash takes `--model=x` for three.
 */
export const complete = (
  grammar: Grammar,
  described: () => ReadonlyArray<Described>,
  words: ReadonlyArray<string>
): Completion => {
  const earlier = words.slice(0, -1)
  const written = words.at(-1) ?? ""
  const nothing = { possible: [], written, before: "" }
  if (earlier.includes("--")) return nothing
  const assigned = /^(--[\w-]+=)(.*)$/s.exec(written)
  const name = assigned !== null
    ? assigned[1]?.slice(0, -1)
    : written === "="
    ? earlier.at(-1)
    : earlier.at(-1) === "="
    ? earlier.at(-2)
    : undefined
  const line = CommandLine.read(grammar, earlier.filter((word) => word !== "="))
  const { builtIns, commands } = grammar
  const entry = commands.find((command) => command.name === (line.command ?? "run"))
  const flags = [...entry?.flags ?? [], ...builtIns]
  const flagOf = (name: string | undefined) =>
    [...flags, ...commands.flatMap(({ flags }) => flags)].find(({ names }) =>
      name !== undefined && names.includes(name)
    )

  const flag = flagOf(name) ?? (written.startsWith("-") ? undefined : flagOf(earlier.at(-1)))
  if (flag !== undefined && flag.values !== "none") {
    const before = assigned?.[1] ?? ""
    return { possible: valuesOf(flag), written: written === "=" ? "" : assigned?.[2] ?? written, before }
  }
  if (name !== undefined) return nothing
  if (written.startsWith("-")) return { ...nothing, possible: flagsIn(line, flags, textsOf(line.command, described())) }
  return { ...nothing, possible: wordsIn(line, described) }
}

const valuesOf = ({ name, values }: Flag): Possible => {
  if (name === "--model") return "models"
  if (name === "--profile") return "profiles"
  if (name === "--effort") return candidates(["none", "low", "medium", "high", "xhigh", "max"])
  return typeof values === "string" ? [] : candidates(values)
}

const candidates = (values: ReadonlyArray<string>): ReadonlyArray<Candidate> =>
  values.map((value) => ({ value, text: "" }))

/** Each option that can still be given, in its long form. */
const flagsIn = (
  { given }: Pick<CommandLine.CommandLine, "given">,
  flags: ReadonlyArray<Flag>,
  texts: ReadonlyMap<string, string>
): ReadonlyArray<Candidate> =>
  flags.filter((flag) => flag.isRepeated || !given.some((other) => other.flag.name === flag.name))
    .filter(({ name }) => name !== "--completions")
    .map(({ name }) => ({ value: name, text: texts.get(name) ?? "" }))

/** What the help says of the options of a command. */
const textsOf = (command: string | undefined, described: ReadonlyArray<Described>): ReadonlyMap<string, string> => {
  const found = described.find(({ name }) => name === (command ?? "run"))
  const options = found === undefined ? [] : Help.contentOf(found).options
  return new Map(options.map(({ name, text }) => [/--[\w-]+/.exec(name)?.[0] ?? name, Help.firstSentence(text)]))
}

const wordsIn = (line: CommandLine.CommandLine, described: () => ReadonlyArray<Described>): Possible => {
  const { asksForHelp, command, words } = line
  const group = command === undefined ? "" : `${command} `
  const within = described().flatMap((one) => {
    const name = one.name.startsWith(group) ? one.name.slice(group.length) : ""
    return name === "" || name.includes(" ") ? [] : [{ value: name, text: Help.briefOf(one) }]
  })
  if (command === undefined && (words.length === 0 || asksForHelp)) return within
  if (words.length > 0) return []
  switch (command) {
    case "resume":
    case "fork":
    case "compact":
    case "sessions show":
    case "sessions rename":
    case "sessions export":
    case "sessions delete":
      return "sessions"
    case "config get":
    case "config set":
    case "config unset":
      return "settings"
    case "completion":
      return candidates(Scripts.shells)
    case "sessions import":
      return candidates(["codex", "claude", "pi", "opencode"])
    default:
      return within
  }
}
