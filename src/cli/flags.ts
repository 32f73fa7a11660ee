/**
 * The options on the command line, looked at before `@effect/cli` does: it says of a wrong one neither its name nor what
 * is wrong, and takes one of two that are given.
 */
import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import { Choice } from "../auth/Credentials.ts"
import { Mode } from "../tools/Policy.ts"
import { BadInput } from "./ExitCode.ts"

/** What stands behind an option: nothing, a value, one with a rule of its own, one each time it is given, or a choice. */
type Kind = "switch" | "value" | "ruled" | "values" | ReadonlyArray<string>

const levels: ReadonlyMap<string, LogLevel.LogLevel> = new Map(
  LogLevel.allLevels.map((level) => [level._tag.toLowerCase(), level])
)

const named = (names: string, kind: Kind) => names.split(" ").map((name) => [name, kind] as const)

const kinds: ReadonlyMap<string, Kind> = new Map([
  ...named("all browser deltas device from-codex from-pi json last refresh search trust with-api-key yes", "switch"),
  ...named("cd max-calls-per-response max-steps max-tokens max-tool-calls model policy timeout", "value"),
  ...named("profile", "ruled"),
  ...named("image", "values"),
  ...named("auth", Choice.literals),
  ...named("permission", Mode.literals),
  ...named("completions", ["bash", "fish", "sh", "zsh"]),
  ...named("log-level", [...levels.keys()])
])

const short: ReadonlyMap<string, string> = new Map([["-C", "cd"], ["-i", "image"], ["-m", "model"]])

export const isSwitch = (word: string): boolean => word.startsWith("--") && kinds.get(word.slice(2)) === "switch"

/** The words with each value in a word of its own, and how much is to be told, which may be said anywhere. */
export interface Flags {
  readonly words: ReadonlyArray<string>
  readonly level: Option.Option<LogLevel.LogLevel>
}

/** What is no option that is known here is left for whoever reads on; what follows `--` is none. */
export const read: (argv: ReadonlyArray<string>) => Effect.Effect<Flags, BadInput> = Effect.fnUntraced(function*(argv) {
  const words: Array<string> = []
  const seen = new Set<string>()
  let level = Option.none<LogLevel.LogLevel>()
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? ""
    if (word === "--") {
      words.push(...argv.slice(index))
      break
    }
    const { kind, name, value } = lookUp(word)
    if (kind === undefined) {
      words.push(word)
      continue
    }
    if (seen.has(name) && kind !== "values") return yield* refuse(name, "is given twice: give it once")
    seen.add(name)
    if (kind === "switch") {
      if (value !== undefined && !truths.test(value)) return yield* cannotBe(name, value, "no value, it is a switch")
      words.push(word)
      continue
    }
    const given = value ?? argv[++index]
    if (given === undefined || value === undefined && (given === "--" || lookUp(given).kind !== undefined)) {
      return yield* refuse(name, `lacks its value: give it ${typeof kind === "string" ? "one" : oneOf(kind)}`)
    }
    if (given.trim() === "" && kind !== "ruled") {
      return yield* refuse(name, "is empty: give it a value, or leave it away")
    }
    if (typeof kind !== "string" && !kind.includes(given)) return yield* cannotBe(name, given, oneOf(kind))
    if (name === "log-level") level = Option.fromNullable(levels.get(given))
    else words.push(`--${name}`, given)
  }
  return { words, level }
})

/** Whoever asks for help may have all the rest wrong. */
export const unread = (words: ReadonlyArray<string>): Effect.Effect<Flags> =>
  Effect.succeed({ words, level: Option.none() })

/** The words from the command on. */
export const withoutLevel = (argv: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [first = ""] = argv
  return first === "--log-level" ? argv.slice(2) : first.startsWith("--log-level=") ? argv.slice(1) : argv
}

/** Whether a program reads the output. */
export const wantsJson = (argv: ReadonlyArray<string>): boolean => {
  const end = argv.indexOf("--")
  return argv.slice(0, end < 0 ? argv.length : end).some((word) => /^--json(?:=(?:true|yes|y|on|1))?$/.test(word))
}

const lookUp = (word: string) => {
  const [, long, value] = /^--([a-z-]+)(?:=(.*))?$/s.exec(word) ?? []
  const name = long ?? short.get(word) ?? ""
  return { name, kind: kinds.get(name), value }
}

/** What `@effect/cli` takes for the value of a switch. */
const truths = /^(?:true|yes|y|on|1|false|no|n|off|0)$/

const refuse = (name: string, what: string) => new BadInput({ message: `--${name} ${what}` })

const cannotBe = (name: string, value: string, expected: string) =>
  refuse(name, `cannot be "${value}": give it ${expected}`)

const oneOf = (choices: ReadonlyArray<string>): string =>
  `${choices.slice(0, -1).join(", ")} or ${choices.at(-1) ?? ""}`
