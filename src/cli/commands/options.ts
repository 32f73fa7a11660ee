/**
 * Options that several commands have.
 */
import * as Options from "@effect/cli/Options"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Struct from "effect/Struct"
import type { Limits } from "../../agent/Limits.ts"
import { Choice } from "../../auth/Choice.ts"
import { defined } from "../../internal/json.ts"
import * as Home from "../../node/settings/Home.ts"
import * as Sandbox from "../../tools/command/Sandbox.ts"
import { Mode } from "../../tools/permission/Mode.ts"
import { BadInput } from "../ExitCode.ts"
import { Screen } from "../Screen.ts"

export const json = Options.boolean("json")

/** Settings for this run alone. */
export const set = Options.text("set").pipe(
  Options.withPseudoName("KEY=VALUE"),
  Options.withDescription("Use this value for a setting of config.json; may be given several times"),
  Options.repeated
)

/** Whose credential to use. */
export const credential = {
  profile: Options.text("profile").pipe(
    Options.withPseudoName("NAME"),
    Options.filterMap(
      (name) => Home.isProfile(name) ? Option.some(name) : Option.none(),
      `--profile cannot be used: ${Home.profileRule}`
    ),
    Options.withDescription(
      "Use the sign-in of this name; each profile has its own, and `default` is the one without a name"
    ),
    Options.optional
  ),
  auth: Options.choice("auth", Choice.literals).pipe(
    Options.withDescription("Use only this kind of credential"),
    Options.optional
  )
}

/** A text that is not empty: an empty one most often comes from an unset variable of a script. */
export const filled = (name: string): Options.Options<string> =>
  Options.filterMap(
    Options.text(name),
    (text) => text.trim() === "" ? Option.none() : Option.some(text),
    `--${name} is empty: give it a value, or leave it away`
  )

/** Where sessions work that are asked for from elsewhere. */
export const workspace = filled("workspace").pipe(
  Options.withPseudoName("DIR"),
  Options.withDescription("The folder that sessions work in if they name none"),
  Options.optional
)

/** Where the machines of a cluster meet. */
export const database = filled("database").pipe(Options.withPseudoName("URL"), Options.optional)

/** How to run a turn. */
export const turn = {
  json: json.pipe(Options.withDescription("Print one JSON object per event on stdout")),
  deltas: Options.boolean("deltas").pipe(Options.withDescription("With --json: texts piece by piece as well")),
  output: Options.choice("output", ["text", "json"]).pipe(
    Options.withDescription("json: print one JSON object at the end instead, with the answer and how it came about"),
    Options.optional
  ),
  outputLastMessage: filled("output-last-message").pipe(
    Options.withPseudoName("FILE"),
    Options.withAlias("o"),
    Options.withDescription("Write the answer to this file as well"),
    Options.optional
  ),
  outputSchema: filled("output-schema").pipe(
    Options.withPseudoName("FILE"),
    Options.withDescription("The answer has to be JSON that fits the JSON Schema in this file"),
    Options.optional
  ),
  dryRun: Options.boolean("dry-run").pipe(
    Options.withDescription(
      "Print the request that the model would be sent, without its secrets; nothing is sent or kept"
    )
  ),
  set: Options.all([
    Options.text("set").pipe(
      Options.withPseudoName("KEY=VALUE"),
      Options.withDescription("A setting for this run, as `config.json` has it: `--set compact_at=70`"),
      Options.repeated
    ),
    Options.choice("sandbox", Sandbox.Mode.literals).pipe(
      Options.withDescription(
        "What commands are kept in: workspace-write lets them write in the workspace and the temporary folder, " +
          "read-only nowhere, off everywhere"
      ),
      Options.optional
    )
  ]).pipe(
    Options.map(([set, sandbox]) => Option.isNone(sandbox) ? set : [...set, `sandbox=${sandbox.value}`])
  ),
  quiet: Options.boolean("quiet").pipe(
    Options.withAlias("q"),
    Options.withDescription("Say nothing on stderr but why it failed")
  ),
  verbose: Options.boolean("verbose").pipe(
    Options.withAlias("v"),
    Options.withDescription("Show whole calls, outputs and changes, thoughts, and the tokens of each model call")
  ),
  model: filled("model").pipe(
    Options.withPseudoName("NAME"),
    Options.withAlias("m"),
    Options.withDescription("The model to ask"),
    Options.optional
  ),
  cd: filled("cd").pipe(
    Options.withPseudoName("FOLDER"),
    Options.withAlias("C"),
    Options.withDescription("The folder to work in"),
    Options.optional
  ),
  image: Options.text("image").pipe(
    Options.withPseudoName("FILE"),
    Options.withAlias("i"),
    Options.withDescription("Show the model this image as well (png, jpeg, gif or webp)"),
    Options.repeated
  ),
  search: Options.boolean("search").pipe(Options.withDescription("Let the server search the web for the model")),
  noSearch: Options.boolean("no-search").pipe(
    Options.withDescription("Do not let it, whatever config.json says or the session did before")
  ),
  effort: filled("effort").pipe(
    Options.withPseudoName("LEVEL"),
    Options.withDescription("How hard the model should think: a level that `effixir models` lists"),
    Options.optional
  ),
  baseUrl: Options.text("base-url").pipe(
    Options.withPseudoName("URL"),
    Options.filterMap(
      (url) => URL.canParse(url.trim()) ? Option.some(url.trim()) : Option.none(),
      "--base-url cannot be used: expected an address like https://api.openai.com/v1"
    ),
    Options.withDescription("The server to ask, instead of the one that OPENAI_BASE_URL names"),
    Options.optional
  ),
  dialect: Options.choice("dialect", ["responses", "chat-completions"]).pipe(
    Options.withDescription("Which API the server speaks"),
    Options.optional
  ),
  ephemeral: Options.boolean("ephemeral").pipe(
    Options.withDescription(
      "Keep nothing of this turn: it cannot be resumed, and a session it goes on with stays as it was"
    )
  )
}

