/**
 * Which command lines only look. What is not plainly so is taken not to be: a question too many costs a key, and one
 * too few may cost a file.
 *
 * @since 0.1.0
 */
import { parse } from "shell-quote"
import { isWithin } from "../internal/paths.ts"

/**
 * A program of a command line and what it is given.
 *
 * @since 0.1.0
 * @category models
 */
export type Words = readonly [program: string, ...args: ReadonlyArray<string>]

/**
 * The programs that a command line starts, each with its words; `undefined` if the line is more than plain words, quotes
 * and `|`, `&&`, `||` or `;` between them. Output that is thrown away (`2>/dev/null`) or merged (`2>&1`) is nothing to
 * tell of. A word may be a glob, but not one that could turn into an option.
 *
 * @since 0.1.0
 * @category parsing
 */
export const split = (line: string): ReadonlyArray<Words> | undefined => {
  const plain = withoutRedirects(line)
  if (plain === undefined) return undefined
  const commands: Array<Array<string>> = [[]]
  for (const entry of parse(plain)) {
    const word = typeof entry === "string" ? entry : "pattern" in entry ? entry.pattern : undefined
    if (word !== undefined) {
      if (typeof entry !== "string" && !/^[\p{L}\p{N}_./]/u.test(word)) return undefined
      commands.at(-1)?.push(word)
    } else if (typeof entry !== "string" && "op" in entry && separators.has(entry.op)) commands.push([])
    else return undefined
  }
  const read: ReadonlyArray<ReadonlyArray<string>> = commands
  return read.every(isWords) ? read : undefined
}

const separators: ReadonlySet<string> = new Set(["|", "&&", "||", ";"])

const isWords = (words: ReadonlyArray<string>): words is Words => words[0] !== undefined && words[0] !== ""

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

/** A line longer than this is a program. */
const maxLength = 10_000

/** @since 0.1.0 @category models */
export interface Options {
  /** The folders in which a command may look, by their real paths. Words that lead elsewhere are not safe. */
  readonly within: ReadonlyArray<string>
  /** Whether the command runs in a folder other than the workspace itself. */
  readonly isElsewhere?: boolean
  /** Whether the repository may name programs for git to run. */
  readonly namesPrograms?: boolean
}

/**
 * Whether a command line changes nothing, ends by itself, and looks only where it may. Programs that a person's own
 * configuration starts (a `diff.external` of git) are the person's business. Those that a repository names are not, which
 * is why git is safe only where it names none, and at the top only: a folder within it may hold another one.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isSafe = (line: string, options: Options): boolean => {
  const commands = split(line)
  return commands !== undefined && areSafe(commands, commands, options)
}

/**
 * Whether some of the programs of a line, which has been split, are safe.
 *
 * @since 0.1.0
 * @category predicates
 */
export const areSafe = (some: ReadonlyArray<Words>, all: ReadonlyArray<Words>, options: Options): boolean => {
  const mayGit = options.isElsewhere !== true && options.namesPrograms !== true &&
    all.every(([program]) => program !== "cd")
  return some.every(([program, ...args]) =>
    (program !== "git" || mayGit) && args.every((word) => staysWithin(word, options.within)) &&
    Object.hasOwn(programs, program) && programs[program]?.(args) === true
  )
}

/**
 * Whether a line shows what is in files whose names it leaves to the shell: nobody can say which these are.
 *
 * @since 0.1.0
 * @category predicates
 */
export const showsUnnamed = (line: string): boolean =>
  parse(withoutRedirects(line) ?? "").some((entry) => typeof entry !== "string" && "pattern" in entry) &&
  split(line)?.every(([program]) => namers.has(program)) !== true

/** The programs that show names, and nothing of what is in the files. */
const namers: ReadonlySet<string> = new Set(
  "basename cd dirname du echo false find ls pwd readlink realpath stat tree true which".split(" ")
)

/** By its spelling; where a link leads, whoever asks has to find out. */
const staysWithin = (word: string, folders: ReadonlyArray<string>): boolean =>
  [word, word.slice(word.indexOf("=") + 1), word.replace(/^-\w/, "")].every((path) => {
    if (path.split("/").includes("..") || path.startsWith("~")) return false
    if (!path.startsWith("/") || path === "/dev/null") return true
    return folders.some((folder) => path === folder || isWithin(folder, path) && !/[*?]/.test(path))
  })

type Check = (args: ReadonlyArray<string>) => boolean

const anything: Check = () => true

interface Allowed {
  /** Options of one letter, which may stand together. */
  readonly letters?: string
  /** Options of one letter with a value: all that follows in the word, or the next one. */
  readonly valued?: string
  readonly long?: string
  readonly maxOperands?: number
}

/** Lets through operands and the options named. Long ones may not be cut short: `--outp` would be taken for `--output`. */
const only = ({ letters = "", long = "", maxOperands = Infinity, valued = "" }: Allowed): Check => {
  const names = new Set(long.split(" "))
  const isOption = (word: string): boolean => {
    if (word.startsWith("--")) return names.has(word.slice(2).replace(/=.*/s, ""))
    for (const letter of word.slice(1)) {
      if (valued.includes(letter)) return true
      if (!letters.includes(letter)) return false
    }
    return true
  }
  return (args) => {
    const end = args.indexOf("--")
    const words = end === -1 ? args : args.slice(0, end)
    const operands = words.filter((word) => !word.startsWith("-") || word === "-")
    const count = operands.length + (end === -1 ? 0 : args.length - end - 1)
    return count <= maxOperands && words.filter((word) => !operands.includes(word)).every(isOption)
  }
}

const digits = "0123456789"

