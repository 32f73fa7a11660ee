/**
 * Reads the words of the command line. Each option is either understood as spelled or refused with a sentence, so that
 * `@effect/cli` never gets a word that it would take for an option and drop.
 */
import { lazily } from "../internal/lazily.ts"
import type { Flag, Grammar } from "./Grammar.ts"
import * as Suggest from "./suggest.ts"

export interface CommandLine {
  /** The command, where one is named. */
  readonly command: string | undefined
  readonly given: ReadonlyArray<Given>
  /** The words that are neither option nor command. */
  readonly words: ReadonlyArray<string>
  readonly asksForHelp: boolean
  /** Why the command line is refused, in a sentence. */
  readonly problem: string | undefined
}

/**
 * An option with its value; that of a switch is `true` or `false`. `written` is the name that was used, `opposite` the
 * switch that says the contrary.
 */
export interface Given {
  readonly flag: Flag
  readonly written: string
  readonly value: string
  readonly opposite?: Flag | undefined
}

/**
 * Options may stand before the command and behind it; what follows `--` is a word, whatever it looks like. With
 * `--help`, all other mistakes are ignored.
 */
export const read = (grammar: Grammar, argv: ReadonlyArray<string>): CommandLine => {
  const command = commandOf(grammar, argv)
  const { given, open, problems, words } = split(grammar, command, argv)
  const [first = ""] = words
  const isOpen = open > 0
  const line = { command, given, words: words.slice(pathOf(command).length), asksForHelp: false }
  if (isSet(line, "--help")) return { ...line, asksForHelp: true, problem: undefined }
  const problem = problems[0]?.(flagsOf(grammar, command))
  if (isOpen && first === "help") return helpOf(grammar, line, problem)
  if (isGroup(grammar, command)) {
    const wrong = line.words[0] === undefined ? undefined : notInGroup(grammar, command, line.words[0])
    return { ...line, asksForHelp: true, problem: problem ?? wrong }
  }
  return {
    ...line,
    problem: problem ?? (isOpen && command === undefined ? notCommand(grammar, words) : undefined) ??
      misplaced(grammar, line)
  }
}

/** The words in an order that `@effect/cli` cannot misread, without `--log-level`, which it does not handle. */
export const write = ({ command, given, words }: Omit<CommandLine, "problem">): ReadonlyArray<string> => {
  const options = given.filter(({ flag, value }) =>
    flag.name !== "--log-level" && flag.name !== "--help" && !(standsAlone(flag) && value === "false")
  )
  const alone = options.find(({ flag }) => standsAlone(flag))
  if (alone !== undefined) return [...pathOf(command), alone.flag.name]
  const written = options.flatMap(({ flag, opposite, value }) => {
    if (flag.values !== "none") return [flag.name, value]
    // `@effect/cli` cannot tell a switch that is set to false from one that is left away.
    return value === "false" && opposite !== undefined ? [`${opposite.name}=true`] : [`${flag.name}=${value}`]
  })
  return [...pathOf(command ?? "run"), ...written, ...words.length > 0 ? ["--", ...words] : []]
}

/** Whether a switch is on. */
export const isSet = (line: Pick<CommandLine, "given">, name: string): boolean => valueOf(line, name) === "true"

/** The value of an option that is given. */
export const valueOf = ({ given }: Pick<CommandLine, "given">, name: string): string | undefined =>
  given.find(({ flag }) => flag.name === name)?.value

/** The command that the words begin with: `sessions list` rather than the group `sessions`. */
const commandIn = ({ commands }: Grammar, [first, second]: ReadonlyArray<string>): string | undefined =>
  (commands.find(({ name }) => name === `${first} ${second}`) ?? commands.find(({ name }) => name === first))?.name

const isGroup = ({ commands }: Grammar, command: string | undefined): command is string =>
  commands.some(({ isGroup, name }) => isGroup && name === command)

/** The words of a command's name. */
const pathOf = (command: string | undefined): ReadonlyArray<string> => command?.split(" ") ?? []

/** What a command takes; without one it is `run`. */
const flagsOf = ({ builtIns, commands }: Grammar, command: string | undefined): ReadonlyArray<Flag> => [
  ...commands.find(({ name }) => name === (command ?? "run"))?.flags ?? [],
  ...builtIns
]

