/**
 * Which command lines are read-only: those whose every word the table of read-only programs explains. When in doubt, a
 * line is not: a needless question costs a keypress, a missing one may cost a file.
 *
 * @example
 * ```ts
 * import { SafeCommands } from "effixir/tools"
 *
 * // The words of each program of a line.
 * const words = SafeCommands.split("git log --oneline | head -5")
 *
 * // Whether a line only reads, and only in the folder, as far as its words show.
 * const isReadOnly = (line: string) =>
 *   SafeCommands.explain(line, ["/home/ada/app"])?.every(({ explained }) => explained !== undefined) ?? false
 *
 * // What a model is told whose line was refused.
 * const hint = (line: string) => SafeCommands.mayTurnIntoOption(line) ? "Write ./ before the *." : undefined
 * ```
 *
 * @since 0.1.0
 */
import { isWithin } from "../../internal/paths.ts"
import { parse } from "../../vendor/shellQuote.ts"
import * as ProgramWords from "./ProgramWords.ts"
import { programs } from "./SafePrograms.ts"

/**
 * A program of a command line and what it is given.
 *
 * @since 0.1.0
 * @category models
 */
export type Words = readonly [program: string, ...args: ReadonlyArray<string>]

/**
 * The programs that a command line starts, each with its words; `undefined` if the line is more than plain words,
 * quotes and `|`, `&&`, `||` or `;` between them. Output that is thrown away (`2>/dev/null`) or merged (`2>&1`) is
 * ignored. A word may be a glob, but not one that could turn into an option.
 *
 * @since 0.1.0
 * @category parsing
 */
export const split = (line: string): ReadonlyArray<Words> | undefined => partsOf(line)?.map(wordsOf)

interface Part {
  /** What stands before it. */
  readonly operator: string
  readonly words: readonly [program: ProgramWords.Word, ...args: ReadonlyArray<ProgramWords.Word>]
}

const wordsOf = ({ words: [program, ...args] }: Part): Words => [program.text, ...args.map(({ text }) => text)]

const partsOf = (line: string): ReadonlyArray<Part> | undefined => {
  const plain = withoutRedirects(line)
  if (plain === undefined) return undefined
  const parts: Array<{ readonly operator: string; readonly words: Array<ProgramWords.Word> }> = [
    { operator: "", words: [] }
  ]
  for (const entry of parse(plain)) {
    const isGlob = typeof entry !== "string"
    const text = !isGlob ? entry : "pattern" in entry ? entry.pattern : undefined
    if (text !== undefined) {
      if (isGlob && !/^[\p{L}\p{N}_./]/u.test(text)) return undefined
      parts.at(-1)?.words.push({ text, isGlob })
    } else if (isGlob && "op" in entry && separators.has(entry.op)) parts.push({ operator: entry.op, words: [] })
    else return undefined
  }
  const read: ReadonlyArray<{ readonly operator: string; readonly words: ReadonlyArray<ProgramWords.Word> }> = parts
  return read.every(isPart) ? read : undefined
}

/**
 * Whether the only problem of a line is a glob that could expand to an option. That no name begins with a dash now does
 * not help: the shell expands the word later, when such a file may exist, and `du` and `ls` have options that read
 * files not named in the line. With `./` in front it expands to paths only.
 *
 * @since 0.1.0
 * @category parsing
 */
export const mayTurnIntoOption = (line: string): boolean =>
  partsOf(line) === undefined && partsOf(line.replaceAll(/(?<=^|\s)(?=[*?])/g, "./")) !== undefined

const separators: ReadonlySet<string> = new Set(["|", "&&", "||", ";"])

const isPart = (part: { readonly operator: string; readonly words: ReadonlyArray<ProgramWords.Word> }): part is Part =>
  part.words[0] !== undefined && part.words[0].text !== ""

/** Quotes without anything that the shell reads in them, redirects to nowhere, operators, and letters of no meaning. */
const piece =
  /'[^']*'|"(?:[^"$`\\]|\\[^$`])*"|(?<=^|\s)(?<redirect>[12&]?>>?[ ]?\/dev\/null|2>&1|1?>&2)(?=$|[\s|&;])|[|&;]|[\p{L}\p{N}_ \t./:=,@%+^~!*?-]/uy

/** The line without its redirects, if it holds nothing else that would have to be understood. */
const withoutRedirects = (line: string): string | undefined => {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  if (line.length > maxLength || /[\u0000-\u0008\u000A-\u001F\u007F]/.test(line)) return undefined
  let plain = ""
  piece.lastIndex = 0
  while (piece.lastIndex < line.length) {
    const match = piece.exec(line)
    if (match === null) return undefined
    plain += match.groups?.["redirect"] === undefined ? match[0] : " "
  }
  return plain
}

