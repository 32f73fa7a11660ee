import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import type * as Descriptor from "@effect/cli/CommandDescriptor"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as fc from "fast-check"
import * as Cli from "../../src/cli/Cli.ts"
import * as CommandLine from "../../src/cli/CommandLine.ts"
import { all as configCommands } from "../../src/cli/commands/config.ts"
import { all as mcpCommands } from "../../src/cli/commands/mcp.ts"
import { all as sessionCommands } from "../../src/cli/commands/sessions.ts"
import * as Grammar from "../../src/cli/Grammar.ts"
import * as Help from "../../src/cli/help.ts"
import { forAll } from "../forAll.ts"

const grammar = Grammar.make(Cli.commands.map(({ descriptor }) => descriptor))
const leaves = grammar.commands.filter(({ isGroup }) => !isGroup)
const allFlags = [...leaves.flatMap(({ flags }) => flags), ...grammar.builtIns]
const allNames = new Set(allFlags.flatMap(({ names }) => names))
const switchedOn = ["true", "yes", "y", "on", "1"]
const switchedOff = ["false", "no", "n", "off", "0"]

interface Seen {
  readonly command: string
  readonly config: { readonly [key: string]: unknown }
}

/** A command of ours with another handler. */
const handledBy = (
  { descriptor }: { readonly descriptor: unknown },
  handler: (config: { readonly name: string }) => Effect.Effect<unknown>
) =>
  Command.fromDescriptor(
    descriptor as Descriptor.Command<{ readonly name: string }>,
    (config) => Effect.asVoid(handler(config))
  )

/** What the handler of a command is given for these words, if any is called. */
const parsed = (line: CommandLine.CommandLine): Effect.Effect<Seen> =>
  Effect.gen(function*() {
    const seen: Array<Seen> = []
    const noting = (command: { readonly descriptor: Descriptor.Command<unknown> }, group = "") =>
      handledBy(
        command,
        (config) => Effect.sync(() => seen.push({ command: `${group}${nameOf(command)}`, config: { ...config } }))
      )
    const groupOf = (name: keyof typeof groups) => {
      const [one, ...others] = groups[name].map((command) => noting(command, `${name} `))
      return one === undefined ? undefined : Command.make(name).pipe(Command.withSubcommands([one, ...others]))
    }
    const [first, ...more] = Cli.commands.map((command) => {
      const name = nameOf(command)
      return (name === "sessions" || name === "config" || name === "mcp" ? groupOf(name) : undefined) ?? noting(command)
    })
    if (first === undefined) return yield* Effect.dieMessage("no command")
    const root = Command.make("effixir").pipe(Command.withSubcommands([first, ...more]))
    const words = ["node", "effixir", ...CommandLine.write(line)]
    yield* Command.run(root, { name: "effixir", version: "0" })(words).pipe(
      Effect.provide(NodeContext.layer),
      Effect.provide(CliConfig.layer({ isCaseSensitive: true })),
      Effect.orDie
    )
    assert.lengthOf(seen, 1, words.join(" "))
    return seen[0] ?? { command: "", config: {} }
  })

const groups = { sessions: sessionCommands, config: configCommands, mcp: mcpCommands }

const nameOf = ({ descriptor }: { readonly descriptor: Descriptor.Command<unknown> }): string =>
  Grammar.make([descriptor]).commands[0]?.name ?? ""

const keyOf = (name: string) => name.slice(2).replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())

/** What is set, by the names of the options; what nobody asked for is left out. */
const settings = (config: Seen["config"], flags: ReadonlyArray<Grammar.Flag>) =>
  Object.fromEntries(flags.flatMap(({ name }) => {
    const value = config[keyOf(name)]
    const plain = Option.isOption(value) ? Option.getOrUndefined(value) : value
    return plain === undefined || plain === false || Array.isArray(plain) && plain.length === 0 ? [] : [[name, plain]]
  }))

