import { afterAll, beforeAll } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { type Database, postgresAt, postgresUrl, sqliteAt, sqliteUrl } from "./databases.ts"

const shared = (makeUrl: Effect.Effect<string, never, Scope.Scope>, at: (url: string) => Database) => (): Database => {
  const life = Effect.runSync(Scope.make())
  let url = ""
  beforeAll(async () => {
    url = await Effect.runPromise(Scope.extend(makeUrl, life))
  })
  afterAll(() => Effect.runPromise(Scope.close(life, Exit.void)))
  return Layer.unwrapEffect(Effect.sync(() => at(url)))
}

/** The Postgres of a suite, from its first test to its last. */
export const postgres = shared(postgresUrl, postgresAt)

/** The SQLite file of a suite. */
export const sqlite = shared(sqliteUrl, sqliteAt)