/** Whether the flags switch the search on or off, if they do. */
export const searchOf = (flags: { readonly search: boolean; readonly noSearch: boolean }): boolean | undefined =>
  flags.search ? true : flags.noSearch ? false : undefined

/** How the model is asked, in whatever way its turns come about. */
export const asking = Struct.pick(turn, "search", "noSearch", "effort", "baseUrl", "dialect", "set")

/** What the run may do without asking. */
export const permission = {
  permission: Options.choice("permission", Mode.literals).pipe(
    Options.withDescription(
      "What tools may do: auto lets all run, ask asks before anything is changed, read-only refuses that"
    ),
    Options.optional
  ),
  policy: filled("policy").pipe(
    Options.withPseudoName("FILE"),
    Options.withDescription("A JSON file of rules that allow, ask about or deny calls"),
    Options.optional
  ),
  trust: Options.boolean("trust").pipe(
    Options.withDescription("Trust this project from now on: its AGENTS.md files and skills are followed")
  )
}

/** How much the run may do. */
export const limits = {
  maxSteps: Options.text("max-steps").pipe(
    Options.withPseudoName("N"),
    Options.withDescription("Stop before more calls of the model than this"),
    Options.optional
  ),
  maxToolCalls: Options.text("max-tool-calls").pipe(
    Options.withPseudoName("N"),
    Options.withDescription("Stop before more calls of tools than this"),
    Options.optional
  ),
  maxCallsPerResponse: Options.text("max-calls-per-response").pipe(
    Options.withPseudoName("N"),
    Options.withDescription("Run no more calls of one response than this (64 unless told otherwise)"),
    Options.optional
  ),
  maxTokens: Options.text("max-tokens").pipe(
    Options.withPseudoName("N"),
    Options.withDescription("Stop once this many tokens, in and out, are used"),
    Options.optional
  ),
  maxCost: Options.text("max-cost").pipe(
    Options.withPseudoName("USD"),
    Options.withDescription("Stop once calls have cost this many US dollars; `config.json` says what a model costs"),
    Options.optional
  ),
  timeout: Options.text("timeout").pipe(
    Options.withPseudoName("TIME"),
    Options.withDescription("Stop after this time: 90, 90s, 5m, 1h"),
    Options.optional
  )
}

