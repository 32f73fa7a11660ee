/**
 * A person's rules about calls: on tools, paths and commands, each with examples that test what it means.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { parse, problemOf } from "../../internal/json.ts"
import picomatch from "../../vendor/picomatch.ts"
import { Mode } from "./Mode.ts"
import * as SafeCommands from "./SafeCommands.ts"

export { Mode } from "./Mode.ts"

const Text = Schema.NonEmptyTrimmedString

/**
 * A rule matches the calls that meet all its conditions: a tool (a glob), a file (a glob, relative to the workspace),
 * or a command that begins with these words.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Rule = Schema.Struct({
  decision: Schema.Literal("allow", "ask", "deny"),
  tool: Schema.optional(Text),
  command: Schema.optional(Text),
  path: Schema.optional(Text),
  examples: Schema.optional(Schema.Struct({
    match: Schema.optional(Schema.Array(Schema.String)),
    no_match: Schema.optional(Schema.Array(Schema.String))
  }))
})

/** @since 0.1.0 @category models */
export type Rule = typeof Rule.Type

/** @since 0.1.0 @category schemas */
export const Rules = Schema.Struct({
  rules: Schema.Array(Rule),
  otherwise: Schema.optional(Mode)
})

/**
 * Rules that have been checked. `source` is their name in decisions.
 *
 * @since 0.1.0
 * @category models
 */
export interface Policy {
  readonly source: string
  readonly rules: ReadonlyArray<Checked>
  readonly otherwise: Mode | undefined
}

/** @since 0.1.0 @category models */
export interface Checked {
  readonly name: string
  readonly rule: Rule
  readonly isTool: (name: string) => boolean
  readonly isPath: (path: string) => boolean
}

/**
 * A policy cannot be used. The message is the whole sentence, with the number of the rule.
 *
 * @since 0.1.0
 * @category errors
 */
export class PolicyError
  extends Schema.TaggedError<PolicyError>("effixir/tools/permission/Policy/PolicyError")("PolicyError", {
    source: Schema.String,
    problem: Schema.String
  })
{
  override get message(): string {
    return `The policy ${this.source} cannot be used: ${this.problem}`
  }
}

/**
 * Reads the text of a policy and tries its examples.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Policy } from "effixir"
 *
 * const verdict = Effect.gen(function*() {
 *   const policy = yield* Policy.fromText("{ \"rules\": [{ \"decision\": \"deny\", \"path\": \"**\\/.env\" }] }", "policy.json")
 *   if (Policy.denies(policy, "read", "/home/ada/app/.env")) return "never"
 *   return Policy.judge(policy, "bash", { _tag: "Command", command: "git push" })
 * })
 * ```
 *
 * @since 0.1.0
 * @category loading
 */
export const fromText: (text: string, source: string) => Effect.Effect<Policy, PolicyError> = Effect.fnUntraced(
  function*(text, source) {
    const fail = (problem: string) => new PolicyError({ source, problem })
    const broken = problemOf(text)
    if (broken !== undefined) return yield* fail(`${broken}; mend it: expected ${expected[""]}`)
    const { otherwise, rules } = yield* Effect.mapError(decode(parse(text)), (error) => fail(tell(error)))
    const file = source.slice(source.lastIndexOf("/") + 1)
    const checked = rules.map((rule, index) => compile(rule, `rule ${index + 1} of ${file}`))
    for (const [index, one] of checked.entries()) {
      const problem = mistakeIn(one)
      if (problem !== undefined) return yield* fail(`rule ${index + 1} ${problem}`)
    }
    return { source, rules: checked, otherwise }
  }
)

const decode = (json: unknown) => Schema.decodeUnknown(Rules, { onExcessProperty: "error" })(json)

const tell = (error: ParseResult.ParseError): string => {
  const [issue] = ParseResult.ArrayFormatter.formatErrorSync(error)
  const [first, index, ...rest] = issue?.path ?? []
  const isOfRule = first === "rules" && typeof index === "number"
  // The index of the example is left out: the message shows the example itself.
  const fields = (isOfRule ? rest : issue?.path ?? []).filter(Predicate.isString)
  const where = [...(isOfRule ? [`rule ${index + 1}`] : []), ...(fields.length > 0 ? [fields.join(".")] : [])].join(
    ", "
  )
  const isKnown = issue?._tag !== "Unexpected"
  const key = [...(isOfRule ? ["rule"] : []), ...(isKnown ? fields : fields.slice(0, -1))].join(".")
  const found = isKnown ? issue?._tag === "Missing" ? "it is missing; " : "" : "there is no such field; "
  return `${where === "" ? "" : `${where}: `}${found}expected ${expected[key] ?? expected[""]}`
}