/** Longer lines are not analyzed. */
const maxLength = 10_000

/**
 * A program of a line, as far as it is understood.
 *
 * @since 0.1.0
 * @category models
 */
export interface Command {
  readonly words: Words
  /** Where it may run, from the folder of the line: in one, unless a `cd` before may have failed. */
  readonly folders: ReadonlyArray<string>
  /** Its words that lead somewhere; all that might, if it is not explained. */
  readonly paths: ReadonlyArray<ProgramWords.PathWord>
  /** Whether it reads what the command before it writes. */
  readonly isPiped: boolean
  /** What the table says of it and its words, if it explains them all and the paths stay within. */
  readonly explained: Explained | undefined
}

/** @since 0.1.0 @category models */
export interface Explained {
  readonly program: ProgramWords.Program
  readonly reading: ProgramWords.Reading
}

/**
 * What a line's programs are told, word by word; `undefined` if it cannot be split. `within` are the folders in which
 * it may look, by their real paths: the caller must check that no link leads out of them.
 *
 * @since 0.1.0
 * @category reading
 */
export const explain = (line: string, within: ReadonlyArray<string>): ReadonlyArray<Command> | undefined => {
  const parts = partsOf(line)
  if (parts === undefined) return undefined
  const all: Array<Command> = []
  const visited = [""]
  /** Whether nothing but `cd` came so far. */
  let isStart = true
  let folders: ReadonlyArray<string> = [...visited]
  for (const [index, part] of parts.entries()) {
    const words = wordsOf(part)
    if (part.operator === ";" || part.operator === "||") folders = [...visited]
    const read = explainPart(part, within)
    const isFollowed = isStart && (parts[index + 1]?.operator ?? "&&") === "&&" && words.length === 2 &&
      words[1] !== "" && words[1] !== "-"
    const explained = words[0] !== "cd" || isFollowed ? read : undefined
    all.push({
      words,
      folders,
      paths: explained?.reading.paths ?? guessed(words),
      isPiped: part.operator === "|",
      explained
    })
    if (words[0] !== "cd") isStart = false
    else if (explained !== undefined) {
      const folder = join(visited.at(-1) ?? "", words[1] ?? "")
      visited.push(folder)
      folders = [folder]
    }
  }
  // What changes the shell itself may change what every other word means.
  return all.some(({ explained, words: [program] }) =>
      explained === undefined && (changers.has(program) || program.includes("="))
    )
    ? all.map((command) => ({ ...command, explained: undefined }))
    : all
}

const join = (folder: string, word: string): string =>
  word.startsWith("/") || folder === "" ? word : `${folder}/${word}`

const explainPart = (part: Part, within: ReadonlyArray<string>): Explained | undefined => {
  const [program, ...args] = part.words
  const words = program.text === "git" && args[0]?.text === "--no-pager" ? args.slice(1) : args
  const entry = program.isGlob
    ? undefined
    : program.text === "git"
    ? programs.get(`git ${words[0]?.text}`)
    : programs.get(program.text)
  const reading = entry && ProgramWords.read(entry, program.text === "git" ? words.slice(1) : words)
  return entry === undefined || reading === undefined || !reading.paths.every((path) => staysWithin(path, within))
    ? undefined
    : { program: entry, reading }
}

/** By its spelling. `~` is another folder also behind a `=` in what looks like an assignment. */
const staysWithin = ({ isGlob, text }: ProgramWords.PathWord, folders: ReadonlyArray<string>): boolean => {
  if (text.length > maxPath) return false
  if (text.split("/").includes("..") || /(^|[=:])~/.test(text)) return false
  // In the last part only: before, it could turn into a link that leads anywhere.
  if (isGlob && (/[*?]/.test(text.slice(0, text.lastIndexOf("/") + 1)) || text.endsWith("/"))) return false
  if (!text.startsWith("/") || text === "/dev/null") return true
  return folders.some((folder) => isWithin(folder, text))
}

/** No system knows a longer path, but git makes a shorter one of it. */
const maxPath = 4000

/** The words that may be paths: operands, and the values of options. */
const guessed = ([, ...words]: Words): ReadonlyArray<ProgramWords.PathWord> =>
  words.flatMap((word) =>
    !word.startsWith("-") ? [word] : word.includes("=") ? [word.slice(word.indexOf("=") + 1)] : [word.slice(2)]
  ).filter((text) => text !== "").map((text) => ({ text, isGlob: false, isFile: false, isInCommit: false }))

/** Builtins of bash that affect the commands after them. */
const changers: ReadonlySet<string> = new Set(
  (". alias bind builtin cd command declare enable eval exec exit export hash let local mapfile popd pushd read " +
    "readarray readonly return set shift shopt source trap typeset unalias unset").split(" ")
)
