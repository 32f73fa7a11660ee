/**
 * The Postgres of a cluster.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as SqlSessionStore from "../../cluster/SqlSessionStore.ts"
import { BadInput } from "../ExitCode.ts"

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