/** The limits that the flags set. */
export const limitsOf: (flags: {
  readonly maxSteps: Option.Option<string>
  readonly maxToolCalls: Option.Option<string>
  readonly maxCallsPerResponse: Option.Option<string>
  readonly maxTokens: Option.Option<string>
  readonly maxCost: Option.Option<string>
  readonly timeout: Option.Option<string>
}) => Effect.Effect<Limits, BadInput> = Effect.fnUntraced(function*(flags) {
  const steps = yield* read("max-steps", flags.maxSteps, "a whole number from 1 on", count(1))
  const toolCalls = yield* read("max-tool-calls", flags.maxToolCalls, "a whole number from 0 on", count(0))
  const callsPerResponse = yield* read(
    "max-calls-per-response",
    flags.maxCallsPerResponse,
    "a whole number from 1 on",
    count(1)
  )
  const tokens = yield* read("max-tokens", flags.maxTokens, "a whole number from 1 on", count(1))
  const cost = yield* read("max-cost", flags.maxCost, "an amount of US dollars such as 0.50 or 2", amount)
  const time = yield* read("timeout", flags.timeout, "a time such as 90, 90s, 5m or 1h", duration)
  return { ...defined({ steps, toolCalls, callsPerResponse, tokens, cost, time }) }
})

/** The number of a turn. */
export const turnNumber = (flag: string, given: Option.Option<string>) =>
  read(flag, given, "the number of a turn, from 1 on", count(1))

/** A whole number from 1 on. */
export const countOf = (flag: string, given: Option.Option<string>) =>
  read(flag, given, "a whole number from 1 on", count(1))

export const durationOf = (flag: string, given: Option.Option<string>) =>
  read(flag, given, "a time such as 90, 90s, 5m or 1h", duration)

const read = <A>(
  flag: string,
  given: Option.Option<string>,
  expected: string,
  parse: (text: string) => A | undefined
): Effect.Effect<A | undefined, BadInput> => {
  if (Option.isNone(given)) return Effect.succeed(undefined)
  const value = parse(given.value.trim())
  return value === undefined
    ? new BadInput({ message: `--${flag} cannot be "${given.value}": give it ${expected}` })
    : Effect.succeed(value)
}

const count = (least: number) => (text: string): number | undefined => {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : undefined
  return value !== undefined && value >= least ? value : undefined
}

const amount = (text: string): number | undefined => {
  const value = /^\d{1,9}(?:\.\d{1,6})?$/.test(text) ? Number(text) : 0
  return value > 0 ? value : undefined
}

const duration = (text: string): Duration.Duration | undefined => {
  const [, amount, unit = "s"] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)?$/.exec(text) ?? []
  const millis = Number(amount) * (units[unit] ?? NaN)
  // A longer time would make the timer fire at once.
  return millis > 0 && millis < 2 ** 31 ? Duration.millis(millis) : undefined
}

const units: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

interface EnvironmentFlags {
  readonly profile?: Option.Option<string>
  readonly auth?: Option.Option<Choice>
  readonly baseUrl?: Option.Option<string>
  readonly dialect?: Option.Option<string>
}

/** Puts what the flags say in front of the environment. */
export const environment =
  (flags: EnvironmentFlags) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
    const said = (
      [name, value]: readonly [string, Option.Option<string> | undefined]
    ): ReadonlyArray<[string, string]> => value !== undefined && Option.isSome(value) ? [[name, value.value]] : []
    const values = new Map([
      ...said(["EFFIXIR_PROFILE", flags.profile]),
      ...said(["EFFIXIR_AUTH", flags.auth]),
      // Which of the two is asked depends on the credential.
      ...said(["OPENAI_BASE_URL", flags.baseUrl]),
      ...said(["EFFIXIR_CHATGPT_BASE_URL", flags.baseUrl]),
      ...said(["EFFIXIR_DIALECT", flags.dialect])
    ])
    return Effect.configProviderWith((environment) =>
      Effect.withConfigProvider(effect, ConfigProvider.orElse(ConfigProvider.fromMap(values), () => environment))
    )
  }

/** The same for what a command is about: the profile is named in what is advised from now on. */
export const override =
  (flags: EnvironmentFlags) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Screen> =>
    Effect.zipRight(
      Effect.flatMap(Screen, ({ adviseFor }) => adviseFor(Option.getOrUndefined(flags.profile ?? Option.none()))),
      environment(flags)(effect)
    )

/** What is shown is not moved in, nor erased. */
export const plain = Options.boolean("plain").pipe(
  Options.withDescription("Line by line, without moving the cursor: for screen readers; also with TERM=dumb")
)