/** The tests of `find`, and what prints. Whatever else begins with a dash may run, write or remove. */
const findWords = new Set(
  ("-name -iname -path -ipath -wholename -regex -iregex -type -maxdepth -mindepth -depth -size -empty -mtime -mmin " +
    "-ctime -cmin -newer -perm -user -group -links -not -and -or -a -o -prune -print -print0 -ls -true -false -L -P -H " +
    "-xdev -mount -readable -writable -executable").split(" ")
)

const commits =
  "oneline stat patch no-patch graph decorate all branches tags remotes name-only name-status since until after " +
  "before author committer grep follow no-merges merges first-parent numstat shortstat summary dirstat abbrev-commit " +
  "abbrev reverse date max-count skip diff-filter word-diff raw check quiet exit-code merge-base find-renames " +
  "find-copies left-right no-color no-ext-diff no-textconv no-renames cached staged ignore-all-space " +
  "ignore-space-change ignore-blank-lines unified minimal patience histogram topo-order date-order full-history " +
  "relative pretty format color-moved function-context ignore-case invert-grep cherry-pick cherry no-prefix"

/** `%G` in a format asks gpg. */
const looksAtCommits: Check = (args) =>
  only({ letters: `psuwbziqMCRE${digits}`, valued: "nUSGL", long: commits })(args) &&
  !args.some((word) => word.includes("%G"))

const gits: { readonly [command: string]: Check } = {
  status: only({
    letters: "sbvz",
    valued: "u",
    long: "short branch porcelain long untracked-files ignored show-stash ahead-behind no-renames column no-column"
  }),
  log: looksAtCommits,
  diff: looksAtCommits,
  show: looksAtCommits,
  "ls-files": only({
    letters: "cdmosikzt",
    valued: "x",
    long:
      "cached deleted modified others stage ignored killed exclude exclude-standard full-name error-unmatch directory"
  }),
  "rev-parse": only({ long: "show-toplevel abbrev-ref short is-inside-work-tree git-dir verify quiet show-prefix" }),
  blame: only({ letters: "welstfnbp", valued: "L", long: "date porcelain line-porcelain root show-name show-number" })
}

const programs: { readonly [program: string]: Check } = {
  basename: anything,
  cat: anything,
  cd: (args) => args.length === 1 && args[0] !== "-" && !/[*?]/.test(args[0] ?? ""),
  cmp: anything,
  cut: anything,
  // `diff -l` runs pr, and `--from-file` and its kin are rare enough to be asked for.
  diff: only({
    letters: "qsruNibwBaydtTp",
    valued: "UCWIx",
    long: "brief recursive unified context new-file ignore-case ignore-all-space ignore-space-change side-by-side " +
      "ignore-blank-lines color text report-identical-files exclude width suppress-common-lines"
  }),
  dirname: anything,
  du: anything,
  echo: anything,
  false: anything,
  file: only({ letters: "biLhkN", long: "brief mime mime-type mime-encoding dereference no-dereference" }),
  find: (args) => args.every((word) => !word.startsWith("-") || findWords.has(word) || /^-\d+[a-zA-Z]?$/.test(word)),
  git: ([command = "", ...args]) => Object.hasOwn(gits, command) && gits[command]?.(args) === true,
  // -r reads all there is, secrets and hidden files too; the tool grep does not.
  grep: only({
    letters: `nivclLwxEFGPohHqsabzZTU${digits}`,
    valued: "ABCme",
    long: "line-number ignore-case invert-match count files-with-matches files-without-match word-regexp line-regexp " +
      "extended-regexp fixed-strings basic-regexp perl-regexp only-matching no-filename with-filename quiet silent " +
      "no-messages after-context before-context context max-count regexp color text byte-offset"
  }),
  head: anything,
  ls: anything,
  nl: anything,
  pwd: anything,
  readlink: anything,
  realpath: anything,
  // --pre runs a program, -z one that unpacks, and what is hidden or ignored may be secret.
  rg: only({
    letters: "niFwxclovHNISsUPqpb0",
    valued: "ABCmetTgMEj",
    long:
      "line-number ignore-case fixed-strings word-regexp line-regexp count files-with-matches files-without-match " +
      "only-matching invert-match with-filename no-filename no-line-number smart-case case-sensitive multiline quiet " +
      "files heading no-heading color after-context before-context context max-count max-depth max-columns regexp type " +
      "type-not glob iglob sort sortr stats vimgrep json column trim pcre2 no-messages type-list count-matches null"
  }),
  sed: ([option, script = "", ...files]) =>
    option === "-n" && /^(\d+|\$)(,(\d+|\$))?p$/.test(script) && files.every((file) => !file.startsWith("-")),
  sort: only({
    letters: "nrufbgMhVdisczC",
    valued: "kt",
    long: "numeric-sort reverse unique ignore-case general-numeric-sort human-numeric-sort version-sort key " +
      "field-separator check stable dictionary-order ignore-leading-blanks month-sort zero-terminated"
  }),
  stat: anything,
  tail: only({ letters: `qvz${digits}`, valued: "nc", long: "lines bytes quiet silent verbose zero-terminated" }),
  tr: anything,
  tree: only({ letters: "adfisphDCFQNu", valued: "LIP", long: "dirsfirst noreport prune gitignore du charset" }),
  true: anything,
  // A second operand is a file that it writes.
  uniq: (args) =>
    only({
      letters: "cduiDz",
      valued: "fsw",
      maxOperands: 1,
      long: "count repeated unique ignore-case skip-fields skip-chars check-chars"
    })(args) && !args.some((word) => /[*?]/.test(word)),
  wc: anything,
  which: anything
}