/** Words that could be mistaken for something else; the ends of a text are what most often goes missing. */
const text = fc.oneof(
  fc.constantFrom(
    "a",
    "yes",
    "false",
    "0",
    "-1",
    "run",
    "Status",
    "help",
    "a=b",
    "--",
    "1e3",
    "0x10",
    "two words",
    "ü\n"
  ),
  fc.string({ minLength: 1, maxLength: 8 })
)

const valueFor = (flag: Grammar.Flag): fc.Arbitrary<string> => {
  if (flag.values === "none") return fc.constantFrom(...switchedOn, ...switchedOff)
  if (typeof flag.values !== "string") return fc.constantFrom(...flag.values)
  // What a profile may be called has a rule of its own.
  if (flag.name === "--profile") return fc.constantFrom("work", "a-b", "yes", "1")
  if (flag.name === "--base-url") return fc.constantFrom("https://api.example/v1", "http://127.0.0.1:1/v1?a=b")
  return text.filter((value) =>
    value.trim() !== "" && value !== "--" && !allNames.has(value) && (!flag.isRepeated || value === value.trim())
  )
}

/** An option as it may be written, with what it then means. */
interface Piece {
  readonly flag: Grammar.Flag
  readonly words: ReadonlyArray<string>
  readonly value: string
}

const written = (flag: Grammar.Flag): fc.Arbitrary<Piece> =>
  fc.record({ name: fc.constantFrom(...flag.names), value: valueFor(flag), how: fc.constantFrom("=", " ", "bare") })
    .map(
      ({ how, name, value }) => {
        if (flag.values === "none") {
          return how === "bare" ? { flag, words: [name], value: "true" } : { flag, words: [`${name}=${value}`], value }
        }
        const mayFollow = !value.startsWith("-") || /^-(?:\d|$)/.test(value)
        return { flag, words: how !== "=" && mayFollow ? [name, value] : [`${name}=${value}`], value }
      }
    )

/** The switch that says the contrary of another. */
const oppositeOf = ({ name }: Grammar.Flag): Grammar.Flag | undefined =>
  allFlags.find((other) => other.name === name.replace("--", "--no-"))

const withoutContraries = (flags: ReadonlyArray<Grammar.Flag>): ReadonlyArray<Grammar.Flag> => {
  const contrary = new Set(flags.flatMap((flag) => oppositeOf(flag)?.name ?? []))
  return flags.filter(({ name }) => !contrary.has(name))
}

/** A command with some of its options, each once but for those that may be repeated. */
interface Asked {
  readonly command: Grammar.Grammar["commands"][number]
  readonly pieces: ReadonlyArray<Piece>
  readonly before: number
  readonly words: ReadonlyArray<string>
  readonly literal: ReadonlyArray<string>
}

const asked: fc.Arbitrary<Asked> = fc.constantFrom(...leaves).chain((command) =>
  fc.record({
    command: fc.constant(command),
    pieces: command.flags.length === 0 ? fc.constant([]) : fc.shuffledSubarray(
      command.flags.flatMap((flag) => flag.isRepeated ? [flag, flag] : [flag])
    ).map(withoutContraries).chain((flags) => fc.tuple(...flags.map(written))),
    before: fc.nat(),
    words: command.takesWords
      ? fc.array(text.filter((word) => !word.startsWith("-")), { maxLength: 2 })
      : fc.constant([]),
    literal: command.takesWords
      ? fc.array(fc.oneof(text, fc.constantFrom(...allNames)), { maxLength: 2 })
      : fc.constant([])
  })
)

/** The words, with the command somewhere among the options and the other words somewhere behind it. */
const argvOf = ({ before, command, literal, pieces, words }: Asked, wrong: ReadonlyArray<string> = []) => {
  const options = pieces.map((piece) => piece.words)
  const at = before % (options.length + 1)
  const behind = [...options.slice(at), ...words.map((word) => [word])]
  const turned = before % 2 === 0 ? behind : behind.toReversed()
  const inOrder = before % 2 === 0 ? words : words.toReversed()
  return {
    argv: [
      ...options.slice(0, at).flat(),
      ...command.name.split(" "),
      ...turned.flat(),
      ...wrong,
      ...literal.length > 0 ? ["--", ...literal] : []
    ],
    words: [...inOrder, ...literal]
  }
}