/** Explains a wrong option; which other to suggest may depend on the options of the command. */
type Problem = (flags: ReadonlyArray<Flag>) => string

/** Whether an option takes a value does not depend on the command, so that the command can be found among them. */
const commandOf = (grammar: Grammar, argv: ReadonlyArray<string>): string | undefined => {
  const first = commandIn(grammar, argv)
  // Nothing stands before it that would have to be understood first.
  if (first !== undefined && !isGroup(grammar, first)) return first
  const { open, words } = split(grammar, undefined, argv)
  return commandIn(grammar, words.slice(0, open))
}

/** The options by their names: those of the command, and behind them those of others, which are told apart from words. */
const optionsOf = (grammar: Grammar, command: string | undefined) => {
  const byName = (flags: ReadonlyArray<Flag>) =>
    new Map(flags.flatMap((flag) => flag.names.map((name) => [name, flag])))
  const own = byName(flagsOf(grammar, command))
  const others = lazily(() => byName(grammar.commands.flatMap(({ flags }) => flags)))
  return (name: string): Flag | undefined => own.get(name) ?? others().get(name)
}

/** Tells options from words; the first `open` of the words come before `--`. */
const split = (grammar: Grammar, command: string | undefined, argv: ReadonlyArray<string>) => {
  const known = optionsOf(grammar, command)
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length
  const given: Array<Given> = []
  const words: Array<string> = []
  const problems: Array<Problem> = []
  for (let index = 0; index < end; index++) {
    const word = argv[index] ?? ""
    if (!looksLikeFlag(word)) {
      words.push(word)
      continue
    }
    const [, name = word, attached] = /^(-[^=]+)(?:=(.*))?$/s.exec(word) ?? []
    const flag = known(name)
    if (flag === undefined) {
      problems.push((flags) => unknown(word, name, flags))
      continue
    }
    const next = index + 1 < end ? argv[index + 1] : undefined
    const takesNext = flag.values !== "none" && attached === undefined && next !== undefined &&
      (!looksLikeFlag(next) || /^-\d/.test(next))
    if (takesNext) index++
    const value = attached ?? (takesNext ? next : flag.values === "none" ? "true" : undefined)
    const opposite = flag.values === "none" ? known(flag.name.replace("--", "--no-")) : undefined
    const contrary = given.find((other) =>
      opposite !== undefined && other.flag.name === opposite.name || other.opposite?.name === flag.name
    )?.flag
    const wrong = value === undefined
      ? `${flag.name} lacks its value: give it ${oneOf(flag)}`
      : given.some((other) => other.flag.name === flag.name) && !flag.isRepeated
      ? `${flag.name} is given twice: give it once`
      : contrary !== undefined
      ? `${flag.name} and ${contrary.name} are about the same: give one of them`
      : mistakeOf(flag, value, known)
    if (wrong !== undefined) problems.push(() => wrong)
    else if (value !== undefined) given.push({ flag, written: name, value: inWords(flag, value), opposite })
  }
  const open = words.length
  return { given, open, problems, words: [...words, ...argv.slice(end + 1)] }
}

/** `-` alone is stdin. */
const looksLikeFlag = (word: string): boolean => word.startsWith("-") && word !== "-"

const truths: ReadonlyMap<string, string> = new Map([
  ...["true", "yes", "y", "on", "1"].map((word) => [word, "true"] as const),
  ...["false", "no", "n", "off", "0"].map((word) => [word, "false"] as const)
])

/** A switch may be set in several words. */
const inWords = (flag: Flag, value: string): string => flag.values === "none" ? truths.get(value) ?? value : value

const mistakeOf = (flag: Flag, value: string, known: (name: string) => Flag | undefined): string | undefined => {
  const { isRepeated, name, values } = flag
  if (values === "none") {
    return truths.has(value) ? undefined : `${name} cannot be "${value}": give it no value, it is a switch`
  }
  if (value.trim() === "") return `${name} is empty: give it a value, or leave it away`
  // `@effect/cli` would read the first as another option, and trim the second.
  if (value.startsWith("-") && known(value) !== undefined || value === "--") {
    return `${name} cannot be "${value}": that is an option`
  }
  if (isRepeated && value !== value.trim()) return `${name} cannot be "${value}": it begins or ends with white space`
  return values === "any" || values.includes(value)
    ? undefined
    : `${name} cannot be "${value}": give it ${oneOf(flag)}`
}

