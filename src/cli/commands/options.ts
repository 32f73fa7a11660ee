/**
 * Options that several commands have.
 */
import * as Options from "@effect/cli/Options"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Choice } from "../../auth/Credentials.ts"
import * as Home from "../../node/Home.ts"

export const json = Options.boolean("json")

/** Whose credential to use. */
export const credential = {
  profile: Options.text("profile").pipe(
    Options.filterMap(
      (name) => Home.isProfile(name) ? Option.some(name) : Option.none(),
      `--profile cannot be used: ${Home.profileRule}`
    ),
    Options.withDescription("Use the sign-in of this name; each profile has its own"),
    Options.optional
  ),
  auth: Options.choice("auth", Choice.literals).pipe(
    Options.withDescription("Use only this kind of credential"),
    Options.optional
  )
}

/** How to run a turn. */
export const turn = {
  json: json.pipe(Options.withDescription("Print one JSON object per event on stdout")),
  deltas: Options.boolean("deltas").pipe(Options.withDescription("With --json: texts piece by piece as well")),
  model: Options.text("model").pipe(
    Options.withAlias("m"),
    Options.withDescription("The model to ask"),
    Options.optional
  ),
  cd: Options.text("cd").pipe(
    Options.withAlias("C"),
    Options.withDescription("The folder to work in"),
    Options.optional
  )
}

/** Puts what the flags say in front of the environment. */
export const override = (flags: {
  readonly profile?: Option.Option<string>
  readonly auth?: Option.Option<Choice>
}) =>
<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  const said = ([name, value]: readonly [string, Option.Option<string> | undefined]): ReadonlyArray<[string, string]> =>
    value !== undefined && Option.isSome(value) ? [[name, value.value]] : []
  const values = new Map([...said(["EFFIXIR_PROFILE", flags.profile]), ...said(["EFFIXIR_AUTH", flags.auth])])
  return Effect.configProviderWith((environment) =>
    Effect.withConfigProvider(effect, ConfigProvider.orElse(ConfigProvider.fromMap(values), () => environment))
  )
}