const expected = (pieces: ReadonlyArray<Piece>) => {
  const set = new Map<string, unknown>()
  for (const { flag, value } of pieces) {
    if (flag.values === "none") {
      const meant = switchedOn.includes(value) ? flag : oppositeOf(flag)
      if (meant !== undefined) set.set(meant.name, true)
    } else if (flag.isRepeated) set.set(flag.name, [...[set.get(flag.name) ?? []].flat(), value])
    else set.set(flag.name, value)
  }
  // An option of its own for a setting, and stronger than `--set`.
  const sandbox = set.get("--sandbox")
  if (sandbox !== undefined) {
    set.delete("--sandbox")
    set.set("--set", [...[set.get("--set") ?? []].flat(), `sandbox=${sandbox}`])
  }
  return Object.fromEntries([...set].filter(([, value]) => value !== undefined))
}

/** The options in the order of the words: those behind a command may have been turned round. */
const inOrder = ({ before, pieces }: Asked): ReadonlyArray<Piece> => {
  const at = before % (pieces.length + 1)
  return before % 2 === 0 ? pieces : [...pieces.slice(0, at), ...pieces.slice(at).toReversed()]
}

describe("an option", () => {
  /** `-o FILE` is where an export goes, and where the answer of a run goes; `--output` is the first of them or a form. */
  const shared = new Set(["-o", "--output"])

  it("means one thing in every command that has it, but for those that hold the output", () => {
    for (const flag of allFlags) {
      for (const name of flag.names) {
        const [first, ...more] = allFlags.filter(({ names }) => names.includes(name))
        for (const other of more) {
          // Without the command it has to be known what is a value.
          assert.strictEqual(other.values === "none", first?.values === "none", name)
          if (!shared.has(name)) assert.deepStrictEqual(other, first)
        }
      }
    }
    for (const { flags } of leaves) {
      const names = [...flags, ...grammar.builtIns].flatMap((flag) => flag.names)
      assert.deepStrictEqual(names, [...new Set(names)])
    }
    assert.isAbove(allNames.size, 30)
  })

  it.effect(
    "is obeyed in every spelling that is known, wherever it stands",
    () =>
      forAll(asked, (line) =>
        Effect.gen(function*() {
          const { argv, words } = argvOf(line)
          const read = CommandLine.read(grammar, argv)
          assert.isUndefined(read.problem)
          const { command, config } = yield* parsed(read)
          assert.strictEqual(command, line.command.name)
          assert.deepStrictEqual(settings(config, line.command.flags), expected(inOrder(line)))
          if (line.command.takesWords) assert.deepStrictEqual(config["words"], words)
        }))
  )

  /** All options, of those that share a name the one of the command. */
  const knownTo = ({ command }: Asked) => {
    const own = new Set(command.flags.flatMap(({ names }) => names))
    return [...allFlags.filter(({ names }) => !names.some((name) => own.has(name))), ...command.flags]
  }

  /** What a person may write in the place of an option. */
  const mistake = (flag: Grammar.Flag): fc.Arbitrary<ReadonlyArray<string>> => {
    const strange = (names: ReadonlyArray<string>) => names.filter((name) => /^--?\w/.test(name) && !allNames.has(name))
    const value = typeof flag.values === "string" ? "read-only" : flag.values[0] ?? ""
    const spelled = strange(flag.names.flatMap((name) => [
      name.toUpperCase(),
      name.toLowerCase(),
      name.replace(/[a-z]/, (letter) => letter.toUpperCase()),
      name.slice(0, -1),
      name.slice(0, 4),
      `${name}x`,
      `--no-${name.slice(2)}`,
      `-${name}`,
      name.slice(1),
      ...name.startsWith("--") ? [] : [`${name}X`, `${name}${name.slice(1)}`]
    ]))
    const misspelled = spelled.flatMap((name) => [[name], [name, value], [`${name}=${value}`], [`${name}=`]])
    const empty = flag.names.flatMap((name) =>
      [`${name}=`, `${name}= `].map((word) => [word]).concat(
        flag.values === "none" ? [[`${name}=perhaps`], [`${name}=TRUE`]] : []
      )
    )
    const lacking = flag.values === "none" ? [] : flag.names.flatMap((name) => [
      [name],
      [name, ""],
      ...[...allNames, "--"].flatMap((other) => [[name, other], [`${name}=${other}`]])
    ])
    const wrong = typeof flag.values === "string" ?
      [] :
      flag.names.flatMap((name) =>
        [value.toUpperCase(), value.slice(0, -1), `${value} `].flatMap((other) => [[name, other], [`${name}=${other}`]])
      )
    const twice = flag.isRepeated ?
      [] :
      flag.names.map((name) =>
        flag.values === "none" ? [name, `${name}=false`] : [name, value, `${flag.name}=${value}`]
      )
    return fc.constantFrom(...misspelled, ...empty, ...lacking, ...wrong, ...twice)
  }

  it.effect("is refused by its name in every other, and so is one that the command does not have", () =>
    forAll(
      asked.chain((line) =>
        fc.tuple(
          fc.constant(line),
          fc.constantFrom(...knownTo(line)).chain((flag) => fc.tuple(fc.constant(flag), mistake(flag)))
        )
      ),
      ([line, [flag, wrong]]) =>
        Effect.sync(() => {
          const { argv } = argvOf(line, wrong)
          const read = CommandLine.read(grammar, argv)
          // Whoever asks for help may have the rest wrong.
          if (read.asksForHelp) return assert.isTrue(wrong.includes("--help") || wrong.includes("-h"))
          assert.match(read.problem ?? "", /^(?:--[a-z-]+ |The option )/)
          const named = [flag.name, ...flag.names, wrong[0]?.replace(/=.*/s, "") ?? "", wrong.at(-1) ?? ""]
          assert.isTrue(named.some((name) => read.problem?.includes(name)), `${argv.join(" ")}: ${read.problem}`)
        })
    ))

  it.effect("of another command is refused", () =>
    forAll(
      fc.tuple(asked, fc.constantFrom(...allFlags).chain(written)).filter(([{ command }, { flag }]) =>
        ![...command.flags, ...grammar.builtIns].some(({ names }) => names.some((name) => flag.names.includes(name)))
      ),
      ([line, { words }]) =>
        Effect.sync(() => {
          const { problem } = CommandLine.read(grammar, argvOf(line, words).argv)
          assert.include(problem, `The option ${words[0]?.replace(/=.*/s, "")} is not known here`)
        })
    ))

  const problemOf = (...argv: ReadonlyArray<string>) => CommandLine.read(grammar, argv).problem

  it("that is nearly one is refused with the nearest", () => {
    const cases: ReadonlyArray<readonly [word: string, nearest: string]> = [
      ["--Permission", "--permission"],
      ["--MODEL", "--model"],
      ["--modle", "--model"],
      ["--perm", "--permission"],
      ["--no-json", "--json"],
      ["-M", "-m"],
      ["-mbig", "-m big"],
      ["-model", "--model"],
      ["--m", "-m"],
      ["--max-step", "--max-steps"],
      ["--HELP", "--help"]
    ]
    for (const [word, nearest] of cases) {
      const sentence = `The option ${word} is not known here, the nearest is ${nearest}; see \`effixir --help\``
      assert.strictEqual(problemOf("run", word, "Say hello"), sentence)
    }
    assert.strictEqual(
      problemOf("--nope=s3cret", "Say hello"),
      "The option --nope is not known here; see `effixir --help`, or put -- before a prompt that begins with -"
    )
  })
})

