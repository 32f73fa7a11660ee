/**
 * Where the database of a cluster is. It loads nothing of the cluster, which is for those that have one.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { BadInput } from "./ExitCode.ts"

/** The address that is given, or that of the environment. */
export const databaseUrl = Effect.fnUntraced(function*(given: Option.Option<string>) {
  const usual = yield* Config.option(Config.redacted("EFFIXIR_DATABASE_URL"))
  const url = Option.filter(
    Option.orElse(Option.map(given, Redacted.make), () => usual),
    (url) => Redacted.value(url).trim() !== ""
  )
  if (Option.isSome(url) && !/^postgres(?:ql)?:\/\//.test(Redacted.value(url.value))) {
    return yield* new BadInput({
      message: "--database has to be the address of a Postgres: postgres://USER:PASSWORD@HOST/NAME"
    })
  }
  return url
})