const oneOf = ({ values }: Flag): string =>
  typeof values === "string"
    ? "one"
    : `${values.slice(0, -1).join(", ")} or ${values.at(-1) ?? ""}`

/** The message leaves out an attached value, which may be a secret. */
const unknown = (word: string, name: string, flags: ReadonlyArray<Flag>): string => {
  if (/\s/.test(name)) return `"${word}" looks like an option; put -- before a prompt that begins with -`
  const meant = Suggest.flag(name, flags)
  // A prompt may begin with one dash, as a list or a negative number does.
  const hint = meant !== undefined
    ? "see `effixir --help`"
    : word.startsWith("--")
    ? "see `effixir --help`, or put -- before a prompt that begins with -"
    : "put -- before a prompt that begins with -"
  return `The option ${name} is not known here${meant === undefined ? "" : `, the nearest is ${meant}`}; ${hint}`
}

const namesOf = ({ commands }: Grammar): ReadonlyArray<string> =>
  commands.map(({ name }) => name).filter((name) => !name.includes(" "))

const notInGroup = ({ commands }: Grammar, group: string, word: string): string => {
  const names = commands.flatMap(({ name }) => name.startsWith(`${group} `) ? [name.slice(group.length + 1)] : [])
  const meant = Suggest.command(word, names)
  return `There is no command "${group} ${word}"${meant === undefined ? "" : `, the nearest is ${group} ${meant}`} ` +
    `(there are ${names.join(", ")})`
}

/**
 * A single word that could be a command name is taken for a mistyped command, whatever options stand beside it: as a
 * prompt, a typing error would cost tokens. In front of other words, only one close to a command name is.
 */
const notCommand = (grammar: Grammar, words: ReadonlyArray<string>): string | undefined => {
  const [first = ""] = words
  const isName = /^[a-z][\w-]*$/i.test(first)
  const meant = isName ? Suggest.command(first, namesOf(grammar)) : undefined
  if (meant === undefined && !(isName && words.length === 1 && first === first.toLowerCase())) return undefined
  return noCommand(grammar, first)
}

const noCommand = (grammar: Grammar, word: string): string => {
  const names = namesOf(grammar)
  const meant = Suggest.command(word, names)
  return `There is no command "${word}"${meant === undefined ? "" : `, the nearest is ${meant}`} ` +
    `(there are ${names.join(", ")}); to send it as a prompt: effixir run ${word}`
}

const helpOf = (grammar: Grammar, line: Omit<CommandLine, "problem">, problem: string | undefined): CommandLine => {
  const words = line.words.slice(1)
  const command = commandIn(grammar, words)
  const [more] = words.slice(pathOf(command).length)
  const wrong = more === undefined
    ? undefined
    : command === undefined
    ? noCommand(grammar, more)
    : isGroup(grammar, command)
    ? notInGroup(grammar, command, more)
    : tooMany(more)
  return { ...line, command, words: [], asksForHelp: true, problem: problem ?? wrong }
}

/** Options and words in a place where they would be ignored. */
const misplaced = (grammar: Grammar, { command, given, words }: Omit<CommandLine, "problem">): string | undefined => {
  const flags = flagsOf(grammar, command)
  const stray = given.find(({ flag }) => !flags.some(({ name }) => name === flag.name))
  if (stray !== undefined) return unknown(stray.written, stray.written, flags)
  const alone = given.find((one) => standsAlone(one.flag) && one.value !== "false")
  if (alone !== undefined) {
    const beside = given.find(({ flag }) => flag !== alone.flag && flag.name !== "--log-level")?.flag.name ?? words[0]
    return beside === undefined ? undefined : `${alone.flag.name} stands alone: leave "${beside}" away`
  }
  const takesWords = grammar.commands.find(({ name }) => name === (command ?? "run"))?.takesWords === true
  return takesWords || words[0] === undefined ? undefined : tooMany(words[0])
}

const tooMany = (word: string): string => `The word "${word}" is one too many; see \`effixir --help\``

/** Options that replace the command. */
const standsAlone = ({ name }: Flag): boolean => name === "--version" || name === "--completions"
