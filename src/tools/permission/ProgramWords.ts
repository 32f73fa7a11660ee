/**
 * What each argument means to its program, parsed as the program itself parses it. One unknown word makes the whole
 * command unknown: a parser that misjudges an option's value would take the next option for a file name.
 *
 * @internal
 */

/**
 * What a word may be.
 *
 * - `none` there is none: the option stands alone
 * - `number` digits
 * - `text` anything, which is no path
 * - `pattern` the same, and what to look for: when an option gives it, the operands do not
 * - `path` a file or a folder that the program looks at
 * - `file` the same, but no folder: in one the program would go on
 * - `revision` for git: a revision, or a path of the repository
 * - `object` the same, or `REVISION:PATH`
 * - `pathspec` for git: a path, or a pattern of paths within the repository
 * - a list: one of these words
 * - a regular expression: what it matches. Only such a value may begin with a dash when it is a word of its own
 *
 * @since 0.1.0
 * @category models
 */
export type Kind =
  | "none"
  | "number"
  | "text"
  | "pattern"
  | "path"
  | "file"
  | "revision"
  | "object"
  | "pathspec"
  | ReadonlyArray<string>
  | RegExp

/**
 * How a program parses its arguments.
 *
 * - `getopt` as most do: letters may stand together, a value follows in the same word or is the next one
 * - `clap` the same, and options may come after operands on every system
 * - `git` one letter to a word; the value of a long option stands behind `=`
 * - `tree` letters may stand together, a value is the next word after a letter that stands alone
 * - `find` paths, and then an expression of words, each with the value that is the next word
 * - `words` every word is an operand
 *
 * @since 0.1.0
 * @category models
 */
export type Style = "getopt" | "clap" | "git" | "tree" | "find" | "words"

/**
 * How to learn the names of the files that a program would read without being told their names: by the same program with
 * other options. Names are separated by zero bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Preview {
  readonly command: ReadonlyArray<string>
  /** The options that affect which files are read; the preview gets them too. */
  readonly keeps: string
  /** What it shows if no option says otherwise. */
  readonly shows: "names" | "contents"
  /** Options with which it shows names only, and those with which it shows contents in any case. */
  readonly names: string
  readonly contents: string
  /** Options that choose files by their content: the preview omits them, and lists more. */
  readonly counts?: string
  readonly narrows?: string
  /** Options that the preview cannot take into account when contents are shown. */
  readonly obscures?: string
  /** The exit code of a preview that finds no file. */
  readonly codeOfNothing?: number
  /** Whether the preview must succeed even if only names are shown: it finds out what the words are. */
  readonly isAlways?: boolean
}

/** @since 0.1.0 @category models */
export interface Program {
  readonly style: Style
  /**
   * The options, with what their value is. `-x[]` and `--name[=]` may have one in the same word, `--name=` has one behind
   * the `=`, and `-NUM` is a number with a dash.
   */
  readonly options: { readonly [spellings: string]: Kind }
  /** The operands: the first ones, and all that may follow. */
  readonly operands: ReadonlyArray<Kind>
  readonly rest?: Kind
  /** Options with which there is no pattern operand: the first operand is like the others. */
  readonly withoutPattern?: string
  /** The kind of the words after `--`, if it differs. */
  readonly afterDashes?: Kind
  /** Whether it shows names, and nothing of what is in the files. Then the shell may fill in names for it. */
  readonly showsNamesOnly?: boolean
  readonly preview?: Preview
  /**
   * Variables that name a configuration file, or the folder of one (`HOME/.gitconfig`). The file must not be in the
   * workspace.
   */
  readonly steeredBy?: ReadonlyArray<string>
  /** Variables with which it looks at another place than the folder it is in. */
  readonly movedBy?: ReadonlyArray<string>
}

/**
 * A word of a command line. A glob is a word that the shell replaces with names.
 *
 * @since 0.1.0
 * @category models
 */
export interface Word {
  readonly text: string
  readonly isGlob: boolean
}

/** @since 0.1.0 @category models */
export interface Option {
  /** As the table has it: `-A`, `--after-context`, `-NUM`. */
  readonly name: string
  readonly value?: string
}

/** @since 0.1.0 @category models */
export interface Operand {
  readonly kind: Kind
  readonly text: string
  readonly isAfterDashes: boolean
}

/** A word that leads somewhere. @since 0.1.0 @category models */
export interface PathWord {
  readonly text: string
  readonly isGlob: boolean
  /** It has to be a file: in a folder the program would go on. */
  readonly isFile: boolean
  /** It is a path in a commit, from the top of the repository. */
  readonly isInCommit: boolean
}

/** @since 0.1.0 @category models */
export interface Reading {
  readonly options: ReadonlyArray<Option>
  readonly operands: ReadonlyArray<Operand>
  readonly paths: ReadonlyArray<PathWord>
}

/**
 * Reads the words that follow the name of a program; `undefined` if its entry does not explain all of them.
 *
 * @since 0.1.0
 * @category reading
 */