describe("a sentence", () => {
  it("says of each option what it cannot be", () => {
    const permissions = "auto, ask or read-only"
    const credentials = "any, chatgpt or api-key"
    const levels = "all, trace, debug, info, warning, error, fatal or none"
    const empty = "is empty: give it a value, or leave it away"
    const hello = "Say hello"
    const unknown = (word: string) =>
      `The option ${word} is not known here; see \`effixir --help\`, or put -- before a prompt that begins with -`
    const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, sentence: string]> = [
      [["--permission", "bogus", hello], `--permission cannot be "bogus": give it ${permissions}`],
      [["--permission=", hello], `--permission ${empty}`],
      [[hello, "--permission"], `--permission lacks its value: give it ${permissions}`],
      [["--auth", "bogus", hello], `--auth cannot be "bogus": give it ${credentials}`],
      [["status", "--auth", "bogus"], `--auth cannot be "bogus": give it ${credentials}`],
      [["-m", "", hello], `--model ${empty}`],
      [["--model=", hello], `--model ${empty}`],
      [["-C", " ", hello], `--cd ${empty}`],
      [["-i", "", hello], `--image ${empty}`],
      [["--policy", "", hello], `--policy ${empty}`],
      [["--output", "yaml", hello], "--output cannot be \"yaml\": give it text or json"],
      [["-o", "", hello], `--output-last-message ${empty}`],
      [["sessions", "export", "-o", "", "x"], `--output ${empty}`],
      [["-o", "a", "sessions", "export", "--output=b", "x"], "--output is given twice: give it once"],
      [["status", "--profile", ""], `--profile ${empty}`],
      [["-m", "a", "-m", "b", hello], "--model is given twice: give it once"],
      [["models", "--all", "--all"], "--all is given twice: give it once"],
      [["-m", "--search", hello], "--model lacks its value: give it one"],
      [["run", hello, "-m"], "--model lacks its value: give it one"],
      [["logout", "--profile"], "--profile lacks its value: give it one"],
      [["status", "--json=perhaps"], "--json cannot be \"perhaps\": give it no value, it is a switch"],
      [["resume", "--last=1st"], "--last cannot be \"1st\": give it no value, it is a switch"],
      [["--log-level", "loud", hello], `--log-level cannot be "loud": give it ${levels}`],
      [["status", "--log-level=loud"], `--log-level cannot be "loud": give it ${levels}`],
      [["status", "now"], "The word \"now\" is one too many; see `effixir --help`"],
      [["status", "--", "--json"], "The word \"--json\" is one too many; see `effixir --help`"],
      [["completion", "bash", "--json"], unknown("--json")],
      [["logout", "--all"], unknown("--all")],
      [["login", "--nope"], unknown("--nope")],
      [[hello, "--nope"], unknown("--nope")]
    ]
    for (const [argv, sentence] of cases) assert.strictEqual(CommandLine.read(grammar, argv).problem, sentence)
  })

  it("in the help of a command says what each of its options does", () => {
    for (const command of [...Cli.commands, ...sessionCommands, ...configCommands, ...mcpCommands]) {
      const text = Help.ofCommand(Help.describe("it", handledBy(command, () => Effect.void)), 100)
      for (const { name } of Grammar.make([command.descriptor]).commands[0]?.flags ?? []) {
        assert.match(text, new RegExp(`^ {2}(?:-\\w, )?${name}(?: \\S+)?\\s+\\S`, "m"))
      }
    }
  })
})

