/**
 * The Postgres of a cluster.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as SqlSessionStore from "../../cluster/SqlSessionStore.ts"
import { BadInput } from "../ExitCode.ts"

/** The address that is given, or that of the environment. */
export const urlOf = Effect.fnUntraced(function*(given: Option.Option<string>) {
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

export const layerClient = (url: Redacted.Redacted) =>
  Layer.mapError(
    PgClient.layer({ url, maxConnections: 20, applicationName: "effixir" }),
    unreachable
  )

/** The sessions of the database, which gets its tables first. */
export const layerSessions = (options?: SqlSessionStore.Options) =>
  Layer.mapError(SqlSessionStore.layer(options), unreachable)

export const unreachable = ({ cause, message }: { readonly message: string; readonly cause?: unknown }) =>
  new BadInput({
    message:
      `The database cannot be used: ${cause instanceof Error && cause.message !== "" ? cause.message : message}. ` +
      "Check the address, and whether it can be reached from here"
  })