export const read = (program: Program, words: ReadonlyArray<Word>): Reading | undefined => {
  const parts = program.style === "find"
    ? readExpression(program, words)
    : program.style === "words"
    ? { options: [], operands: words.map((word) => ({ ...word, isAfterDashes: false })), late: [] }
    : readOptions(program, words)
  if (parts === undefined) return undefined
  const operands = assign(program, parts)
  if (operands === undefined) return undefined
  const values = parts.options.flatMap(({ name, value }) => {
    const kind = optionsOf(program).get(name)?.kind
    return value !== undefined && (kind === "path" || kind === "file") ? [{ text: value, kind }] : []
  })
  const paths = [
    ...operands.flatMap(pathIn),
    ...values.map(({ kind, text }) => pathOf(text, { isFile: kind === "file" }))
  ]
  return {
    options: parts.options,
    operands,
    paths: [...paths, ...parts.late.map((text) => pathOf(text))].filter(({ text }) => text !== "-")
  }
}

interface Parts {
  readonly options: ReadonlyArray<Option>
  readonly operands: ReadonlyArray<Word & { readonly isAfterDashes: boolean }>
  /** Words behind an operand that some systems take for operands too. */
  readonly late: ReadonlyArray<string>
}

interface Spec {
  /** Where the value stands: in the next word too, in the same word if at all, or behind an `=`. */
  readonly form: "any" | "attached" | "equals"
  readonly kind: Kind
}

const specs = new WeakMap<Program, ReadonlyMap<string, Spec>>()

const optionsOf = (program: Program): ReadonlyMap<string, Spec> => {
  const known = specs.get(program)
  if (known !== undefined) return known
  const all = new Map(
    Object.entries(program.options).flatMap(([spellings, kind]) =>
      spellings.split(" ").map((spelling): [string, Spec] => {
        if (/\[=?\]$/.test(spelling)) return [spelling.replace(/\[=?\]$/, ""), { form: "attached", kind }]
        return spelling.endsWith("=")
          ? [spelling.slice(0, -1), { form: "equals", kind }]
          : [spelling, { form: "any", kind }]
      })
    )
  )
  specs.set(program, all)
  return all
}

/** Whether a value is one of its kind. One that is a word of its own and begins with a dash may be meant for an option. */
const accepts = (kind: Kind, value: string, isOwnWord: boolean): boolean => {
  if (kind === "none") return false
  if (kind === "number") return /^\d+$/.test(value)
  // An option, as old systems spell it, and `tail` on all: with an `f` at its end it waits for more.
  if (kind === "path" && /^\+\d*[bcl]?f?$/.test(value)) return false
  // `:/text` is a commit, by what was said of it, and `:(exclude)…` or `:!…` chooses among paths.
  if (kind === "revision") return !value.includes(":") || /^:[!^(]/.test(value)
  // In braces a colon is no end of the revision.
  if (kind === "object") return !value.startsWith(":/") && !(value.includes(":") && value.includes("{"))
  if (typeof kind === "string") return !(isOwnWord && value.startsWith("-"))
  return kind instanceof RegExp ? kind.test(value) : kind.includes(value)
}

/** The words of most programs. */
const readOptions = (program: Program, words: ReadonlyArray<Word>): Parts | undefined => {
  const specs = optionsOf(program)
  const options: Array<Option> = []
  const operands: Array<Parts["operands"][number]> = []
  const late: Array<string> = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at]
    if (word === undefined) break
    if (word.text === "--") {
      operands.push(...words.slice(at + 1).map((word) => ({ ...word, isAfterDashes: true })))
      break
    }
    if (!word.text.startsWith("-") || word.text === "-") {
      operands.push({ ...word, isAfterDashes: false })
      continue
    }
    const next = words[at + 1]
    const taken = word.text.startsWith("--")
      ? readLong(program.style, specs, word.text, next)
      : readShort(program.style, specs, word.text, next)
    if (taken === undefined) return undefined
    options.push(...taken.options)
    const used = taken.usesNext && next !== undefined ? [word, next] : [word]
    // Systems without long options stop looking for options at the first operand.
    if (program.style === "getopt" && operands.length > 0) late.push(...used.map(({ text }) => text))
    if (taken.usesNext) at++
  }
  if (late.length > 0 && program.rest === undefined) return undefined
  return { options, operands, late }
}

interface Taken {
  readonly options: ReadonlyArray<Option>
  readonly usesNext: boolean
}

const own = (name: string, { kind }: Spec, next: Word | undefined): Taken | undefined =>
  next !== undefined && !next.isGlob && accepts(kind, next.text, true)
    ? { options: [{ name, value: next.text }], usesNext: true }
    : undefined

const readLong = (
  style: Style,
  specs: ReadonlyMap<string, Spec>,
  word: string,
  next: Word | undefined
): Taken | undefined => {
  const at = word.indexOf("=")
  const name = at === -1 ? word : word.slice(0, at)
  const spec = specs.get(name)
  if (spec === undefined) return undefined
  if (at !== -1) {
    const value = word.slice(at + 1)
    return accepts(spec.kind, value, false) ? { options: [{ name, value }], usesNext: false } : undefined
  }
  if (spec.kind === "none" || spec.form === "attached") return { options: [{ name }], usesNext: false }
  return spec.form === "any" && style !== "git" && style !== "tree" ? own(name, spec, next) : undefined
}

