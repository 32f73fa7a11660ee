/** Lists the sessions that all machines share: `DATABASE_URL=postgres://… EFFIXIR_CREDENTIAL_KEY=… tsx scratchpad/17-shared-stores.ts` */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { SqlCredentialStore, SqlSessionStore } from "../src/cluster/index.ts"
import { SessionStore } from "../src/index.ts"

const Database = PgClient.layerConfig({ url: Config.redacted("DATABASE_URL"), maxConnections: Config.succeed(20) })

const Stores = Layer.merge(SqlSessionStore.layer(), SqlCredentialStore.layerConfig()).pipe(Layer.provide(Database))

const program = Effect.gen(function*() {
  const store = yield* SessionStore.SessionStore
  for (const { id, title } of yield* store.list) yield* Console.log(id, title)
})

Effect.runFork(Effect.provide(program, Stores))