describe("a command", () => {
  const read = (...argv: ReadonlyArray<string>) => CommandLine.read(grammar, argv)

  it("in other letters is refused with the nearest, wherever options stand", () => {
    for (const name of grammar.commands.map((command) => command.name).filter((name) => !name.includes(" "))) {
      for (const word of [name.toUpperCase(), name.replace(/^./, (letter) => letter.toUpperCase()), `${name}s`]) {
        if (grammar.commands.some((command) => command.name === word)) continue
        for (const argv of [[word], [word, "--json"], ["--json", word], [word, "Say hello"], ["-m", "x", word]]) {
          assert.match(
            read(...argv).problem ?? "",
            new RegExp(`^There is no command "${word}", the nearest is ${name} `)
          )
        }
      }
    }
  })

  it("of a group is named behind it, wherever options stand", () => {
    for (const argv of [["sessions", "list", "--all"], ["sessions", "--all", "list"], ["--all", "sessions", "list"]]) {
      assert.deepInclude(read(...argv), { command: "sessions list", words: [], problem: undefined })
    }
    assert.deepInclude(read("sessions", "show", "list"), { command: "sessions show", words: ["list"] })
    assert.deepInclude(read("sessions"), { command: "sessions", asksForHelp: true, problem: undefined })
    assert.deepInclude(read("help", "sessions", "list"), {
      command: "sessions list",
      asksForHelp: true,
      problem: undefined
    })
    assert.match(
      read("sessions", "lst").problem ?? "",
      /^There is no command "sessions lst", the nearest is sessions list /
    )
    assert.match(read("help", "sessions", "lst").problem ?? "", /^There is no command "sessions lst"/)
    assert.match(read("sessions", "list", "more").problem ?? "", /"more" is one too many/)
    assert.match(read("sessions", "list", "--yes").problem ?? "", /--yes is not known here/)
    assert.deepInclude(read("list"), { command: undefined })
  })

  it("may follow its options, and is none behind --", () => {
    assert.deepInclude(read("--json", "status"), { command: "status", words: [], problem: undefined })
    assert.deepInclude(read("-m", "status", "run", "p"), { command: "run", words: ["p"], problem: undefined })
    for (const word of ["status", "help", "completion", "--help", "--version"]) {
      assert.deepInclude(read("--", word), {
        command: undefined,
        words: [word],
        asksForHelp: false,
        problem: undefined
      })
    }
  })

  it("is not needed for a prompt", () => {
    assert.deepInclude(read("-m", "x", "p?"), { command: undefined, words: ["p?"], problem: undefined })
    assert.match(read("-12 degrees").problem ?? "", /looks like an option; put -- before a prompt/)
    assert.match(read("-12").problem ?? "", /The option -12 is not known here; put -- before a prompt that begins/)
    assert.deepInclude(read("Say hello", "--json"), { command: undefined, words: ["Say hello"], problem: undefined })
    assert.match(read("- one\n- two").problem ?? "", /looks like an option; put -- before a prompt/)
  })

  it("that is none is no prompt either, whatever options stand beside it", () => {
    for (const word of ["chat", "explain", "deploy", "step2", "two_words"]) {
      for (const argv of [[word], [word, "--json"], ["-m", "x", word], [word, "--output", "json", "-q"]]) {
        if (read(...argv).command === word) continue
        assert.match(read(...argv).problem ?? "", new RegExp(`^There is no command "${word}"`))
      }
      assert.isUndefined(read("run", word).problem)
      assert.isUndefined(read("--", word).problem)
      assert.isUndefined(read(`${word} this`).problem)
    }
    assert.match(read("--wizard").problem ?? "", /--wizard is not known here/)
  })

  it("is left away beside what stands alone, and nothing else is", () => {
    assert.isUndefined(read("run", "--version").problem)
    for (const alone of [["--version"], ["--completions", "bash"]]) {
      assert.isUndefined(read(...alone).problem)
      assert.match(read(...alone, "--json").problem ?? "", /stands alone: leave "--json" away/)
      assert.isDefined(read(...alone, "Say hello").problem)
    }
    assert.isDefined(read("help", "nope").problem)
    assert.isDefined(read("help", "run", "more").problem)
  })
})