const readShort = (
  style: Style,
  specs: ReadonlyMap<string, Spec>,
  word: string,
  next: Word | undefined
): Taken | undefined => {
  if (/^-\d+$/.test(word) && specs.has("-NUM")) {
    return { options: [{ name: "-NUM", value: word.slice(1) }], usesNext: false }
  }
  const options: Array<Option> = []
  const letters = Array.from(word.slice(1))
  for (const [at, letter] of letters.entries()) {
    const name = `-${letter}`
    const spec = specs.get(name)
    if (spec === undefined) return undefined
    const value = letters.slice(at + 1).join("")
    if (spec.kind === "none") {
      if (style === "git" && value !== "") return undefined
      options.push({ name })
    } else if (spec.form === "attached") {
      if (value === "") return { options: [...options, { name }], usesNext: false }
      return accepts(spec.kind, value, false)
        ? { options: [...options, { name, value }], usesNext: false }
        : undefined
    } else if (style === "tree") return letters.length === 1 ? own(name, spec, next) : undefined
    else if (value === "") {
      const taken = own(name, spec, next)
      return taken === undefined ? undefined : { ...taken, options: [...options, ...taken.options] }
    } else {
      return accepts(spec.kind, value, false)
        ? { options: [...options, { name, value }], usesNext: false }
        : undefined
    }
  }
  return { options, usesNext: false }
}

/** Paths first, then tests and actions. Where to follow links may be said before. */
const readExpression = (program: Program, words: ReadonlyArray<Word>): Parts | undefined => {
  const specs = optionsOf(program)
  const options: Array<Option> = []
  const operands: Array<Parts["operands"][number]> = []
  let isInExpression = false
  for (let at = 0; at < words.length; at++) {
    const word = words[at]
    if (word === undefined) break
    const { isGlob, text } = word
    const spec = isGlob ? undefined : specs.get(text)
    if (text === "-P" || text === "-H") {
      if (at > 0 && words.slice(0, at).some(({ text }) => text !== "-P" && text !== "-H")) return undefined
    } else if (spec === undefined) {
      if (isInExpression || text.startsWith("-")) return undefined
      operands.push({ ...word, isAfterDashes: false })
    } else if (spec.kind === "none") {
      isInExpression = true
      options.push({ name: text })
    } else {
      isInExpression = true
      const taken = own(text, spec, words[++at])
      if (taken === undefined) return undefined
      options.push(...taken.options)
    }
  }
  return { options, operands, late: [] }
}

/** What each operand is; nothing if there are too many, or one is not what it has to be. */
const assign = (program: Program, { operands, options }: Parts): ReadonlyArray<Operand & Word> | undefined => {
  const specs = optionsOf(program)
  const isGiven = options.some(({ name }) =>
    specs.get(name)?.kind === "pattern" || program.withoutPattern?.split(" ").includes(name) === true
  )
  const first = isGiven ? program.operands.filter((kind) => kind !== "pattern") : program.operands
  const all: Array<Operand & Word> = []
  for (const [at, operand] of operands.entries()) {
    const rest = operand.isAfterDashes ? program.afterDashes ?? program.rest : program.rest
    const kind = first[at] ?? rest
    if (kind === undefined || !accepts(kind, operand.text, false)) return undefined
    // It is unknown how many names the shell fills in, and for which files.
    if (operand.isGlob && (program.showsNamesOnly !== true || first[at] !== undefined)) return undefined
    all.push({ ...operand, kind })
  }
  return all
}

const pathOf = (text: string, { isFile = false, isGlob = false, isInCommit = false } = {}): PathWord => ({
  text,
  isGlob,
  isFile,
  isInCommit
})

/** The path of an operand, if it has one. Names that the shell fills in are paths, whatever the program takes them for. */
const pathIn = ({ isGlob, kind, text }: Operand & Word): ReadonlyArray<PathWord> => {
  if (isGlob) return [pathOf(text, { isGlob })]
  switch (kind) {
    case "path":
    case "file":
      return [pathOf(text, { isFile: kind === "file" })]
    case "pathspec":
    case "revision":
      return text.startsWith(":") ? [] : [pathOf(text)]
    case "object": {
      const path = inCommit(text)
      return path === undefined ? [pathOf(text)] : [pathOf(text), pathOf(path, { isInCommit: true })]
    }
    default:
      return []
  }
}

/**
 * The path of a file in a commit or in the index: `HEAD:a.txt`, `:a.txt`, `:2:a.txt`.
 *
 * @since 0.1.0
 * @category reading
 */
export const inCommit = (object: string): string | undefined =>
  object.includes(":") ? object.replace(/^:[0-3]:|^[^:]*:/, "") : undefined