const oneOf = ({ literals }: { readonly literals: ReadonlyArray<string> }): string =>
  literals.map((literal) => `"${literal}"`).join(" or ")

const aText = "a text that is not empty, and has no spaces around it"
const texts = "a list of texts"

const expected: { readonly [where: string]: string } = {
  "": "a JSON object with rules (a list) and, if you like, otherwise",
  otherwise: oneOf(Mode),
  rules: "a list of rules",
  rule: `an object with decision (${oneOf(Rule.fields.decision)}), tool, command or path, and, if you like, examples`,
  "rule.decision": oneOf(Rule.fields.decision),
  "rule.tool": aText,
  "rule.command": aText,
  "rule.path": aText,
  "rule.examples": "an object with match and no_match, or one of them",
  "rule.examples.match": texts,
  "rule.examples.no_match": texts
}

const compile = (rule: Rule, name: string): Checked => ({
  name,
  rule,
  isTool: rule.tool === undefined ? () => true : matcher(rule.tool),
  isPath: rule.path === undefined ? () => true : matcher(rule.path.replace(/^\.\//, ""))
})

const matcher = (glob: string): (text: string) => boolean => {
  const isMatch = picomatch(glob, { dot: true })
  return (text) => isMatch(text)
}

const mistakeIn = (checked: Checked): string | undefined => {
  const { command, examples, path, tool } = checked.rule
  if (command !== undefined && path !== undefined) return "names both a command and a path; make two rules of it"
  if (command === undefined && path === undefined && tool === undefined) {
    return "names neither a tool nor a command nor a path (for all calls: \"tool\": \"*\")"
  }
  if (command !== undefined && wordsOf(command) === undefined) {
    return `has a command that is more than plain words: ${command}`
  }
  if (path !== undefined && (path.startsWith("/") || path.split("/").includes(".."))) {
    return `has a path that is not relative to the workspace: ${path}`
  }
  const missed = examples?.match?.find((example) => !matchesExample(checked, example))
  if (missed !== undefined) return `does not match its example "${missed}"`
  const caught = examples?.no_match?.find((example) => matchesExample(checked, example))
  return caught === undefined ? undefined : `matches "${caught}", which it should not`
}

/** An example is a command line, a path, or the name of a tool, depending on what the rule is about. */
const matchesExample = (checked: Checked, example: string): boolean => {
  const { command, decision, path } = checked.rule
  if (command !== undefined) return decision === "allow" ? allows([checked], example) : hits(checked, partsOf(example))
  return path === undefined ? checked.isTool(example) : checked.isPath(example.replace(/^\.\//, ""))
}

const wordsOf = (prefix: string): SafeCommands.Words | undefined => {
  const parts = SafeCommands.split(prefix)
  return parts?.length === 1 ? parts[0] : undefined
}

/**
 * A call as a policy sees it. A path comes as all its spellings: as it was given, and as it really is, relative to the
 * workspace.
 *
 * @since 0.1.0
 * @category models
 */
export type Subject =
  | { readonly _tag: "Files"; readonly paths: ReadonlyArray<ReadonlyArray<string>> }
  | { readonly _tag: "Command"; readonly command: string }
  | { readonly _tag: "Other" }

/**
 * What the rules say of a call: the strictest one that matches counts. `undecided` are the programs of a command line
 * that no rule allows; `isExplicit` says that the rule that allows names the very files or the very command.
 *
 * @since 0.1.0
 * @category models
 */
export type Verdict =
  | { readonly _tag: "deny"; readonly rule: string }
  | { readonly _tag: "ask"; readonly rule: string }
  | { readonly _tag: "allow"; readonly rule: string; readonly isExplicit: boolean }
  | { readonly _tag: "none"; readonly undecided: ReadonlyArray<SafeCommands.Words> | undefined }

/** @since 0.1.0 @category judging */
export const judge = ({ rules }: Policy, tool: string, subject: Subject): Verdict => {
  const own = rules.filter(({ isTool }) => isTool(tool))
  // Each model gets one of these two tools, and a rule that forbids one means what it does.
  const strictest = tool === "apply_patch" ? rules.filter(({ isTool }) => isTool(tool) || isTool("edit")) : own
  for (const decision of ["deny", "ask"] as const) {
    const strict = strictest.find((checked) => checked.rule.decision === decision && concerns(checked, subject))
    if (strict !== undefined) return { _tag: decision, rule: strict.name }
  }
  const allowing = own.filter(({ rule }) => rule.decision === "allow")
  const general = allowing.find(({ rule }) => rule.command === undefined && rule.path === undefined)
  if (subject._tag === "Files" && subject.paths.length > 0) {
    const covering = subject.paths.map((spellings) =>
      allowing.find((checked) => checked.rule.path !== undefined && spellings.every((path) => isWithin(checked, path)))
    )
    const [first] = covering
    if (first !== undefined && covering.every((checked) => checked !== undefined)) {
      return { _tag: "allow", rule: first.name, isExplicit: true }
    }
  }
  if (general !== undefined) return { _tag: "allow", rule: general.name, isExplicit: false }
  if (subject._tag !== "Command") return { _tag: "none", undecided: undefined }
  const parts = SafeCommands.split(subject.command)
  if (parts === undefined) return { _tag: "none", undecided: undefined }
  const undecided = parts.filter((part) => !allowing.some((checked) => begins(checked, part)))
  const first = allowing.find((checked) => parts.some((part) => begins(checked, part)))
  return undecided.length === 0 && first !== undefined
    ? { _tag: "allow", rule: first.name, isExplicit: true }
    : { _tag: "none", undecided }
}

/**
 * Whether the rules deny a file to this tool: a search over its folder leaves it out.
 *
 * @since 0.1.0
 * @category judging
 */
export const denies = ({ rules }: Policy, tool: string, path: string): boolean =>
  rules.some((checked) =>
    checked.rule.decision === "deny" && checked.rule.path !== undefined && checked.isTool(tool) && checked.isPath(path)
  )

const concerns = (checked: Checked, subject: Subject): boolean => {
  const { command, path } = checked.rule
  if (command !== undefined) return subject._tag === "Command" && hits(checked, partsOf(subject.command))
  if (path === undefined) return true
  return subject._tag === "Files" && subject.paths.some((spellings) => spellings.some(checked.isPath))
}

const isWithin = (checked: Checked, path: string): boolean =>
  !path.startsWith("..") && !path.startsWith("/") && checked.isPath(path)

const allows = (rules: ReadonlyArray<Checked>, line: string): boolean =>
  SafeCommands.split(line)?.every((part) => rules.some((checked) => begins(checked, part))) === true

/** To allow, the words must be those of the rule. */
const begins = ({ rule }: Checked, words: SafeCommands.Words): boolean => {
  const prefix = rule.command === undefined ? undefined : wordsOf(rule.command)
  return prefix !== undefined && prefix.every((word, index) => words[index] === word)
}

/** To deny or to ask, it is enough that they come in this order, whatever options stand between them. */
const hits = ({ rule }: Checked, parts: ReadonlyArray<ReadonlyArray<string>>): boolean => {
  const prefix = rule.command === undefined ? undefined : wordsOf(rule.command)
  return prefix !== undefined && parts.some((words) => comesAs(prefix, words))
}

const comesAs = (prefix: ReadonlyArray<string>, words: ReadonlyArray<string>): boolean => {
  let places = new Set([0])
  for (const next of prefix) {
    const behind = new Set<number>()
    for (const at of places) {
      const word = words[at]
      if (word === next || word?.endsWith(`/${next}`)) behind.add(at + 1)
      // An option, perhaps with a value.
      else if (word?.startsWith("-")) places.add(at + 1).add(at + 2)
    }
    places = behind
  }
  return places.size > 0
}

/**
 * The commands that a line may run, found without parsing it fully. A name can be hidden from this (`g\it push`), so a
 * rule that denies is a reminder to a model, not a security boundary.
 */
const partsOf = (line: string): ReadonlyArray<ReadonlyArray<string>> => {
  const read = SafeCommands.split(line) ?? []
  const spelled = line.slice(0, maxLength).split(/[;&|()`{}\n]+|\$\(/).map((part) =>
    part.split(/\s+/).filter((word) => word !== "").map((word) => word.replaceAll(/^['"]+|['"]+$/g, ""))
  )
  return [...read, ...spelled].map(unwrapped).filter((words) => words.length > 0).slice(0, maxParts)
}

const maxLength = 100_000
const maxParts = 10_000

/** Without assignments and wrappers in front: `A=1 sudo -n git push` pushes, and so does `bash -c "git push"`. */
const unwrapped = (words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const at = words.findIndex((word) => !/^\w+=/.test(word) && !wrappers.has(word) && !word.startsWith("-"))
  const rest = at === -1 ? [] : words.slice(at)
  return rest.length === 1 && /\s/.test(rest[0] ?? "") ? unwrapped((rest[0] ?? "").split(/\s+/)) : rest
}

const wrappers: ReadonlySet<string> = new Set(
  ["sudo", "env", "command", "exec", "nohup", "time", "xargs", "eval", "bash", "sh", "zsh", "then", "do", "else", "!"]
)
